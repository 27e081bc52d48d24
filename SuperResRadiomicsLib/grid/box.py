"""Blocks of voxels: around a mask, grown, cut out, carried to other grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import MaskError, RegionError
from .grid import Grid, triple
from .types import BoolArray


@dataclass(frozen=True)
class Box:
    """A block of voxels: ``start`` to ``stop`` (exclusive) along i, j, k.

    Examples:
        >>> box = Box((10, 20, 3), (14, 30, 5))
        >>> box.size, box.slices
        ((4, 10, 2), (slice(3, 5, None), slice(20, 30, None), slice(10, 14, None)))
    """

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.start, self.stop, strict=True)):
            raise RegionError(f"The box from {self.start} to {self.stop} is empty; each stop must exceed its start.")

    @property
    def size(self) -> tuple[int, int, int]:
        """Number of voxels along i, j, k."""
        i, j, k = (b - a for a, b in zip(self.start, self.stop, strict=True))
        return i, j, k

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index for an array in [k, j, i] order."""
        k, j, i = (slice(self.start[a], self.stop[a]) for a in (2, 1, 0))
        return k, j, i


def whole(grid: Grid) -> Box:
    """Make the box of all voxels.

    Examples:
        >>> whole(Grid((4, 4, 3), (1.0, 1.0, 5.0)))
        Box(start=(0, 0, 0), stop=(4, 4, 3))
    """
    return Box((0, 0, 0), grid.size)


def check_inside(box: Box, grid: Grid) -> None:
    """Raise RegionError unless the box lies within the grid."""
    if min(box.start) < 0 or any(b > n for b, n in zip(box.stop, grid.size, strict=True)):
        raise RegionError(
            f"The box from {box.start} to {box.stop} reaches outside the image of size {grid.size}. "
            "Give voxel indices i, j, k of the image, from 0 up to its size."
        )


def box_of_mask(mask: BoolArray) -> Box:
    """Find the smallest box that holds the mask.

    Raises:
        MaskError: The mask is empty.

    Examples:
        >>> mask = np.zeros((3, 8, 8), dtype=bool)
        >>> mask[1, 2:5, 3:7] = True
        >>> box_of_mask(mask)
        Box(start=(3, 2, 1), stop=(7, 5, 2))
    """
    occupied: BoolArray = np.any(mask, axis=(1, 2))
    if not np.any(occupied):
        raise MaskError("The mask is empty: no voxel is marked. Segment the lesion or choose another label.")
    k0, k1 = _ends(occupied)
    shadow: BoolArray = np.any(mask[k0:k1], axis=0)  # of the occupied slices only: most of a scan's have no lesion
    j0, j1 = _ends(np.any(shadow, axis=1))
    i0, i1 = _ends(np.any(shadow, axis=0))
    return Box((i0, j0, k0), (i1, j1, k1))


def _ends(occupied: BoolArray) -> tuple[int, int]:
    """First place that is true, and the one after the last."""
    places = np.flatnonzero(occupied)
    return int(places[0]), int(places[-1]) + 1


def expand_box(box: Box, grid: Grid, margin_mm: float) -> Box:
    """Grow a box by at least ``margin_mm`` on every side, as far as the image reaches.

    Examples:
        >>> expand_box(Box((3, 3, 1), (5, 5, 2)), Grid((8, 8, 3), (1.0, 1.0, 5.0)), margin_mm=2.5)
        Box(start=(0, 0, 0), stop=(8, 8, 3))
    """
    if not (math.isfinite(margin_mm) and margin_mm >= 0):
        raise RegionError(f"The margin is {margin_mm} mm; give zero or a positive number of millimetres.")
    return grow_box(box, grid, [math.ceil(margin_mm / s - 1e-9) for s in grid.spacing])


def grow_box(box: Box, grid: Grid, voxels: Sequence[int]) -> Box:
    """Grow a box by so many voxels along i, j, k on every side, as far as the image reaches."""
    start = [max(0, a - v) for a, v in zip(box.start, voxels, strict=True)]
    stop = [min(n, b + v) for b, v, n in zip(box.stop, voxels, grid.size, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def union_box(first: Box, second: Box) -> Box:
    """Find the smallest box that holds both.

    Examples:
        >>> union_box(Box((0, 0, 0), (2, 2, 2)), Box((1, 1, 1), (4, 3, 2)))
        Box(start=(0, 0, 0), stop=(4, 3, 2))
    """
    i0, j0, k0 = map(min, first.start, second.start)
    i1, j1, k1 = map(max, first.stop, second.stop)
    return Box((i0, j0, k0), (i1, j1, k1))


def box_within(box: Box, outer: Box) -> Box:
    """Count the voxels of ``box`` from the start of ``outer``."""
    return shift_box(box, [-first for first in outer.start])


def shift_box(box: Box, by: Sequence[int]) -> Box:
    """Shift a box so many voxels along i, j, k."""
    start = [a + d for a, d in zip(box.start, by, strict=True)]
    stop = [b + d for b, d in zip(box.stop, by, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def intersect_box(first: Box, second: Box) -> Box:
    """Find the voxels that both boxes have; RegionError where there are none.

    Examples:
        >>> intersect_box(Box((0, 0, 0), (2, 2, 2)), Box((1, 1, 1), (4, 3, 2)))
        Box(start=(1, 1, 1), stop=(2, 2, 2))
    """
    i0, j0, k0 = map(max, first.start, second.start)
    i1, j1, k1 = map(min, first.stop, second.stop)
    return Box((i0, j0, k0), (i1, j1, k1))


def holds(outer: Box, inner: Box) -> bool:
    """Say whether a box lies within another one."""
    starts = all(o <= a for o, a in zip(outer.start, inner.start, strict=True))
    return starts and all(b <= o for o, b in zip(outer.stop, inner.stop, strict=True))


def box_of_part(part: Grid, grid: Grid) -> Box:
    """Find the voxels of a grid that a part of it has.

    Raises:
        RegionError: ``part`` is no part of ``grid``: other voxels, or voxels elsewhere.
    """
    start = np.rint(grid.world_to_index(part.origin)).astype(int).tolist()
    stop = [a + n for a, n in zip(start, part.size, strict=True)]
    box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    if not holds(whole(grid), box) or not crop_grid(grid, box).matches(part):
        raise RegionError(
            f"The voxels of size {part.size} are no part of the image of size {grid.size}: their spacing or place "
            "differs. Give a part that was cut from this image."
        )
    return box


def crop_grid(grid: Grid, box: Box) -> Grid:
    """Cut out the part of a grid inside a box.

    Examples:
        >>> crop_grid(Grid((8, 8, 3), (1.0, 1.0, 5.0)), Box((2, 0, 1), (4, 4, 2))).origin
        (2.0, 0.0, 5.0)
    """
    check_inside(box, grid)
    return Grid(box.size, grid.spacing, triple(grid.index_to_world(box.start)), grid.direction)


def spaced_grid(grid: Grid, spacing: Sequence[float], box: Box, margin: int) -> Grid:
    """Lay a grid of another spacing around a box, as pyradiomics does for resampling.

    It belongs to the grid of that spacing whose field of view starts where the given one does, cut to the voxels that
    the box touches and ``margin`` of them on each side, as far as the image reaches.

    Args:
        grid: The grid of the box.
        spacing: New voxel size in mm along i, j, k; positive.
        box: What must be covered.
        margin: Voxels of the new grid around it.
    """
    old, new = np.asarray(grid.spacing), np.asarray(spacing, dtype=np.float64)
    ratio = old / new
    first = np.maximum(np.floor((np.asarray(box.start) - 0.5) * ratio - margin), 0)
    beyond = np.ceil((np.asarray(box.stop) - 0.5) * ratio + margin)
    last = np.minimum(beyond, np.ceil(np.asarray(grid.size) * ratio) - 1)
    i, j, k = (int(n) for n in last - first + 1)
    origin = grid.index_to_world(0.5 * (new - old) / old + first / ratio)
    return Grid((i, j, k), triple(new), triple(origin), grid.direction)


def refine_box(box: Box, source: Grid, refined: Grid) -> Box:
    """Find the box on ``refined`` that covers ``box`` of ``source`` (both of one field of view).

    Examples:
        >>> coarse, fine = Grid((8, 8, 3), (1.0, 1.0, 5.0)), Grid((16, 16, 3), (0.5, 0.5, 5.0), (-0.25, -0.25, 0.0))
        >>> refine_box(Box((2, 0, 1), (4, 4, 2)), coarse, fine)
        Box(start=(4, 0, 1), stop=(8, 8, 2))
    """
    ratio = [m / n for m, n in zip(refined.size, source.size, strict=True)]
    start = [math.floor(a * r + 1e-9) for a, r in zip(box.start, ratio, strict=True)]
    stop = [math.ceil(b * r - 1e-9) for b, r in zip(box.stop, ratio, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
