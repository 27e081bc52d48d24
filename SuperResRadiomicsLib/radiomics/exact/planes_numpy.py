"""Outlines of a surface's planes by numpy; see `kernels_numba.planes`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

from ...grid import BoolArray, FloatArray

_PROJECTIONS = 32
"""Directions over half a turn by which planes are told apart; the largest projection of a plane falls short of its
diameter by 0.12% at most."""
_ROUNDING = 1e-9
_BLOCK = 256


def planes(mask: BoolArray, row_scale: float, column_scale: float) -> tuple[float, npt.NDArray[np.int64]]:
    """Find the largest distance in a plane, and the vertices that may lie on the hull of all."""
    vertices = _vertices(mask)
    largest = _largest_in_planes(vertices, np.array((row_scale, column_scale)))
    return largest, _ends_of_lines(vertices, (0, 1, 2))


def span(vertices: npt.NDArray[np.int64], scale: FloatArray) -> float:
    """Find the largest distance between two vertices (n, 3)."""
    points = vertices[ConvexHull(vertices).vertices] * scale
    blocks = range(0, len(points), _BLOCK)
    return float(max(cdist(points[at : at + _BLOCK], points[at:], "sqeuclidean").max() for at in blocks) ** 0.5)


def _vertices(mask: BoolArray) -> npt.NDArray[np.int64]:
    """Vertices (n, 3) in half voxels."""
    found = []
    for axis in range(3):
        places = 2 * np.stack(np.nonzero(np.diff(mask, axis=axis)), axis=1)
        places[:, axis] += 1
        found.append(places)
    return np.concatenate(found)


def _ends_of_lines(vertices: npt.NDArray[np.int64], axes: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Keep the first and the last vertex of each line along each axis: no other can be at a corner of a hull."""
    reach = int(vertices.max()) + 1
    for axis in axes:
        first, second = (other for other in range(3) if other != axis)
        line = vertices[:, first] * reach + vertices[:, second]
        order = np.argsort(line * reach + vertices[:, axis])
        starts = np.diff(line[order], prepend=-1) != 0
        vertices = vertices[order[starts | np.roll(starts, -1)]]
    return vertices


def _largest_in_planes(vertices: npt.NDArray[np.int64], scale: FloatArray) -> float:
    """Largest distance between two vertices of one plane across the first axis.

    Projections bound the diameter of each plane on both sides; only planes that may hold the largest
    are looked at in full.
    """
    vertices = _ends_of_lines(vertices, (1, 2))
    vertices = vertices[np.argsort(vertices[:, 0])]
    starts = np.flatnonzero(np.diff(vertices[:, 0], prepend=-1))
    points = vertices[:, 1:] * scale
    angles = np.arange(_PROJECTIONS) * np.pi / _PROJECTIONS
    projected = points @ np.stack([np.cos(angles), np.sin(angles)])
    widths = np.maximum.reduceat(projected, starts) - np.minimum.reduceat(projected, starts)
    at_least = widths.max(axis=1)
    at_most = at_least / np.cos(np.pi / _PROJECTIONS / 2)
    ends = np.append(starts[1:], len(points))
    candidates = np.flatnonzero(at_most >= at_least.max() * (1 - _ROUNDING))
    found = 0.0
    for plane in candidates:
        inside = points[starts[plane] : ends[plane]]
        found = max(found, float(cdist(inside, inside, "sqeuclidean").max()) ** 0.5)
    return found
