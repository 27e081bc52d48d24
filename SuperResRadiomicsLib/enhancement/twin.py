"""The bicubic twin: what an enhanced image is without the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..errors import RegionError
from ..grid import Array, Box, Grid, box_within, holds, interpolate_bicubic
from ..io.image import Image, cast_like

SLAB_VOXELS = 4_000_000
"""Voxels of the refined grid that are held in single precision at a time: few enough for the caches."""
REACH_VOXELS = 2
"""Voxels of the image around a place that its interpolation looks at."""


def interpolated(image: Image, refined: Grid, box: Box, before_slab: Callable[[], None] | None = None) -> Array:
    """Interpolate a box of the refined grid, in the image's voxel type, slab by slab to bound the memory.

    Args:
        image: A whole image, or a part of it.
        refined: The grid that refines the whole image's.
        box: In voxels of ``refined``.
        before_slab: Called before each slab.

    Returns:
        [k, j, i] of the box; the bits that the whole image's interpolation has there.

    Raises:
        RegionError: The image is a part that does not hold what the box depends on.
    """
    check_held(image, refined, box)
    voxels = np.empty((box.size[2], box.size[1], box.size[0]), dtype=image.voxels.dtype)
    for slab in slabs(box, SLAB_VOXELS):
        if before_slab is not None:
            before_slab()
        part = interpolate_part(image, refined, slab.slices)
        voxels[box_within(slab, box).slices] = cast_like(part, image.voxels.dtype)
    return voxels


def interpolate_part(image: Image, refined: Grid, part: tuple[slice, ...]) -> np.ndarray:
    """Interpolate a part of the refined grid; float32 [k, j, i]. The image holds what the part depends on."""
    return interpolate_bicubic(image.voxels, refined.shape, part, image.whole_grid.shape, image.held.start[::-1])


def check_held(image: Image, refined: Grid, box: Box) -> None:
    """Raise RegionError unless an image holds what a box of the refined grid depends on."""
    needed = source_box(box, image.whole_grid, refined, REACH_VOXELS)
    if not holds(image.held, needed):
        raise RegionError(
            f"'{image.name}' is a part of an image, from voxel {image.held.start} to {image.held.stop}; the voxels "
            f"from {needed.start} to {needed.stop} are needed. Cut out a larger part, or take the whole image."
        )


def interpolable_box(image: Image, refined: Grid) -> Box:
    """Find the largest box of the refined grid that can be interpolated from a part of an image."""
    start, stop = [], []
    for a, b, n, m in zip(image.held.start, image.held.stop, image.whole_grid.size, refined.size, strict=True):
        extra = 0 if n == m else REACH_VOXELS
        start.append(0 if a == 0 else -(-(a + extra) * m // n))
        stop.append(m if b == n else (b - extra) * m // n)
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def source_box(box: Box, source: Grid, refined: Grid, reach: int) -> Box:
    """Find the source's voxels under a box of the refined grid, and ``reach`` more along each refined axis."""
    start, stop = [], []
    for a, b, n, m in zip(box.start, box.stop, source.size, refined.size, strict=True):
        extra = 0 if n == m else reach
        start.append(max(0, a * n // m - extra))
        stop.append(min(n, -(-b * n // m) + extra))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def slabs(box: Box, voxels: int, axis: int = 2) -> Iterator[Box]:
    """Cut a box along an axis (0 = i, 1 = j, 2 = k) into slabs of at most so many voxels, or one voxel thick."""
    i, j, k = box.size
    step = max(1, voxels * box.size[axis] // (i * j * k))
    for first in range(box.start[axis], box.stop[axis], step):
        start, stop = list(box.start), list(box.stop)
        start[axis], stop[axis] = first, min(first + step, box.stop[axis])
        yield Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
