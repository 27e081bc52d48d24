"""Which features of our own are computed, under keys that no feature of pyradiomics has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ...grid import BoolArray, box_of_mask
from ...io.image import Image
from ..limits import check_extents
from ..plan import COMPANION_CLASSES, ExtractionPlan
from .intensity import PEAK_RADIUS_MM, RING_WIDTH_MM, lesion_intensity
from .quality import image_quality
from .uptake import lesion_uptake

PREFIX = "companion"


def companion_reach(classes: Collection[str]) -> float:
    """Find how far from the lesion, in mm, our own features among some classes look."""
    return max(PEAK_RADIUS_MM, RING_WIDTH_MM) if "lesionintensity" in classes else 0.0


def without_companions(plan: ExtractionPlan) -> ExtractionPlan:
    """Take the part of a plan that is an engine's."""
    return replace(plan, classes=tuple(name for name in plan.classes if name not in COMPANION_CLASSES))


def companion_features(image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
    """Compute the features of our own that a plan asks for; they have no bins and no distance.

    Slices are those of the plan's 2D texture; in 3D, those perpendicular to the image's largest spacing.

    Args:
        image: The image, as whole as it is to be judged by ``imagequality``.
        mask: The lesion; bool [k, j, i], not empty.
        plan: What to compute.

    Returns:
        Values by keys such as ``companion_lesionintensity_Peak``; NaN where a feature is not defined.

    Raises:
        MaskError: The lesion is a single voxel or a line of voxels.
        MissingDependencyError: PyWavelets is needed and not installed.
    """
    if set(plan.classes).isdisjoint(COMPANION_CLASSES):
        return {}
    check_extents(box_of_mask(mask).size)
    found: dict[str, dict[str, float]] = {}
    if "lesionintensity" in plan.classes:
        found["lesionintensity"] = lesion_intensity(image, mask, plan.planar_axis)
    if "imagequality" in plan.classes:
        axis = image.slice_axis if plan.planar_axis is None else plan.planar_axis
        found["imagequality"] = image_quality(image, mask, axis)
    if "uptake" in plan.classes:
        found["uptake"] = lesion_uptake(image, mask)
    by_key: dict[str, float] = {}
    for name, values in found.items():
        by_key |= {f"{PREFIX}_{name}_{feature}": value for feature, value in values.items()}
    return by_key
