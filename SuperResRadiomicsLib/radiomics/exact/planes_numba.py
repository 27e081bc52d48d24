"""Outlines of a surface's planes and the largest distances in them, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...grid import BoolArray, FloatArray
from .compiling import compiled as _compile

Integers = npt.NDArray[np.int64]


@_compile
def _row_ends(mask: BoolArray, plane: int, low: Integers, high: Integers) -> None:
    """First and last vertex of each line along the columns of a plane, in half voxels; high is -1 where there is none.

    The surface's vertices are the middles of the edges between voxels inside and outside. A plane of an even number
    goes through the middles of voxels, one of an odd number between two slices.
    """
    rows, columns = mask.shape[1:]
    here = mask[plane // 2]
    high[:] = -1
    for row in range(rows):
        if plane % 2:
            other = mask[plane // 2 + 1, row]
            first = 0
            while first < columns and here[row, first] == other[first]:
                first += 1
            if first < columns:
                last = columns - 1
                while here[row, last] == other[last]:
                    last -= 1
                low[2 * row], high[2 * row] = 2 * first, 2 * last
            continue
        first = 0
        while first < columns and not here[row, first]:
            first += 1
        if first < columns:
            last = columns - 1
            while not here[row, last]:
                last -= 1
            low[2 * row], high[2 * row] = 2 * first - 1, 2 * last + 1
        if row + 1 < rows:
            first = 0
            while first < columns and here[row, first] == here[row + 1, first]:
                first += 1
            if first < columns:
                last = columns - 1
                while here[row, last] == here[row + 1, last]:
                    last -= 1
                low[2 * row + 1], high[2 * row + 1] = 2 * first, 2 * last


@_compile
def _hull(low: Integers, high: Integers, points: Integers) -> int:
    """Corners of the convex hull of the ends of rows (Andrew's monotone chain); returns how many are in ``points``."""
    count = 0
    for side in range(2):
        sign = 1 - 2 * side
        start = count
        for row in range(low.size):
            if high[row] < 0:
                continue
            column = high[row] if side else low[row]
            while count - start >= 2:
                rise = (points[count - 1, 0] - points[count - 2, 0]) * (column - points[count - 2, 1])
                run = (points[count - 1, 1] - points[count - 2, 1]) * (row - points[count - 2, 0])
                if sign * (rise - run) > 0:
                    break
                count -= 1
            points[count, 0], points[count, 1] = row, column
            count += 1
    return count


@_compile
def planes(mask: BoolArray, row_scale: float, column_scale: float) -> Any:
    """Find the largest distance between two vertices of a surface in one plane across the first axis.

    Args:
        mask: False on its border; bool (plane, row, column).
        row_scale: Half the distance between rows, in mm.
        column_scale: Half the distance between columns, in mm.

    Returns:
        The distance in mm; and the corners of the planes' convex hulls, among which all corners of the surface's hull
        are: plane, row and column in half voxels; int64 (n, 3).
    """
    slices, rows = mask.shape[:2]
    low, high = np.empty(2 * rows, np.int64), np.empty(2 * rows, np.int64)
    points = np.empty((4 * rows, 2), np.int64)
    corners = np.empty((64 * slices, 3), np.int64)
    found, largest = 0, 0.0
    for plane in range(2 * slices - 1):
        _row_ends(mask, plane, low, high)
        count = _hull(low, high, points)
        while found + count > corners.shape[0]:
            grown = np.empty((2 * corners.shape[0] + count, 3), np.int64)
            for corner in range(found):
                for axis in range(3):
                    grown[corner, axis] = corners[corner, axis]
            corners = grown
        for one in range(count):
            row, column = points[one, 0], points[one, 1]
            corners[found, 0], corners[found, 1], corners[found, 2] = plane, row, column
            found += 1
            for other in range(one):
                across = (row - points[other, 0]) * row_scale
                along = (column - points[other, 1]) * column_scale
                largest = max(largest, across * across + along * along)
    return largest**0.5, corners[:found].copy()


@_compile
def _squared(points: FloatArray, first: int, second: int) -> float:
    """Squared distance between two points."""
    a = points[first, 0] - points[second, 0]
    b = points[first, 1] - points[second, 1]
    c = points[first, 2] - points[second, 2]
    return a * a + b * b + c * c


@_compile
def span(corners: Integers, scale: FloatArray) -> float:
    """Find the largest distance between two corners of outlines.

    Two planes are compared only where it can be between them: their corners lie within circles about one axis.

    Args:
        corners: As from `planes`, ascending by plane; int64 (n, 3).
        scale: Half the voxel size in mm along the three axes.
    """
    points = corners * scale
    starts = np.empty(len(corners) + 1, np.int64)
    planes_count = 0
    for index in range(len(corners)):
        if index == 0 or corners[index, 0] != corners[index - 1, 0]:
            starts[planes_count] = index
            planes_count += 1
    starts[planes_count] = len(corners)
    row, column = (points[:, 1].min() + points[:, 1].max()) / 2, (points[:, 2].min() + points[:, 2].max()) / 2
    radius = np.zeros(planes_count)
    for plane in range(planes_count):
        for index in range(starts[plane], starts[plane + 1]):
            distance = ((points[index, 1] - row) ** 2 + (points[index, 2] - column) ** 2) ** 0.5
            radius[plane] = max(radius[plane], distance)
    largest, end = 0.0, 0
    for _ in range(3):  # From one end to the farthest other: nearly the largest distance, which spares most planes.
        start = end
        for index in range(len(points)):
            squared = _squared(points, start, index)
            if squared > largest:
                largest, end = squared, index
    for one in range(planes_count):
        for other in range(one, planes_count):
            apart = points[starts[other], 0] - points[starts[one], 0]
            # Rounding must not hide the largest distance.
            if (apart**2 + (radius[one] + radius[other]) ** 2) * (1 + 1e-12) <= largest:
                continue
            for first in range(starts[one], starts[one + 1]):
                for second in range(starts[other], starts[other + 1]):
                    largest = max(largest, _squared(points, first, second))
    return largest**0.5
