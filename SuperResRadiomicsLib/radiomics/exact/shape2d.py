"""pyradiomics' features of a flat lesion's outline (class ``shape2D``).

The outline runs through the middles of the edges between neighbouring pixels of which one is inside (marching squares).
Where two pixels inside touch at a corner only, it goes around each of them, as in pyradiomics' table.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import pdist

from ...grid import BoolArray, FloatArray

_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
DIAGONAL_AREA = 0.25
"""Share of a square with two opposite pixels inside that the outline encloses."""


def planar_shape_features(mask: BoolArray, spacing: tuple[float, float]) -> dict[str, float]:
    """Compute the 9 features.

    Args:
        mask: One slice, boolean [row, column], with at least one pixel.
        spacing: Pixel size in mm along rows and columns.

    Returns:
        Values by pyradiomics' names, lengths in mm.

    Examples:
        >>> found = planar_shape_features(np.ones((1, 2), dtype=bool), (1.0, 1.0))
        >>> found["PixelSurface"], found["MeshSurface"], found["MaximumDiameter"]
        (2.0, 1.5, 2.0)
    """
    padded = np.pad(mask, 1)
    perimeter, surface = _outline(padded, *spacing)
    minor, major = _axis_lengths(mask, spacing)
    return {
        "Elongation": minor / major if major else math.nan,
        "MajorAxisLength": major,
        "MaximumDiameter": float(pdist(_points(padded) * spacing).max()),
        "MeshSurface": surface,
        "MinorAxisLength": minor,
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": float(np.count_nonzero(mask) * spacing[0] * spacing[1]),
        "Sphericity": 2 * math.sqrt(math.pi * surface) / perimeter,
    }


def _outline(padded: BoolArray, height: float, width: float) -> tuple[float, float]:
    """Length of the outline and the area that it encloses, from the numbers of squares of four pixels of each kind."""
    rows, columns = padded.shape[0] - 1, padded.shape[1] - 1
    corners = [padded[j : j + rows, i : i + columns] for j, i in _CORNERS]
    inside = np.sum(corners, axis=0)
    along_row = (corners[0] == corners[1]) & (corners[2] == corners[3]) & (inside == 2)
    along_column = (corners[0] == corners[2]) & (corners[1] == corners[3]) & (inside == 2)
    diagonal = int(np.count_nonzero((inside == 2) & ~along_row & ~along_column))
    single, triple, full = (int(np.count_nonzero(inside == count)) for count in (1, 3, 4))
    horizontal, vertical = int(along_row.sum()), int(along_column.sum())
    cut = math.hypot(height, width) / 2
    perimeter = (single + triple + 2 * diagonal) * cut + horizontal * width + vertical * height
    area = single / 8 + (horizontal + vertical) / 2 + diagonal * DIAGONAL_AREA + triple * 7 / 8 + full
    return perimeter, area * height * width


def _points(padded: BoolArray) -> FloatArray:
    """Corners of the outline, in pixels; (n, 2)."""
    points = []
    for axis in range(2):
        places = np.argwhere(np.diff(padded.astype(np.int8), axis=axis)).astype(np.float64)
        places[:, axis] += 0.5
        points.append(places)
    return np.concatenate(points)


def _axis_lengths(mask: BoolArray, spacing: tuple[float, float]) -> tuple[float, float]:
    """Minor and major axis: four standard deviations of the pixels along the principal axes."""
    places = np.argwhere(mask) * spacing
    centred = places - places.mean(axis=0)
    minor, major = 4 * np.sqrt(np.maximum(np.linalg.eigvalsh(centred.T @ centred / len(places)), 0))
    return float(minor), float(major)
