"""Slices laid out for display: which slice, which way up, where in millimetres.

Images on different grids of one direction share a frame: millimetres along the axes of
a reference grid, from its first voxel's centre. So panels line up whatever their voxels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..grid import Array, BoolArray, Box, Grid, box_of_mask

CONTEXT_MM = 15.0
"""Least distance from the lesion to the picture's edge, where the image reaches that far."""

Limits = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """A slice through the lesion in the frame of a reference grid.

    Attributes:
        grid: The reference grid.
        through: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slice.
        depth_mm: Where the slice lies along that axis.
    """

    grid: Grid
    through: int
    depth_mm: float

    @property
    def axes(self) -> tuple[int, int]:
        """The axes shown horizontally and vertically."""
        horizontal, vertical = (axis for axis in range(3) if axis != self.through)
        return horizontal, vertical

    def slice_of(self, voxels: Array, grid: Grid) -> Array:
        """Take the voxels [vertical, horizontal] of an image nearest to the plane."""
        index = round((self.depth_mm - self._offset(grid)[self.through]) / grid.spacing[self.through])
        return np.take(voxels, min(max(index, 0), grid.size[self.through] - 1), axis=2 - self.through)

    def edges(self, grid: Grid, axis: int) -> Limits:
        """Find where an image's field of view begins and ends along an axis, in mm."""
        first = self._offset(grid)[axis] - 0.5 * grid.spacing[axis]
        return first, first + grid.size[axis] * grid.spacing[axis]

    def centres(self, grid: Grid, axis: int) -> Array:
        """Locate an image's voxel centres along an axis, in mm."""
        return self._offset(grid)[axis] + np.arange(grid.size[axis]) * grid.spacing[axis]

    def _offset(self, grid: Grid) -> Array:
        axes = np.reshape(self.grid.direction, (3, 3))
        return np.asarray(axes.T @ (np.asarray(grid.origin) - np.asarray(self.grid.origin)))

    def upright(self, limits: Sequence[Limits]) -> tuple[Limits, Limits]:
        """Order the limits of the horizontal and the vertical axis as they are shown.

        As radiologists look: the patient's left (or back) is right, the back (or feet) is down.
        """
        (left, right), (low, high) = limits
        if _toward(self.grid, self.axes[0], towards=(1, 1, 1)) < 0:
            left, right = right, left
        if _toward(self.grid, self.axes[1], towards=(1, 1, -1)) > 0:
            low, high = high, low
        return (left, right), (low, high)


def _toward(grid: Grid, axis: int, towards: tuple[int, int, int]) -> float:
    """Sign of an axis' main component, in LPS directions counted as ``towards`` says."""
    direction = np.reshape(grid.direction, (3, 3))[:, axis]
    main = int(np.argmax(np.abs(direction)))
    return float(direction[main] * towards[main])


def anatomical_name(grid: Grid, through: int) -> str:
    """Name the slices across an axis: axial, coronal or sagittal, by the axis' main direction.

    Examples:
        >>> anatomical_name(Grid((4, 4, 4), (1.0, 1.0, 1.0)), through=2)
        'axial'
    """
    from scipy.optimize import linear_sum_assignment

    # All axes at once, so that no two of an oblique grid have one name.
    _, columns = linear_sum_assignment(np.abs(np.reshape(grid.direction, (3, 3))), maximize=True)
    return ("sagittal", "coronal", "axial")[columns.tolist().index(through)]


def largest_lesion_plane(mask: BoolArray, grid: Grid, through: int) -> Plane:
    """Find the slice in which the lesion has its largest area.

    Args:
        mask: The lesion, [k, j, i] on ``grid``.
        grid: Becomes the frame's reference.
        through: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slices.
    """
    area = mask.sum(axis=tuple(axis for axis in range(3) if axis != 2 - through))
    return Plane(grid, through, float(np.argmax(area)) * grid.spacing[through])


def lesion_limits(mask: BoolArray, plane: Plane) -> list[Limits]:
    """Lay a square around the lesion with context, within the image; for both axes of the plane."""
    box = box_of_mask(mask)
    centres, sides = [], []
    for axis in plane.axes:
        start, stop = (
            plane.edges(plane.grid, axis)[0] + n * plane.grid.spacing[axis] for n in (box.start[axis], box.stop[axis])
        )
        centres.append((start + stop) / 2)
        sides.append(stop - start)
    half = max(sides) / 2 + _context(max(sides))
    fields = [plane.edges(plane.grid, axis) for axis in plane.axes]
    return [(max(low, c - half), min(high, c + half)) for c, (low, high) in zip(centres, fields, strict=True)]


def shown_around(lesion: Box, grid: Grid) -> float:
    """Find how far from a lesion's box, in mm, the square of `lesion_limits` may reach."""
    longest = max(n * size for n, size in zip(lesion.size, grid.spacing, strict=True))
    return longest / 2 + _context(longest)


def _context(side: float) -> float:
    """Distance in mm from a lesion of a side to the picture's edge."""
    return max(CONTEXT_MM, side / 4)
