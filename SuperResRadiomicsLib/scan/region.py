"""Which voxels a scan is measured on: a few slices, around the lesion where there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..grid import Array, Box, FloatArray, grow_box, shift_box, whole
from ..io.image import Image

AROUND_VOXELS = 24
"""How far in plane around the region is looked. No further than what is always kept of an image around a lesion, so
that a part of an image gives what all of it gives."""
MOST_SLICES = 6
LARGEST_SIDE_PX = 320
"""Of larger slices the middle is measured."""
CT_RANGE = (-1024.0, 3071.0)
"""What 12 bits hold; values outside are padding or metal."""


def measured_slices(image: Image, box: Box | None, through_plane: int) -> FloatArray:
    """Take the slices that are measured, evenly spread over a region.

    Args:
        image: A whole image, or a part of one.
        box: The region in voxels of the image; all of it without.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices.

    Returns:
        float32 (slice, height, width), of CT clipped to what 12 bits hold.
    """
    slices = _as_slices(image.voxels[_region(image, box, through_plane).slices], through_plane)
    chosen = slices[evenly_spread(len(slices), MOST_SLICES)].astype(np.float32)
    return np.clip(chosen, *CT_RANGE) if image.unit == "HU" else chosen


def measured_columns(image: Image, box: Box | None, through_plane: int) -> FloatArray:
    """Take planes across the slices, as `measured_slices` takes slices.

    Returns:
        float32 (plane, slices, pixels along a slice's row).
    """
    slices = _as_slices(image.voxels[_region(image, box, through_plane).slices], through_plane)
    rows = evenly_spread(slices.shape[1], MOST_SLICES)
    planes = np.moveaxis(slices[:, rows], 1, 0).astype(np.float32)
    return np.clip(planes, *CT_RANGE) if image.unit == "HU" else planes


def evenly_spread(count: int, most: int) -> list[int]:
    """Choose at most so many numbers below a count, evenly spread."""
    wanted = min(count, most)
    return [math.floor((number + 0.5) * count / wanted) for number in range(wanted)]


def _region(image: Image, box: Box | None, through_plane: int) -> Box:
    """Choose the region's voxels: with some around it in plane, and not too many."""
    if box is None:
        grown = whole(image.grid)
    else:
        around = [AROUND_VOXELS] * 3
        around[through_plane] = 0
        placed = grow_box(shift_box(box, image.held.start), image.whole_grid, around)
        held = image.held
        start = [max(low, first) - first for low, first in zip(placed.start, held.start, strict=True)]
        stop = [min(high, last) - first for high, last, first in zip(placed.stop, held.stop, held.start, strict=True)]
        grown = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    return _middle(grown, through_plane)


def _middle(box: Box, through_plane: int) -> Box:
    start, stop = list(box.start), list(box.stop)
    for axis in range(3):
        surplus = stop[axis] - start[axis] - LARGEST_SIDE_PX
        if axis != through_plane and surplus > 0:
            start[axis] += surplus // 2
            stop[axis] = start[axis] + LARGEST_SIDE_PX
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _as_slices(voxels: Array, through_plane: int) -> Any:
    return np.moveaxis(voxels, 2 - through_plane, 0)
