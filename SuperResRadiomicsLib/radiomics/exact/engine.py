"""The engine "exact": our own kernels for pyradiomics' features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ... import __version__
from ...grid import BoolArray, FloatArray
from ...io.image import Image
from ..deprecated_features import deprecated_value
from ..derived import derived_lesions
from ..limits import check_distance
from ..plan import MASK_CLASSES, ExtractionPlan
from . import kernels
from .discretise import Bins, GrayLevels, discretise
from .firstorder import NAMES, histogram_features, intensity_features
from .glcm import cooccurrence_features
from .gldm import dependence_features
from .glrlm import crossed_once, run_features
from .glszm import zone_features
from .ngtdm import tone_features
from .prepared import Layout, PreparedLesion
from .shape2d import planar_shape_features
from .weighting import pair_weights, run_weights

_NEIGHBOUR_CLASSES = {"glcm", "gldm", "ngtdm"}


class ExactEngine:
    """The engine named "exact"; uses numba where it is installed."""

    name = "exact"

    def version(self) -> str:
        """Name the version of this package, and what ran its kernels."""
        return f"{__version__} ({kernels.chosen().NAME})"

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of one lesion.

        Args:
            image: The image.
            mask: Boolean array [k, j, i] of the image's shape, not empty.
            plan: What to compute.

        Returns:
            Values by pyradiomics' keys (``original_glcm_Correlation``), ordered by class;
            NaN where a feature is not defined for this lesion.

        Raises:
            ImageError: A filter or the normalisation is not defined for this image.
            MaskError: The lesion has too few dimensions, or too little of it is left.
            SettingsError: The bins give too many gray levels, or the settings do not fit the lesion or image.
            MissingDependencyError: What a filter needs is not installed.
        """
        return extract_sweep(image, mask, plan, [Bins(plan.bin_width, plan.bin_count)])[0]


def extract_sweep(
    image: Image, mask: BoolArray | PreparedLesion, plan: ExtractionPlan, bins: Sequence[Bins]
) -> list[dict[str, float]]:
    """Compute the features of one lesion for several bins, doing once what does not depend on them.

    Args:
        image: The image.
        mask: Boolean array [k, j, i] of its shape, not empty; or a prepared lesion, where several
            images share one grid and mask.
        plan: What to compute; its own bins are not used, but those of a single filter are.
        bins: The bins, in any order.

    Returns:
        For each bins what ``ExactEngine.extract`` returns.

    Raises:
        ImageError: A filter or the normalisation is not defined for this image.
        MaskError: The lesion has too few dimensions, was prepared for another grid, or too little of it is left.
        SettingsError: Some bins give too many gray levels, or the settings do not fit the lesion or image.
        MissingDependencyError: What a filter needs is not installed.
    """
    lesion = mask if isinstance(mask, PreparedLesion) else None
    latest = whole = lesion.whole_mask if lesion else mask
    assert not isinstance(whole, PreparedLesion)
    found: list[dict[str, float]] = [{} for _ in bins]
    for derived in derived_lesions(image, whole, plan):
        if lesion is None or derived.mask is not latest:
            least = plan.preprocessing.minimum_dimensions
            lesion, latest = PreparedLesion(derived.mask, derived.image.grid.spacing, least), derived.mask
        own = [Bins(derived.plan.bin_width, derived.plan.bin_count)] * len(bins)
        swept = _sweep(derived.image, lesion, derived.plan, own if derived.own_bins else bins)
        for values, features in zip(found, swept, strict=True):
            values |= _keyed(derived.image_type, derived.plan, features)
    return found


def _sweep(
    image: Image, lesion: PreparedLesion, plan: ExtractionPlan, bins: Sequence[Bins]
) -> Iterator[dict[str, dict[str, float]]]:
    """Features of one image by class, for each bins."""
    check_distance(lesion.size, plan)
    if set(plan.classes) <= set(MASK_CLASSES):
        yield from (_of_mask(lesion, plan) for _ in bins)
        return
    intensities = lesion.intensities(image)
    without = {}
    if "firstorder" in plan.classes:
        volume = float(np.multiply.reduce(lesion.spacing))
        without["firstorder"] = intensity_features(intensities, volume, plan.options.voxel_array_shift)
    for each in bins:
        yield _with_bins(lesion, intensities, plan, each, without)


def _of_mask(lesion: PreparedLesion, plan: ExtractionPlan) -> dict[str, dict[str, float]]:
    """Features of the mask; like pyradiomics none of class shape2D where the lesion has several slices."""
    found = {"shape": lesion.shape_features} if "shape" in plan.classes else {}
    axis = plan.planar_axis
    if "shape2D" in plan.classes and axis is not None and lesion.size[axis] == 1:
        rows, columns = (size for n, size in enumerate(lesion.spacing[::-1]) if n != 2 - axis)
        found["shape2D"] = planar_shape_features(lesion.mask.squeeze(2 - axis), (rows, columns))
    return found


def _with_bins(
    lesion: PreparedLesion,
    intensities: FloatArray,
    plan: ExtractionPlan,
    bins: Bins,
    without: dict[str, dict[str, float]],
) -> dict[str, dict[str, float]]:
    """Complete the features that do not depend on the bins by those that do."""
    gray = discretise(intensities, bins)
    features = dict(without)
    if "firstorder" in features:
        values = features["firstorder"] | histogram_features(gray.counts)
        features["firstorder"] = {name: values[name] for name in NAMES}
    if set(plan.classes) - {"firstorder"}:
        features |= _texture(lesion, gray, plan)
    return features


def _texture(lesion: PreparedLesion, gray: GrayLevels, plan: ExtractionPlan) -> dict[str, dict[str, float]]:
    """Texture features by class."""
    layout = lesion.layout(plan.distances, plan.planar_axis)
    ranks = layout.fill(gray.ranks)
    kernel, options = kernels.chosen(), plan.options
    features = {}
    if _NEIGHBOUR_CLASSES & set(plan.classes):
        levels = np.append(0, gray.levels)
        pairs, dependence, difference = kernel.neighbours(
            ranks, layout.voxels, layout.steps, levels, options.gldm_alpha
        )
        if "glcm" in plan.classes:
            weights = pair_weights(layout.step_directions, lesion.spacing, options.weighting_norm)
            features["glcm"] = cooccurrence_features(pairs[1:, 1:], gray.levels, options.symmetrical_glcm, weights)
        if "gldm" in plan.classes:
            features["gldm"] = dependence_features(dependence[1:], gray.levels)
        if "ngtdm" in plan.classes:
            features["ngtdm"] = tone_features(difference[1:], gray.counts, gray.levels)
    if "glrlm" in plan.classes:
        weights = run_weights(layout.adjacent_directions, lesion.spacing, options.weighting_norm)
        features["glrlm"] = run_features(_runs(lesion, layout, ranks, gray.levels.size), gray.levels, weights)
    if "glszm" in plan.classes:
        zone_ranks, zone_sizes = kernel.zones(ranks, layout.voxels, layout.adjacent)
        features["glszm"] = zone_features(zone_ranks, zone_sizes, gray.levels)
    return features


def _runs(lesion: PreparedLesion, layout: Layout, ranks: np.ndarray, levels_count: int) -> np.ndarray:
    """Count runs (g, l, a) by level, length from 1, and direction, none in directions that pyradiomics leaves out."""
    counted = kernels.chosen().runs(ranks, layout.voxels, layout.adjacent, levels_count + 1, max(lesion.mask.shape))
    runs = counted[1:, 1:]
    # A direction with a run of two voxels is not one of those; others have as many runs as voxels.
    doubtful = np.flatnonzero(runs.sum(axis=(0, 1)) == layout.voxels.size)
    if doubtful.size:
        once = crossed_once(layout.adjacent_directions[doubtful], np.nonzero(lesion.mask))
        runs[:, :, doubtful[once]] = 0
    return runs


def _keyed(image_type: str, plan: ExtractionPlan, features: dict[str, dict[str, float]]) -> dict[str, float]:
    """Pick the features that were asked for, under pyradiomics' keys."""
    keyed = {}
    for name in plan.classes:
        computed = features.get(name, {})
        for feature in plan.chosen(name) or computed:
            if feature in computed:
                keyed[f"{image_type}_{name}_{feature}"] = computed[feature]
            elif computed:
                keyed[f"{image_type}_{name}_{feature}"] = deprecated_value(name, feature, computed)
    return keyed
