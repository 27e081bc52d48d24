"""Masks whose voxels are the image's, in another order or number: moved without interpolation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MaskError
from ..grid import Array, FloatArray, Grid, box_corners, field_of_view

SAID_FROM = 1e-4
"""Voxels: smaller differences are the rounding of headers."""
FAR_CORNER = "the farthest corner lies {voxels:.3g} voxels off"


@dataclass(frozen=True)
class Fitted:
    """An array on the image's grid.

    Attributes:
        voxels: [k, j, i], False or 0 where the mask does not reach.
        notes: What was done to it.
    """

    voxels: Array
    notes: tuple[str, ...] = ()


def fit_to_lattice(voxels: Array, mask_grid: Grid, grid: Grid, name: str, tolerance: float) -> Fitted:
    """Put a mask's voxels on the image's grid, where both have the same lattice of voxel centres.

    Args:
        voxels: Mask or labels [k, j, i] on ``mask_grid``.
        mask_grid: The mask's own grid.
        grid: The image's.
        name: What messages call the mask.
        tolerance: Voxels by which the two may differ at any corner.

    Raises:
        MaskError: Another lattice, or marked voxels outside of the image.
    """
    if mask_grid.matches(grid, tolerance):
        off = _corner_difference(mask_grid, grid)
        if off <= SAID_FROM:
            return Fitted(voxels)
        return Fitted(voxels, (f"The mask '{name}' lies {off:.2g} voxels off the image; it is taken to lie on it.",))
    steps = _whole_steps(mask_grid, grid, tolerance)
    if steps is None:
        raise MaskError(_other_grid(mask_grid, grid, name))
    order, signs, start = steps
    moved = np.transpose(voxels, tuple(2 - order[2 - axis] for axis in range(3)))
    for axis in range(3):
        if signs[2 - axis] < 0:
            moved = np.flip(moved, axis)
    placed, lost = _placed(moved, start[::-1], grid.shape)
    if lost and not placed.any():
        raise MaskError(_other_grid(mask_grid, grid, name))
    if lost:
        raise MaskError(
            f"The mask '{name}' marks {lost} voxels outside of the image. Choose the mask that was drawn on this "
            "image, or crop it to the image first."
        )
    what = "other voxel order" if order != (0, 1, 2) or min(signs) < 0 else "other extent"
    return Fitted(placed, (f"The mask '{name}' has the image's voxels in {what}; they were put in place, unchanged.",))


def same_lattice(mask_grid: Grid, grid: Grid, tolerance: float) -> bool:
    """Whether a mask's voxels are an image's, in any order or number.

    Args:
        mask_grid: The mask's grid.
        grid: The image's.
        tolerance: Voxels by which the two may differ at any corner.

    Examples:
        >>> fine = Grid((8, 8, 4), (0.5, 0.5, 2.0))
        >>> same_lattice(Grid((4, 4, 4), (0.5, 0.5, 2.0), (1.0, 1.0, 0.0)), fine, 1e-3)
        True
        >>> same_lattice(Grid((4, 4, 4), (1.0, 1.0, 2.0)), fine, 1e-3)
        False
    """
    return mask_grid.matches(grid, tolerance) or _whole_steps(mask_grid, grid, tolerance) is not None


def _whole_steps(
    mask_grid: Grid, grid: Grid, tolerance: float
) -> tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]] | None:
    """For each image axis the mask's axis along it, its sign, and where the mask begins; None on another lattice."""
    first = grid.world_to_index(mask_grid.index_to_world((0, 0, 0)))
    steps = grid.world_to_index(mask_grid.index_to_world(np.eye(3))) - first  # row a: one step along the mask's axis a
    whole = np.rint(steps)
    if not np.array_equal(np.abs(whole).sum(axis=0), np.ones(3)) or not np.array_equal(
        np.abs(whole).sum(axis=1), np.ones(3)
    ):
        return None
    last = np.asarray(mask_grid.size) - 1
    low = np.minimum(first, first + last @ whole)
    start = np.rint(low)
    corners = box_corners(0, last)
    off = np.abs(first + corners @ steps - (np.rint(first) + corners @ whole)).max()
    if off > tolerance:
        return None
    order, signs = np.abs(whole).argmax(axis=0), whole.sum(axis=0)
    return _three(order), _three(signs), _three(start)


def _three(values: FloatArray) -> tuple[int, int, int]:
    first, second, third = (int(value) for value in values)
    return first, second, third


def _placed(voxels: Array, start: tuple[int, ...], shape: tuple[int, int, int]) -> tuple[Array, int]:
    """Place the voxels in an array of the image's shape, and count the marked ones that did not fit."""
    placed = np.zeros(shape, dtype=voxels.dtype)
    target, source = [], []
    for begin, size, whole in zip(start, voxels.shape, shape, strict=True):
        low, high = max(begin, 0), min(begin + size, whole)
        if low >= high:
            return placed, int(np.count_nonzero(voxels))
        target.append(slice(low, high))
        source.append(slice(low - begin, high - begin))
    placed[tuple(target)] = voxels[tuple(source)]
    return placed, int(np.count_nonzero(voxels)) - int(np.count_nonzero(placed))


def _other_grid(mask_grid: Grid, grid: Grid, name: str) -> str:
    """How another grid differs, and what to do."""
    ours, theirs = field_of_view(grid), field_of_view(mask_grid)
    if (theirs.max(axis=0) <= ours.min(axis=0)).any() or (theirs.min(axis=0) >= ours.max(axis=0)).any():
        return (
            f"The mask '{name}' lies wholly outside the image. It belongs to another image: "
            "choose the mask that was drawn on this one."
        )
    return (
        f"The mask '{name}' lies on another grid than the image: {_differences(mask_grid, grid)}. Resample the mask "
        "onto the image's grid (nearest neighbour) first, or let a parameter file do it (correctMask: true). A "
        "difference that does not matter is let through by geometryTolerance in such a file."
    )


def _differences(mask_grid: Grid, grid: Grid) -> str:
    """Describe what differs between two grids, each with both values, and by how much."""
    told = [
        f"{what} {_shown(theirs)} against {_shown(ours)}{unit}"
        for what, theirs, ours, unit in (
            ("size", mask_grid.size, grid.size, ""),
            ("spacing", mask_grid.spacing, grid.spacing, " mm"),
            ("origin", mask_grid.origin, grid.origin, " mm"),
            ("direction", mask_grid.direction, grid.direction, ""),
        )
        if not np.allclose(theirs, ours, rtol=0, atol=1e-6)
    ]
    turned = np.reshape(mask_grid.direction, (3, 3)).T @ np.reshape(grid.direction, (3, 3))
    angle = float(np.degrees(np.arcsin(min(1.0, float(np.abs(turned - np.diag(np.diag(turned))).max())))))
    if angle > 1e-4:
        told.append(f"turned by {angle:.3g} degrees")
    if mask_grid.size == grid.size:
        told.append(FAR_CORNER.format(voxels=_corner_difference(mask_grid, grid)))
    return ", ".join(told)


def _corner_difference(mask_grid: Grid, grid: Grid) -> float:
    """How far in voxels corners of two grids of one size are apart, at most."""
    difference = np.abs(field_of_view(mask_grid) - field_of_view(grid)).max()
    return float(difference / min(grid.spacing))


def _shown(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.7g}" for value in values) + ")"
