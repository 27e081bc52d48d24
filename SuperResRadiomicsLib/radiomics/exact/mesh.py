"""Surface of a mask by marching cubes: area, volume, diameters.

The surface runs through the middles of the edges between neighbouring voxels of which one is
inside (Lorensen and Cline, Computer Graphics 21 (1987) 163). In a cube of eight voxels it
consists of closed loops over such middles. pyradiomics' tables amount to three rules, from which
the loops and triangles of every cube are derived here:

- A cube and its complement have the same surface; of the two, the one without voxel (1, 1, 0)
  is taken.
- On a face where the surface could go two ways, it goes around the voxels inside.
- A loop is cut into a fan of triangles: of all fans the one of largest area, but for loops of seven
  the one that encloses least.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

from ...grid import BoolArray, FloatArray

Edge = tuple[int, int]

_CORNERS = np.array(list(product((0, 1), repeat=3)))
"""Corners of a cube as steps along k, j, i."""
_OUTSIDE = 6
"""Number of the corner (1, 1, 0)."""
_EDGES: list[Edge] = [(a, b) for a, b in combinations(range(8), 2) if np.abs(_CORNERS[a] - _CORNERS[b]).sum() == 1]
_FACES = [np.flatnonzero(_CORNERS[:, axis] == side).tolist() for axis, side in product(range(3), (0, 1))]
_ODD_LOOP = 7


@dataclass(frozen=True)
class Surface:
    """Surface of a mask.

    Attributes:
        area: In mm^2.
        volume: That it encloses, in mm^3.
    """

    area: float
    volume: float


def surface(mask: BoolArray, spacing: npt.ArrayLike) -> Surface:
    """Measure the surface of a mask.

    Args:
        mask: Boolean array [k, j, i], false on its border.
        spacing: Voxel size in mm along k, j, i.
    """
    corners, numbers = _cubes(mask)
    counts = np.bincount(numbers, minlength=256)
    sums = np.stack([np.bincount(numbers, weights=corner, minlength=256) for corner in corners], axis=1)
    scale = np.asarray(spacing, dtype=np.float64)
    kinds = np.flatnonzero(counts)
    fans = [_triangles(int(number)) for number in kinds]
    starts = np.cumsum([0, *map(len, fans[:-1])])
    first, second, third = np.moveaxis(np.concatenate(fans) * scale, 1, 0)
    # a x b . c, each moved by the place of the cube, summed over all cubes of a kind
    areas = np.cross(first - third, second - third) / 2
    volumes = np.einsum("td,td->t", np.cross(first, second), third)
    by_kind = [np.add.reduceat(values, starts) for values in (np.linalg.norm(areas, axis=1), volumes, areas)]
    moved = np.einsum("nd,nd->n", by_kind[2], sums[kinds] * scale)
    area = counts[kinds] @ by_kind[0]
    volume = counts[kinds] @ by_kind[1] / 6 + moved.sum() / 3
    return Surface(float(area), float(volume))


def _cubes(mask: BoolArray) -> tuple[tuple[npt.NDArray[np.intp], ...], npt.NDArray[np.uint8]]:
    """Places (first corners) and numbers of the cubes that the surface passes; bit c is corner c."""
    inside = mask.view(np.uint8)
    along_i = inside[:, :, :-1] | inside[:, :, 1:] << np.uint8(1)
    face = along_i[:, :-1] | along_i[:, 1:] << np.uint8(2)
    number = face[:-1] | face[1:] << np.uint8(4)
    passed = np.flatnonzero(number - np.uint8(1) < 254)  # neither 0 nor, all inside, 255
    return np.unravel_index(passed, number.shape), number.ravel()[passed]


@cache
def _triangles(number: int) -> FloatArray:
    """Triangles of a cube; float64 (t, 3 points, 3: k, j, i), counter-clockwise from outside."""
    if number >> _OUTSIDE & 1:
        return _triangles(255 - number)[:, ::-1]
    inside = [bool(number >> corner & 1) for corner in range(8)]
    fans = [_fan(_oriented(loop, inside)) for loop in _loops(inside)]
    return np.concatenate(fans) if fans else np.zeros((0, 3, 3))


def _loops(inside: list[bool]) -> list[list[Edge]]:
    """Follow the surface from edge to edge across the faces."""
    linked: dict[Edge, list[Edge]] = {edge: [] for edge in _EDGES if inside[edge[0]] != inside[edge[1]]}
    for face in _FACES:
        for first, second in _joined_across(face, list(linked), inside):
            linked[first].append(second)
            linked[second].append(first)
    loops = []
    while linked:
        edge = next(iter(linked))
        loop = []
        while edge in linked:
            loop.append(edge)
            onward = [other for other in linked.pop(edge) if other in linked]
            edge = onward[0] if onward else edge
        loops.append(loop)
    return loops


def _joined_across(face: list[int], crossed: list[Edge], inside: list[bool]) -> list[list[Edge]]:
    """Pair the edges of a face between which the surface runs; where all four are crossed, around the inner corners."""
    cut = [edge for edge in crossed if set(edge) <= set(face)]
    if not cut:
        return []
    if len(cut) == 2:
        return [cut]
    pairs = []
    for corner in face:
        if inside[corner]:
            pairs.append([edge for edge in cut if corner in edge])
    return pairs


def _oriented(loop: list[Edge], inside: list[bool]) -> FloatArray:
    """Middles of the edges of a loop, counter-clockwise from outside; (n, 3)."""
    points = np.array([_CORNERS[list(edge)].mean(axis=0) for edge in loop])
    outward = sum((_CORNERS[b] - _CORNERS[a]) * (1 if inside[a] else -1) for a, b in loop)
    normal = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)
    return points if normal @ outward > 0 else points[::-1]


def _fan(points: FloatArray) -> FloatArray:
    """Triangles (n - 2, 3, 3) that all meet in one point of a loop."""
    fans = []
    for start in range(len(points)):
        turned = np.roll(points, -start, axis=0)
        fans.append(np.stack([np.broadcast_to(turned[0], turned[2:].shape), turned[1:-1], turned[2:]], axis=1))
    if len(points) == _ODD_LOOP:
        return min(fans, key=_enclosed)
    return max(fans, key=_rounded_area)


def _enclosed(fan: FloatArray) -> float:
    """Six times the volume between a fan and the centre of the cube."""
    return float(np.linalg.det(fan - 0.5).sum())


def _rounded_area(fan: FloatArray) -> float:
    """Area of a fan; equal ones are not told apart by rounding."""
    normals = np.cross(fan[:, 1] - fan[:, 0], fan[:, 2] - fan[:, 0])
    return round(float(np.linalg.norm(normals, axis=1).sum()), 9)
