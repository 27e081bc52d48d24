"""The engine "exact": our own kernels for pyradiomics' features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ... import __version__
from ...grid import BoolArray, FloatArray
from ...image import Image
from ..limits import check_distance
from ..plan import ExtractionPlan
from . import kernels
from .discretise import Bins, GrayLevels, discretise
from .firstorder import NAMES, histogram_features, intensity_features
from .glcm import cooccurrence_features
from .gldm import dependence_features
from .glrlm import crossed_once, run_features
from .glszm import zone_features
from .lesion import Layout, PreparedLesion
from .ngtdm import tone_features

_NEIGHBOUR_CLASSES = {"glcm", "gldm", "ngtdm"}


class ExactEngine:
    """The engine named "exact"; uses numba where it is installed."""

    name = "exact"

    def version(self) -> str:
        """The version of this package, and what ran its kernels."""
        return f"{__version__} ({kernels.chosen().NAME})"

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of one lesion.

        Args:
            image: The image; only voxels inside the mask enter.
            mask: Boolean array [k, j, i] of the image's shape, not empty.
            plan: What to compute.

        Returns:
            Values by pyradiomics' keys (``original_glcm_Correlation``), ordered by class;
            NaN where a feature is not defined for this lesion.

        Raises:
            MaskError: The lesion is a single voxel or a line of voxels.
            SettingsError: The bins give too many gray levels, or the distance exceeds the lesion.
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
        plan: What to compute; its own bins are not used.
        bins: The bins, in any order.

    Returns:
        For each bins what ``ExactEngine.extract`` returns.

    Raises:
        MaskError: The lesion is a single voxel or a line of voxels, or was prepared for another grid.
        SettingsError: Some bins give too many gray levels, or the distance exceeds the lesion.
    """
    lesion = mask if isinstance(mask, PreparedLesion) else PreparedLesion(mask, image.grid.spacing)
    check_distance(lesion.size, plan)
    shape = {"shape": lesion.shape_features} if "shape" in plan.classes else {}
    if plan.classes == ("shape",):
        return [_keyed(plan, shape) for _ in bins]
    intensities = lesion.intensities(image)
    if "firstorder" in plan.classes:
        volume = float(np.multiply.reduce(lesion.spacing))
        shape = shape | {"firstorder": intensity_features(intensities, volume)}
    return [_with_bins(lesion, intensities, plan, each, shape) for each in bins]


def _with_bins(
    lesion: PreparedLesion,
    intensities: FloatArray,
    plan: ExtractionPlan,
    bins: Bins,
    without: dict[str, dict[str, float]],
) -> dict[str, float]:
    """Complete the features that do not depend on the bins by those that do."""
    gray = discretise(intensities, bins)
    features = dict(without)
    if "firstorder" in features:
        values = features["firstorder"] | histogram_features(gray.counts)
        features["firstorder"] = {name: values[name] for name in NAMES}
    if set(plan.classes) - {"shape", "firstorder"}:
        features |= _texture(lesion, gray, plan)
    return _keyed(plan, features)


def _texture(lesion: PreparedLesion, gray: GrayLevels, plan: ExtractionPlan) -> dict[str, dict[str, float]]:
    """Texture features by class."""
    layout = lesion.layout(plan.distance, plan.planar_axis)
    ranks = layout.fill(gray.ranks)
    kernel = kernels.chosen()
    features = {}
    if _NEIGHBOUR_CLASSES & set(plan.classes):
        pairs, dependence, difference = kernel.neighbours(ranks, layout.voxels, layout.steps, np.append(0, gray.levels))
        if "glcm" in plan.classes:
            features["glcm"] = cooccurrence_features(pairs[1:, 1:], gray.levels)
        if "gldm" in plan.classes:
            features["gldm"] = dependence_features(dependence[1:], gray.levels)
        if "ngtdm" in plan.classes:
            features["ngtdm"] = tone_features(difference[1:], gray.counts, gray.levels)
    if "glrlm" in plan.classes:
        features["glrlm"] = run_features(_runs(lesion, layout, ranks, gray.levels.size), gray.levels)
    if "glszm" in plan.classes:
        zone_ranks, zone_sizes = kernel.zones(ranks, layout.voxels, layout.adjacent)
        features["glszm"] = zone_features(zone_ranks, zone_sizes, gray.levels)
    return features


def _runs(lesion: PreparedLesion, layout: Layout, ranks: np.ndarray, levels_count: int) -> np.ndarray:
    """Runs (g, l, a) by level, length from 1, and direction, none in directions that pyradiomics leaves out."""
    counted = kernels.chosen().runs(ranks, layout.voxels, layout.adjacent, levels_count + 1, max(lesion.mask.shape))
    runs = counted[1:, 1:]
    # A direction with a run of two voxels is not one of those; others have as many runs as voxels.
    doubtful = np.flatnonzero(runs.sum(axis=(0, 1)) == layout.voxels.size)
    once = crossed_once(layout.adjacent_directions[doubtful], np.nonzero(lesion.mask))
    runs[:, :, doubtful[once]] = 0
    return runs


def _keyed(plan: ExtractionPlan, features: dict[str, dict[str, float]]) -> dict[str, float]:
    """Features under pyradiomics' keys, shape first as there."""
    classes = sorted(plan.classes, key=lambda name: name != "shape")
    return {f"original_{name}_{feature}": value for name in classes for feature, value in features[name].items()}
