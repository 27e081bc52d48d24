"""The plane in which slices were acquired."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from ..grid import Grid, through_plane_axis
from .choices import PLANES

WORLD_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}
"""World axis (x, y, z) across each plane."""
SAME_SPACING = 1e-3


def slice_axis(grid: Grid, acquired: int | None = None) -> int:
    """Find the axis (0 = i, 1 = j, 2 = k) across the slices: as acquired where that is known, else by the spacing.

    Examples:
        >>> slice_axis(Grid((64, 64, 20), (0.7, 0.7, 3.0))), slice_axis(Grid((64, 64, 20), (0.7, 0.7, 3.0)), 0)
        (2, 0)
    """
    return through_plane_axis(grid) if acquired is None else acquired


def axis_of_plane(grid: Grid, plane: str) -> int:
    """Find the grid's axis (0 = i, 1 = j, 2 = k) that is most nearly across a plane.

    Examples:
        >>> axis_of_plane(Grid((4, 4, 4), (1.0, 1.0, 1.0)), "coronal")
        1
    """
    return int(_axes_of_world(grid)[WORLD_AXIS[plane]])


def plane_of_axis(grid: Grid, axis: int) -> str:
    """Find the plane that an axis of the grid is most nearly across."""
    world = _axes_of_world(grid).tolist().index(axis)
    return next(plane for plane in PLANES if WORLD_AXIS[plane] == world)


def _axes_of_world(grid: Grid) -> npt.NDArray[np.intp]:
    """Find the grid's axis for each of the world's x, y, z: each once, so that they fit best together."""
    cosines = np.abs(np.reshape(grid.direction, (3, 3)))
    return np.asarray(linear_sum_assignment(cosines, maximize=True)[1])


def guessed_plane_note(grid: Grid, name: str) -> str | None:
    """Note that the spacing does not tell the plane: no axis has slices thicker than its pixels.

    Returns:
        A sentence, or None where the plane is clear.
    """
    if 1 in grid.size:
        return None
    axis = through_plane_axis(grid)
    others = [spacing for number, spacing in enumerate(grid.spacing) if number != axis]
    if grid.spacing[axis] > max(others) * (1 + SAME_SPACING):
        return None
    shown = " x ".join(f"{spacing:.3g}" for spacing in grid.spacing)
    return (
        f"The voxels of '{name}' ({shown} mm) do not tell in which plane its slices were acquired; it is taken for "
        f"{plane_of_axis(grid, axis)} (slices along {'ijk'[axis]}). State another one with --plane."
    )
