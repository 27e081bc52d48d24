"""Features of one lesion on one image."""

from __future__ import annotations

import warnings
from dataclasses import replace

from ..io.adapters import ImageLike, MaskLike, as_image, as_mask
from .default_bins import default_bin_notes, with_default_bins
from .engines import ENGINES
from .lesion_size import check_lesion
from .settings import FeatureSettings


def extract_features(
    image: ImageLike,
    mask: MaskLike,
    settings: FeatureSettings | None = None,
    through_plane: int | None = None,
    engine: str | None = None,
) -> dict[str, float]:
    """Compute the features of a lesion.

    Args:
        image: The image, as `as_image` takes it.
        mask: The lesion on its grid, as `as_mask` takes it.
        settings: What to compute and how; the defaults of `FeatureSettings` unless given. Dimension "auto" is decided
            on this image's grid, bins that nobody asked for on this lesion's values; to treat several images alike,
            decide both once (`FeatureSettings.resolve_dimension`, ``bin_width``).
        through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices of 2D texture;
            None takes the image's own, or guesses it from the spacing. The settings' own
            ``slice_axis`` goes before both.
        engine: Goes before the engine of the settings.

    Returns:
        Values by pyradiomics' keys (``original_glcm_Correlation``, ``wavelet-LLH_glcm_Correlation``), by the engine
        ``ibsi`` by the standard's names (``original_cm_corr_3D_avg``); NaN where a feature is not defined for this
        lesion.

    Raises:
        MaskError: The mask is empty, of another shape than the image, a single voxel or a line, or too little of it
            is left by preprocessing.
        ImageError: A filter or the normalisation is not defined for this image.
        SettingsError: The settings do not fit this image.
        MissingDependencyError: The engine, or what a filter needs, is not installed.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import FeatureSettings
        >>> image = np.random.default_rng(0).normal(40.0, 20.0, (8, 16, 16))
        >>> mask = np.zeros(image.shape, dtype=bool)
        >>> mask[2:6, 4:12, 4:12] = True
        >>> scan = as_image(image, modality="CT", spacing=(1.0, 1.0, 2.0))
        >>> features = extract_features(scan, mask, FeatureSettings(engine="exact", classes=("shape", "firstorder")))
        >>> float(features["original_shape_VoxelVolume"])
        512.0
        >>> standard = extract_features(scan, mask, engine="ibsi")
        >>> float(standard["original_morph_vol_approx"]), len(standard)
        (512.0, 351)
    """
    image = as_image(image)
    mask = as_mask(mask, image)
    settings = settings or FeatureSettings()
    settings = settings if engine is None else replace(settings, engine=engine)
    check_lesion(image, mask)
    for note in default_bin_notes(image, mask, settings):
        warnings.warn(note, stacklevel=2)
    settings = with_default_bins(image, mask, settings)
    known = image.through_plane if through_plane is None else through_plane
    axis = settings.through_plane(image.grid, known)
    plan = settings.plan(image.grid, settings.resolve_dimension(image.grid), axis, image.name)
    return ENGINES[settings.engine].extract(image, mask, plan)
