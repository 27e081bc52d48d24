"""Features by pyradiomics, whose definitions and names are the reference here.

Source: van Griethuysen et al., Cancer Research 77 (2017) e104,
https://pyradiomics.readthedocs.io. Only what does not change a value is done differently:
preprocessing and filters are ours (`derived`), each image is cropped to the lesion beforehand
(pyradiomics computes the same values after statistics over the whole image), and its diagnostics are off.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import MissingDependencyError
from ..grid import BoolArray, box_of_mask
from ..io.image import Image
from .derived import DerivedLesion, derived_lesions
from .filters import ORIGINAL
from .limits import check_distance, check_extents, check_gray_levels
from .plan import MASK_CLASSES, ExtractionPlan


class PyradiomicsEngine:
    """The engine named "pyradiomics"; needs the extra of that name."""

    name = "pyradiomics"

    def version(self) -> str:
        """Name the version of the pyradiomics build that is installed."""
        return str(_import_radiomics().__version__)

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of one lesion.

        Intensities are computed with in double precision whatever their type, so that an
        integer original and its float enhancement are binned by the same arithmetic.

        Args:
            image: The image.
            mask: Boolean array [k, j, i] of the image's shape, not empty.
            plan: What to compute.

        Returns:
            Values by pyradiomics' keys (``original_glcm_Correlation``), ordered by class;
            NaN where a feature is not defined for this lesion.

        Raises:
            MissingDependencyError: pyradiomics, or what a filter needs, is not installed.
            ImageError: A filter or the normalisation is not defined for this image.
            MaskError: The lesion has too few dimensions, or too little of it is left.
            SettingsError: The bin width gives too many gray levels, or the settings do not fit the lesion or image.
        """
        radiomics = _import_radiomics()
        values: dict[str, float] = {}
        for derived in derived_lesions(image, mask, plan):
            values |= _measured(radiomics, derived)
        return values


def _measured(radiomics: Any, lesion: DerivedLesion) -> dict[str, float]:
    """Features of one image by key."""
    plan, size = lesion.plan, box_of_mask(lesion.mask).size
    check_extents(size, plan.preprocessing.minimum_dimensions)
    if not set(plan.classes) <= set(MASK_CLASSES):
        check_gray_levels(lesion.image.voxels[lesion.mask], plan.bin_width)
    check_distance(size, plan)
    with _silenced():
        extractor = radiomics.featureextractor.RadiomicsFeatureExtractor(**keyword_arguments(plan))
        extractor.disableAllFeatures()
        extractor.enableFeaturesByName(**{name: plan.chosen(name) for name in plan.classes})
        values = extractor.execute(*_cropped(lesion.image, lesion.mask))
    # Eigenvalues, and with them MCC, come as complex numbers from some versions of numpy.
    return {
        lesion.image_type + key.removeprefix(ORIGINAL): float(np.real(value))
        for key, value in values.items()
        if not key.startswith("diagnostics_")
    }


def _import_radiomics() -> Any:
    try:
        import radiomics.featureextractor
    except ImportError as error:
        raise MissingDependencyError(
            "The engine pyradiomics was asked for and is not installed. Choose the engine exact, which gives the same "
            "values, or install it with: pip install pyradiomics-bhklab (needs a C compiler)."
        ) from error
    return radiomics


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep pyradiomics' log and numpy's warnings off the user's terminal.

    What they tell (a feature is undefined for this lesion) shows as NaN in the result.
    """
    logger = logging.getLogger("radiomics")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        logger.setLevel(level)


def keyword_arguments(plan: ExtractionPlan) -> dict[str, Any]:
    """Translate a plan into settings of pyradiomics."""
    bins = {"binCount": plan.bin_count} if plan.bin_count is not None else {"binWidth": plan.bin_width}
    arguments: dict[str, Any] = {"additionalInfo": False, "label": 1, "distances": list(plan.distances), **bins}
    arguments |= {
        "symmetricalGLCM": plan.options.symmetrical_glcm,
        "weightingNorm": plan.options.weighting_norm,
        "gldm_a": plan.options.gldm_alpha,
        "voxelArrayShift": plan.options.voxel_array_shift,
        "minimumROIDimensions": plan.preprocessing.minimum_dimensions,
    }
    if plan.planar_axis is not None:
        # pyradiomics counts axes as numpy does: 0 is the slowest, k.
        arguments |= {"force2D": True, "force2Ddimension": 2 - plan.planar_axis}
    return arguments


def _cropped(image: Image, mask: BoolArray) -> tuple[sitk.Image, sitk.Image]:
    """Crop to the lesion's box, as SimpleITK images; features depend on spacing, not on place or direction."""
    slices = box_of_mask(mask).slices
    voxels = sitk.GetImageFromArray(image.voxels[slices].astype(np.float64))
    label = sitk.GetImageFromArray(mask[slices].astype(np.uint8))
    for cropped in (voxels, label):
        cropped.SetSpacing([float(spacing) for spacing in image.grid.spacing])
    return voxels, label
