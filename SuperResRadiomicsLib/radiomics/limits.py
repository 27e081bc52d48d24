"""What an engine refuses before it starts: lesions and settings for which the features mean nothing."""

from __future__ import annotations

from ..errors import MaskError, SettingsError
from ..grid import Array
from .plan import DISTANCE_CLASSES, ExtractionPlan

MAXIMUM_GRAY_LEVELS = 2048
"""Co-occurrence takes 13 dense matrices of levels x levels; at this number they take 0.4 GB."""

MINIMUM_EXTENTS = 2
"""Along so many axes a lesion must be longer than one voxel (pyradiomics' own default)."""


def check_extents(size: tuple[int, int, int], least: int = MINIMUM_EXTENTS) -> None:
    """Refuse a lesion (of so many voxels along i, j, k) that is a single voxel, or a line where that is not allowed.

    Args:
        size: Extents of the lesion's box.
        least: Along so many axes it must be longer than one voxel.

    Raises:
        MaskError: It is not.
    """
    if sum(extent > 1 for extent in size) < least:
        axes = "1 axis" if least == 1 else f"{least} axes"
        raise MaskError(
            f"The lesion extends over {' x '.join(map(str, size))} voxels (i, j, k). Features need a lesion longer "
            f"than one voxel along at least {axes}. Check the mask, or segment a larger lesion."
        )


def check_distance(size: tuple[int, int, int], plan: ExtractionPlan) -> None:
    """Refuse a distance at which a lesion (of so many voxels along i, j, k) has no neighbours.

    Raises:
        SettingsError: The distance exceeds the lesion.
    """
    extents = [extent for axis, extent in enumerate(size) if axis != plan.planar_axis]
    distance = max(plan.distances)
    if distance >= max(extents) and set(plan.classes) & set(DISTANCE_CLASSES):
        raise SettingsError(
            f"The distance is {distance} voxels, but the lesion extends over only {' x '.join(map(str, extents))} "
            f"voxels, so that no two of them are that far apart. Choose a distance below {max(extents)} voxels, or "
            f"leave out the classes {', '.join(DISTANCE_CLASSES)}."
        )


def check_gray_levels(intensities: Array, bin_width: float | None) -> None:
    """Refuse a bin width that would fill the memory before it does.

    Raises:
        SettingsError: It gives more than ``MAXIMUM_GRAY_LEVELS`` gray levels.
    """
    if bin_width is None:
        return
    extent = float(intensities.max()) - float(intensities.min())
    if extent / bin_width > MAXIMUM_GRAY_LEVELS:
        raise SettingsError(
            f"A bin width of {bin_width:g} divides the lesion's intensity range of {extent:g} into "
            f"{extent / bin_width:.0f} gray levels; at most {MAXIMUM_GRAY_LEVELS} are allowed. Choose a bin width "
            f"of at least {extent / MAXIMUM_GRAY_LEVELS:.3g}, or a bin count."
        )
