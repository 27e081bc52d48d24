"""Closed planar contours to voxels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ..errors import MaskError
from ..grid import BoolArray, FloatArray, Grid

DECIMALS = 3
"""Vertices are snapped to this many decimals of a voxel: DICOM's decimal text is no more exact than that."""
SAME_PLANE = 0.1
"""Contours nearer to each other than this many slices lie in one plane."""
Plane = tuple[float, list[FloatArray]]


def rasterise_contours(contours: Sequence[FloatArray], grid: Grid) -> BoolArray:
    """Fill closed contours that are parallel to a grid's slices.

    A voxel is inside where its centre is. Contours of one plane are combined by exclusive or, so an inner contour
    is a hole and an island in the hole is filled again; the same contour once more changes nothing. A plane counts
    for the nearest slice; of several planes at one slice the nearest counts. What lies outside the grid is left out.

    Args:
        contours: Vertices (n, 3) of each contour; world positions (LPS) in mm.
        grid: Where to fill; its slices are perpendicular to the axis k.

    Returns:
        bool [k, j, i].

    Raises:
        MaskError: A contour has fewer than three vertices or leaves the plane of a slice.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    for number, (_, polygons) in _planes_of_slices(contours, grid).items():
        if 0 <= number < len(mask):
            mask[number] = fill_polygons(polygons, mask.shape[1:])
    return mask


def contour_notes(contours: Sequence[FloatArray], grid: Grid, name: str) -> list[str]:
    """Note contours that do not fit an image or one another.

    Args:
        contours: As for `rasterise_contours`.
        grid: Likewise.
        name: What the notes call them.

    Returns:
        Sentences on contours that lie between slices, reach out of the image, or overlap without one being inside the
        other.
    """
    planes = _planes_of_slices(contours, grid)
    notes = []
    between = max((abs(level - number) for number, (level, _) in planes.items()), default=0.0)
    if between > SAME_PLANE:
        notes.append(
            f"The contours of '{name}' lie up to {between:.2f} slices beside the image's slices; each counts for the "
            "nearest. Were they drawn on another series?"
        )
    if any(_leaves(number, polygons, grid) for number, (_, polygons) in planes.items()):
        notes.append(f"The contours of '{name}' reach out of the image, where the lesion is cut off.")
    if any(_overlap(polygons, grid) for _, polygons in planes.values()):
        notes.append(
            f"Contours of '{name}' overlap in one slice, and neither lies inside the other; what both enclose counts "
            "as outside."
        )
    return notes


def _leaves(number: int, polygons: Sequence[FloatArray], grid: Grid) -> bool:
    """Say whether the contours of a slice reach out of the image, by more than rounding in its plane."""
    i, j, k = grid.size
    points = np.concatenate(polygons)
    return not (0 <= number < k and (points >= -1.5).all() and (points <= np.array([i, j]) + 0.5).all())


def _overlap(polygons: Sequence[FloatArray], grid: Grid) -> bool:
    """Say whether two polygons have voxels in common, and each some of its own."""
    filled = [fill_polygons([polygon], grid.shape[1:]) for polygon in polygons]
    for first, second in itertools.combinations(filled, 2):
        common = int((first & second).sum())
        if common not in (0, int(first.sum()), int(second.sum())):
            return True
    return False


def skipped_slices(mask: BoolArray) -> list[int]:
    """List the slices without a voxel between the first and the last that has one.

    Examples:
        >>> skipped_slices(np.array([[[True]], [[False]], [[True]], [[False]]]))
        [1]
    """
    filled = np.flatnonzero(mask.any(axis=(1, 2)))
    if not filled.size:
        return []
    return [number for number in range(int(filled[0]), int(filled[-1])) if number not in set(filled.tolist())]


def _planes_of_slices(contours: Sequence[FloatArray], grid: Grid) -> dict[int, Plane]:
    """Find the plane that counts for each slice: its level in slices, and its polygons."""
    planes: list[Plane] = []
    for level, polygon in sorted((_flatten(contour, grid) for contour in contours), key=lambda item: item[0]):
        if not planes or level - planes[-1][0] > SAME_PLANE:
            planes.append((level, []))
        polygons = planes[-1][1]
        if not any(np.array_equal(polygon, known) for known in polygons):
            polygons.append(polygon)
    slices: dict[int, Plane] = {}
    # The nearest plane of a slice comes first and stays.
    for plane in sorted(planes, key=lambda plane: abs(plane[0] - math.floor(plane[0] + 0.5))):
        slices.setdefault(math.floor(plane[0] + 0.5), plane)
    return slices


def _flatten(contour: FloatArray, grid: Grid) -> tuple[float, FloatArray]:
    """Find a contour's level along k, in slices, and its vertices (n, 2) along i and j, in voxels."""
    index = np.round(grid.world_to_index(contour), DECIMALS)
    if len(index) < 3:
        raise MaskError(f"A contour has {len(index)} vertices; a closed contour needs at least three.")
    if np.ptp(index[:, 2]) > 2 * SAME_PLANE:
        raise MaskError(
            f"A contour reaches over {np.ptp(index[:, 2]):.1f} slices; contours parallel to the image's slices "
            "are needed. Choose the series that they were drawn on."
        )
    return float(index[:, 2].mean()), index[:, :2]


def fill_polygons(polygons: Sequence[FloatArray], shape: tuple[int, int]) -> BoolArray:
    """Fill polygons by the even-odd rule at pixel centres.

    A centre on the low edge of a polygon is inside, one on the high edge is not, so two polygons that
    share an edge share no pixel.

    Args:
        polygons: Vertices (n, 2) of each polygon: column, row; pixel centres have whole numbers.
        shape: Height and width of the image.

    Returns:
        bool (height, width).
    """
    height, width = shape
    # Each edge flips, in the rows that it crosses, all pixels to its right.
    flips = np.zeros((height, width + 1), dtype=np.int64)
    for polygon in polygons:
        for (x, y), (next_x, next_y) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            low, high = sorted((math.ceil(y), math.ceil(next_y)))
            rows = np.arange(max(low, 0), min(high, height))
            if rows.size:
                columns = np.ceil(x + (rows - y) * (next_x - x) / (next_y - y))
                flips[rows, np.clip(columns, 0, width).astype(np.intp)] += 1
    return np.cumsum(flips[:, :-1], axis=1) % 2 == 1
