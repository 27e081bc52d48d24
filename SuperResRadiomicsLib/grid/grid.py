"""Where the voxels of an image lie in the world, and finer or coarser grids of one field of view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import GridError
from .types import Array, FloatArray, Triple

IDENTITY_DIRECTION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
MIN_SPACING_MM, MAX_SPACING_MM = 1e-3, 1e3
NEGLIGIBLE_COSINE = 1e-14
SAME_SPACING, SQUARE = 1e-6, 1e-4


@dataclass(frozen=True)
class Grid:
    """Where voxels lie in the world.

    Attributes:
        size: Number of voxels along i, j, k.
        spacing: Voxel size in mm along i, j, k.
        origin: World position (LPS, mm) of the centre of voxel (0, 0, 0).
        direction: 3x3 matrix, row-major; its columns are the unit vectors of i, j, k.

    Raises:
        GridError: A size below 1, a spacing that is zero, negative, not finite or absurd,
            or a direction that is not a rotation (reflections are allowed).

    Examples:
        >>> grid = Grid((512, 512, 80), (0.7, 0.7, 3.0), origin=(-180.0, -180.0, 40.0))
        >>> grid.shape
        (80, 512, 512)
        >>> grid.index_to_world((1, 0, 2)).round(2).tolist()
        [-179.3, -180.0, 46.0]
    """

    size: tuple[int, int, int]
    spacing: Triple
    origin: Triple = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY_DIRECTION

    def __post_init__(self) -> None:
        # Rounding dust in a direction is not a rotation, and ITK cannot invert numbers near the smallest ones.
        clean = tuple(0.0 if abs(cosine) < NEGLIGIBLE_COSINE else float(cosine) for cosine in self.direction)
        object.__setattr__(self, "direction", clean)
        if min(self.size) < 1:
            raise GridError(f"The image has size {self.size}; every axis needs at least one voxel.")
        if not all(math.isfinite(s) and MIN_SPACING_MM <= s <= MAX_SPACING_MM for s in self.spacing):
            raise GridError(
                f"The voxel spacing is {tuple(self.spacing)} mm; each must be a number from {MIN_SPACING_MM:g} to "
                f"{MAX_SPACING_MM:g} mm. Correct the spacing in the image's header."
            )
        axes = np.reshape(self.direction, (3, 3))
        if not np.all(np.isfinite(self.origin)) or not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3):
            raise GridError(
                "The image's origin or direction is not valid: the axes must be unit vectors at right angles. "
                "Correct the header, or resample a sheared (gantry-tilted) scan onto a straight grid first."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the voxel array, [k, j, i]."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in mm^3."""
        return float(np.prod(self.spacing))

    def index_to_world(self, index: npt.ArrayLike) -> FloatArray:
        """Map continuous indices (..., 3; i, j, k) to world positions in mm (LPS).

        Examples:
            >>> Grid((4, 4, 4), (1.0, 1.0, 2.0), origin=(10.0, 0.0, 0.0)).index_to_world((0.5, 0, 1)).tolist()
            [10.5, 0.0, 2.0]
        """
        scaled = np.asarray(index, dtype=np.float64) * np.asarray(self.spacing)
        return scaled @ np.reshape(self.direction, (3, 3)).T + np.asarray(self.origin)

    def world_to_index(self, position: npt.ArrayLike) -> FloatArray:
        """Map world positions (..., 3; mm, LPS) to continuous indices i, j, k.

        Examples:
            >>> Grid((4, 4, 4), (1.0, 1.0, 2.0), origin=(10.0, 0.0, 0.0)).world_to_index((10.5, 0, 2)).tolist()
            [0.5, 0.0, 1.0]
        """
        offset = np.asarray(position, dtype=np.float64) - np.asarray(self.origin)
        return np.linalg.solve(np.reshape(self.direction, (3, 3)), offset[..., None])[..., 0] / np.asarray(self.spacing)

    def matches(self, other: Grid, tolerance: float = 1e-3) -> bool:
        """Say whether two grids are the same to ``tolerance`` voxels at every corner.

        Examples:
            >>> Grid((4, 4, 4), (1.0, 1.0, 2.0)).matches(Grid((4, 4, 4), (1.0, 1.0, 2.5)))
            False
        """
        if self.size != other.size:
            return False
        corners = _outer_corners(self)
        difference = self.index_to_world(corners) - other.index_to_world(corners)
        return bool(np.abs(difference).max() <= tolerance * min(self.spacing))


def box_corners(low: npt.ArrayLike, high: npt.ArrayLike) -> FloatArray:
    """List the eight corners between two places: (8, 3), the first coordinate changing fastest.

    Args:
        low: The lower end along each axis, (3,) or one number for all.
        high: The upper end, likewise.

    Examples:
        >>> box_corners(0, (1, 2, 3))[:3].tolist()
        [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """
    corners = []
    for number in range(8):
        at_high_end = [bool(number >> axis & 1) for axis in range(3)]
        corners.append(np.where(at_high_end, high, low))
    return np.array(corners, dtype=np.float64)


def _outer_corners(grid: Grid) -> FloatArray:
    """List the outer corners of the field of view, as continuous indices."""
    return box_corners(-0.5, np.asarray(grid.size) - 0.5)


def field_of_view(grid: Grid) -> FloatArray:
    """Locate the outer corners of the outermost voxels in the world: (8, 3), in mm, LPS.

    Examples:
        >>> corners = field_of_view(Grid((4, 4, 1), (1.0, 1.0, 3.0)))
        >>> corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        ([-0.5, -0.5, -1.5], [3.5, 3.5, 1.5])
    """
    return grid.index_to_world(_outer_corners(grid))


def through_plane_axis(grid: Grid) -> int:
    """Find the axis (0 = i, 1 = j, 2 = k) across the slices, as far as the spacing tells.

    Slices have square pixels, so where two axes share their spacing the third one is it, be it larger or smaller:
    slices can be thinner than pixels. Else it is the axis of largest spacing. Where all three are equal it is the last.

    An image of one slice has no choice: the axis with a single voxel is the through-plane
    axis, whatever spacing its header gives (slice files often state 1 mm).

    Examples:
        >>> through_plane_axis(Grid((512, 512, 80), (0.7, 0.7, 3.0)))
        2
        >>> through_plane_axis(Grid((9, 9, 9), (0.8, 0.8, 0.625)))
        2
    """
    single = [axis for axis in range(3) if grid.size[axis] == 1]
    if 1 <= len(single) < 3:
        return _last_largest(grid.spacing, single)
    for axis in (2, 1, 0):
        first, second = (grid.spacing[other] for other in range(3) if other != axis)
        if math.isclose(first, second, rel_tol=SQUARE):
            return axis
    return _last_largest(grid.spacing, range(3))


def _last_largest(spacing: Triple, axes: Sequence[int]) -> int:
    largest = max(spacing[axis] for axis in axes)
    return max(axis for axis in axes if math.isclose(spacing[axis], largest, rel_tol=SAME_SPACING))


def in_plane_axes(grid: Grid) -> tuple[int, int]:
    """Name the two axes other than the through-plane axis.

    Examples:
        >>> in_plane_axes(Grid((512, 512, 80), (0.7, 0.7, 3.0)))
        (0, 1)
    """
    first, second = (axis for axis in range(3) if axis != through_plane_axis(grid))
    return first, second


def in_plane_factors(grid: Grid, factor: float, through_plane: int | None = None) -> Triple:
    """Spread a factor over the axes i, j, k, but leave the through-plane axis (or the given one) alone.

    Examples:
        >>> in_plane_factors(Grid((512, 512, 80), (0.7, 0.7, 3.0)), 2)
        (2, 2, 1.0)
    """
    kept = through_plane_axis(grid) if through_plane is None else through_plane
    first, second, third = (1.0 if axis == kept else factor for axis in range(3))
    return first, second, third


def refine(grid: Grid, factors: Sequence[float]) -> Grid:
    """Make a finer (or coarser) grid that covers exactly the same field of view.

    The number of voxels is rounded, the spacing follows from it, so a factor that is not
    an integer is met as closely as whole voxels allow and the field of view stays exact.
    The first voxel's centre moves by half the change of spacing.

    Args:
        grid: The grid to refine.
        factors: New voxels for each old one along i, j, k; positive.

    Raises:
        GridError: A factor is not positive.

    Examples:
        >>> fine = refine(Grid((4, 4, 3), (1.0, 1.0, 5.0)), (2, 2, 1))
        >>> fine.size, fine.spacing, fine.origin
        ((8, 8, 3), (0.5, 0.5, 5.0), (-0.25, -0.25, 0.0))
    """
    if len(factors) != 3 or not all(math.isfinite(f) and f > 0 for f in factors):
        raise GridError(f"Refinement factors {tuple(factors)} are not allowed; give three positive numbers.")
    i, j, k = (max(1, round(n * f)) for n, f in zip(grid.size, factors, strict=True))
    spacing = np.asarray(grid.size) * np.asarray(grid.spacing) / np.asarray((i, j, k))
    # Centre of the first new voxel, in old index units: the old field of view starts at -0.5.
    origin = grid.index_to_world(0.5 * spacing / np.asarray(grid.spacing) - 0.5)
    return Grid((i, j, k), triple(spacing), triple(origin), grid.direction)


def triple(values: npt.ArrayLike) -> Triple:
    """Convert three numbers to plain floats."""
    first, second, third = (float(v) for v in np.asarray(values))
    return first, second, third


def check_shape(voxels: Array, grid: Grid) -> None:
    """Raise GridError unless the voxel array has the grid's shape."""
    if voxels.shape != grid.shape:
        raise GridError(f"The voxel array has shape {voxels.shape}, but its grid has shape {grid.shape}.")
