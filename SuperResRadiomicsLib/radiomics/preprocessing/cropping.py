"""Cropping to the lesion and a margin before filters see the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import RegionError, SettingsError
from ...grid import BoolArray, Box, Grid, box_of_mask, box_within, crop_grid, holds, shift_box, whole
from ...io.image import Image

DEFAULT_MARGIN = 5
"""pyradiomics' padDistance."""


def check_margin(margin: int) -> None:
    """Refuse a margin that is not a whole number of voxels.

    Raises:
        SettingsError: It is negative or not whole.
    """
    if not isinstance(margin, int) or margin < 0:
        raise SettingsError(f"The margin around the lesion is {margin} voxels. Give a whole number from 0.")


def crop_to_lesion(image: Image, mask: BoolArray, margin: int) -> tuple[Image, BoolArray]:
    """Cut out the lesion's box and a margin in voxels, as far as the whole image reaches, as an image of its own."""
    near, part = crop_to_reach(image, mask, (margin, margin, margin))
    return replace(near, cut_from=None), part


def crop_to_reach(
    image: Image, mask: BoolArray, reach: Sequence[int], wraps: bool = False, figures: bool = False
) -> tuple[Image, BoolArray]:
    """Cut out the lesion's box and all voxels that a filter looks at.

    Args:
        image: The image, whole or a part of it.
        mask: The lesion; bool [k, j, i].
        reach: How far the filter looks along i, j, k, in voxels.
        wraps: The filter looks at the other end of the image where it ends within the reach: it is kept whole along
            that axis.
        figures: Whether the part shall know the figures of a whole image, which costs a look at all of it.

    Raises:
        RegionError: The image is a part that does not hold these voxels.
    """
    lesion = box_of_mask(mask)
    box = reached_box(shift_box(lesion, image.held.start), image.whole_grid, reach, wraps)
    return cut_both(image, mask, box, figures)


def reached_box(lesion: Box, grid: Grid, reach: Sequence[int], wraps: bool = False) -> Box:
    """Find the box around a lesion that `crop_to_reach` cuts out; both in voxels of the whole image's grid."""
    start, stop = [], []
    for a, b, n, far in zip(lesion.start, lesion.stop, grid.size, reach, strict=True):
        ends = wraps and not (a >= far and b + far <= n)
        start.append(0 if ends else max(0, a - far))
        stop.append(n if ends else min(n, b + far))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def cut_both(image: Image, mask: BoolArray, box: Box, figures: bool = False) -> tuple[Image, BoolArray]:
    """Cut a box of the whole image out of an image and its mask; see `crop_to_reach`.

    Raises:
        RegionError: The image is a part that does not hold the box.
    """
    if not holds(image.held, box):
        raise RegionError(
            f"These settings look at the voxels from {box.start} to {box.stop} of the whole image; of '{image.name}' "
            f"those from {image.held.start} to {image.held.stop} are at hand. Choose settings that look less far (a "
            "smaller sigma or margin), or enhance the whole image (enhance --whole) and name its files to compare "
            "(compare --original --mask --bicubic --enhanced)."
        )
    inside = box_within(box, image.held)
    if inside == whole(image.grid):
        return image, mask
    known = image.whole_without_foreground if figures else image.cut_from
    voxels = image.voxels[inside.slices].copy()
    return image.with_voxels(voxels, crop_grid(image.grid, inside), cut_from=known), mask[inside.slices]
