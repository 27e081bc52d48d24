"""The engine "ibsi": all features of the initiative's first part, as it defines and names them."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from ... import __version__
from ...errors import SettingsError
from ...grid import BoolArray, FloatArray, Triple, box_of_mask
from ...io.image import Image
from ..companion.intensity import PEAK_RADIUS_MM
from ..derived import filtered_lesions
from ..exact import Bins, kernels
from ..filters import ORIGINAL, ImageFilter
from ..limits import MINIMUM_EXTENTS, check_distance, check_extents
from ..plan import ExtractionPlan
from ..preprocessing import Resampling
from .counterparts import IBSI_FEATURES
from .levels import Levels, gray_levels
from .local_intensity import local_intensity
from .morphology import Body, morphology
from .names import FAMILIES, FAMILIES_OF_CLASS
from .preparation import PreparedImage, prepare, source_reach
from .statistics import histogram_statistics, intensity_statistics
from .texture import TEXTURE_FAMILIES, texture_features
from .volume_histogram import volume_histogram

Found = dict[str, dict[str, float]]


class IbsiEngine:
    """The engine named "ibsi"; uses numba where it is installed."""

    name = "ibsi"

    def version(self) -> str:
        """Name the version of this package, and what ran its kernels."""
        return f"{__version__} ({kernels.chosen().NAME})"

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of one lesion.

        The feature classes stand for the initiative's families (``FAMILIES_OF_CLASS``). Preprocessing is done as the
        initiative describes it (`prepare`).

        Args:
            image: The image.
            mask: Boolean array [k, j, i] of the image's shape, not empty.
            plan: What to compute. Texture in 2D gives the four ways to aggregate slices, in 3D the two of a volume.

        Returns:
            Values by the initiative's short names after the name of the image (``original_cm_contrast_3D_avg``), in the
            order of its tables; NaN where a feature is not defined for this lesion.

        Raises:
            ImageError: A filter or the normalisation is not defined for this image.
            MaskError: The lesion is a single voxel or a line of voxels, or too little of it is left.
            SettingsError: The bins give too many gray levels, or the settings do not fit the lesion or image, or the
                initiative has no counterpart for them.
            MissingDependencyError: What a filter needs is not installed.
        """
        families = _families(plan)
        margin = kept_margin(plan.classes, plan.filters, _new_spacing(image, plan))
        prepared = prepare(image, mask, plan.preprocessing, margin)
        for part in (prepared.morphology, prepared.intensity):
            check_extents(box_of_mask(part).size, max(MINIMUM_EXTENTS, plan.preprocessing.minimum_dimensions))
        found = {}
        if "morph" in families:
            found = _keyed(ORIGINAL, plan, {"morph": _morphology(prepared)})
        for derived in filtered_lesions(prepared.image, prepared.intensity, plan):
            intensities = derived.image.voxels[derived.mask].astype(np.float64)
            if derived.image_type == ORIGINAL:
                measured = _measured(intensities, prepared, derived.plan, families, prepared.limits)
                if "loc" in families:
                    measured["loc"] = local_intensity(prepared.image, prepared.intensity)
            else:
                measured = _measured(intensities, prepared, derived.plan, families, (None, None))
            found |= _keyed(derived.image_type, plan, measured)
        return found


def kept_margin(classes: Collection[str], filters: Collection[ImageFilter], spacing: Triple) -> tuple[int, int, int]:
    """Find how many voxels around a lesion filters and peaks look at, along i, j, k.

    Args:
        classes: Feature classes to compute.
        filters: Of the image.
        spacing: Voxel size in mm along i, j, k of the interpolated image.
    """
    peak = PEAK_RADIUS_MM if "firstorder" in classes else 0.0
    farthest = [math.ceil(peak / size) for size in spacing]
    for each in filters:
        farthest = [max(pair) for pair in zip(farthest, each.reach(spacing), strict=True)]
    i, j, k = farthest
    return i, j, k


def box_reach(
    classes: Collection[str], filters: Collection[ImageFilter], resampling: Resampling | None, spacing: Triple
) -> tuple[int, int, int]:
    """Find how many voxels of an image (of a spacing) around a lesion enter its features, along i, j, k."""
    if resampling is None:
        return kept_margin(classes, filters, spacing)
    new = resampling.new_spacing(spacing)
    return source_reach(spacing, new, kept_margin(classes, filters, new))


def _new_spacing(image: Image, plan: ExtractionPlan) -> Triple:
    resampling = plan.preprocessing.resampling
    return resampling.new_spacing(image.spacing) if resampling else image.spacing


def _families(plan: ExtractionPlan) -> list[str]:
    """List the families that a plan's classes stand for, in the order of a table."""
    asked = [family for name in plan.classes for family in FAMILIES_OF_CLASS[name]]
    return [family for family in FAMILIES if family in asked]


def _morphology(prepared: PreparedImage) -> dict[str, float]:
    intensities = prepared.image.voxels[prepared.intensity].astype(np.float64)
    return morphology(Body(prepared.morphology, prepared.intensity, intensities, prepared.image.spacing))


def _measured(
    intensities: FloatArray,
    prepared: PreparedImage,
    plan: ExtractionPlan,
    families: Collection[str],
    limits: tuple[float | None, float | None],
) -> Found:
    """Measure the intensities (n,) of one image; the masks are those of the unfiltered image."""
    found: Found = {}
    if "stat" in families:
        found["stat"] = intensity_statistics(intensities)
    texture = [family for family in families if family in TEXTURE_FAMILIES]
    if "ih" in families or texture:
        levels = gray_levels(intensities, Bins(plan.bin_width, plan.bin_count), limits[0])
        if "ih" in families:
            found["ih"] = histogram_statistics(levels)
        if texture:
            found |= _texture(levels, prepared, plan, texture)
    if "ivh" in families:
        width, count = plan.options.volume_histogram_bin_width, plan.options.volume_histogram_bin_count
        fine = None if width is None and count is None else Bins(width, count)
        found["ivh"] = volume_histogram(intensities, fine, limits)
    return found


def _texture(levels: Levels, prepared: PreparedImage, plan: ExtractionPlan, families: Collection[str]) -> Found:
    check_distance(box_of_mask(prepared.intensity).size, plan)
    slices = box_of_mask(prepared.morphology).slices
    outline = prepared.morphology[slices]
    field = np.zeros(outline.shape, dtype=np.int64)
    field[prepared.intensity[slices]] = levels
    planar = plan.planar_axis is not None
    if plan.planar_axis is not None:
        field = np.moveaxis(field, 2 - plan.planar_axis, 0)
        outline = np.moveaxis(outline, 2 - plan.planar_axis, 0)
    return texture_features(field, outline, families, plan.distances, planar, plan.options.gldm_alpha)


def _keyed(image_type: str, plan: ExtractionPlan, found: Found) -> dict[str, float]:
    """Values by key, of the single features only where such were chosen."""
    chosen = _chosen(plan)
    keyed = {}
    for family in FAMILIES:
        for name, value in found.get(family, {}).items():
            if _wanted(f"{family}_{name}", chosen):
                keyed[f"{image_type}_{family}_{name}"] = value
    return keyed


def _chosen(plan: ExtractionPlan) -> dict[str, set[str]]:
    """Translate the single features that a plan names, by family; only families so restricted."""
    chosen: dict[str, set[str]] = {}
    for feature in plan.features:
        counterpart = IBSI_FEATURES.get(f"{ORIGINAL}_{feature}")
        if counterpart is None:
            raise SettingsError(
                f"The feature '{feature}' has no counterpart in the standard. With the engine ibsi leave it out, or "
                "compute its class whole."
            )
        for family in FAMILIES_OF_CLASS[feature.split("_", 1)[0]]:
            chosen.setdefault(family, set()).add(counterpart.name)
    return chosen


def _wanted(name: str, chosen: dict[str, set[str]]) -> bool:
    family = name.split("_", 1)[0]
    if family not in chosen:
        return True
    return any(name == each or name.startswith((f"{each}_2", f"{each}_3")) for each in chosen[family])
