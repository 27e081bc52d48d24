"""Maps of the features of runs, zones and dependences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from .neighbourhood import look
from .sizes import STATISTICS, summarise


@compiled
def run_maps(
    ranks: Any, places: Any, radii: Any, size: int, cells: Any, line_cells: Any, line_starts: Any, first_lines: Any,
    levels: Any, weights: Any, out: Any,
) -> None:  # fmt: skip
    """Compute the statistics of gray level runs around some voxels, averaged over directions.

    Directions along which every line meets the lesion in one voxel at most are left out, as in pyradiomics.

    Args:
        ranks: See `fill`.
        places: (n, 3).
        radii: Of the cube.
        size: Length of the cube's flat array.
        cells: See `Cube`.
        line_cells: See `Cube.lines`; so are the next two.
        line_starts: Where each line starts.
        first_lines: The first line of each direction.
        levels: Gray level of each rank, 0 first; float64.
        weights: (a,) to add the matrices of all directions; empty to average their features.
        out: (statistics, n), filled.
    """
    cube = np.zeros(size, np.uint16)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    longest = 2 * max(radii) + 1
    counts, value, found = np.zeros((cells.size, longest)), np.zeros(cells.size), np.zeros(len(STATISTICS))
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, value)
        counts[:n] = 0
        sums, used = np.zeros(len(STATISTICS)), 0
        for a in range(first_lines.size - 1):
            if not weights.size:
                counts[:n] = 0
            weight = weights[a] if weights.size else 1.0
            if not _crossed_twice(cube, line_cells, line_starts, first_lines[a], first_lines[a + 1]):
                continue
            for line in range(first_lines[a], first_lines[a + 1]):
                _count_runs(cube, line_cells[line_starts[line] : line_starts[line + 1]], index, weight, counts)
            if not weights.size and summarise(counts, n, longest, value, found):
                sums += found
                used += 1
        if weights.size and summarise(counts, n, longest, value, found):
            sums += found
            used = 1
        if used:
            out[:, voxel] = sums / used


@compiled
def _crossed_twice(cube: Any, line_cells: Any, line_starts: Any, first: int, last: int) -> bool:
    """Whether some line of a direction meets the lesion in two voxels."""
    for line in range(first, last):
        met = 0
        for at in range(line_starts[line], line_starts[line + 1]):
            if cube[line_cells[at]]:
                met += 1
        if met > 1:
            return True
    return False


@compiled
def _count_runs(cube: Any, line: Any, index: Any, weight: float, counts: Any) -> None:
    rank, length = 0, 0
    for cell in line:
        here = cube[cell]
        if here == rank:
            length += 1
            continue
        if rank:
            counts[index[rank], length - 1] += weight
        rank, length = here, 1
    if rank:
        counts[index[rank], length - 1] += weight


@compiled
def zone_maps(ranks: Any, places: Any, radii: Any, size: int, cells: Any, steps: Any, levels: Any, out: Any) -> None:
    """Compute the statistics of gray level zones around some voxels.

    Args:
        ranks: See `fill`.
        places: (n, 3).
        radii: Of the cube.
        size: Length of the cube's flat array.
        cells: See `Cube`.
        steps: In the flat array to adjacent voxels, one of each opposite pair.
        levels: Gray level of each rank, 0 first; float64.
        out: (statistics, n), filled.
    """
    cube = np.zeros(size, np.uint16)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    counts, value, found = np.zeros((cells.size, cells.size)), np.zeros(cells.size), np.zeros(len(STATISTICS))
    waiting = np.zeros(cells.size, np.int64)
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, value)
        counts[:n] = 0
        largest = 0
        for cell in cells:
            rank = cube[cell]
            if rank == 0:
                continue
            cube[cell] = 0
            waiting[0] = cell
            left, voxels = 1, 0
            while left:
                left -= 1
                here = waiting[left]
                voxels += 1
                for step in steps:
                    for there in (here + step, here - step):
                        if cube[there] == rank:
                            cube[there] = 0
                            waiting[left] = there
                            left += 1
            counts[index[rank], voxels - 1] += 1
            largest = max(largest, voxels)
        summarise(counts, n, largest, value, found)
        out[:, voxel] = found


@compiled
def dependence_maps(
    ranks: Any, places: Any, radii: Any, size: int, cells: Any, steps: Any, levels: Any, alpha: float, out: Any
) -> None:
    """Compute the statistics of gray level dependence around some voxels.

    Args:
        ranks: See `fill`.
        places: (n, 3).
        radii: Of the cube.
        size: Length of the cube's flat array.
        cells: See `Cube`.
        steps: In the flat array to the neighbours, one of each opposite pair.
        levels: Gray level of each rank, 0 first; float64.
        alpha: Neighbours whose gray levels differ by no more are dependent.
        out: (statistics, n), filled.
    """
    cube = np.zeros(size, np.uint16)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    most = 2 * steps.size + 1
    counts, value, found = np.zeros((cells.size, most)), np.zeros(cells.size), np.zeros(len(STATISTICS))
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, value)
        counts[:n] = 0
        for cell in cells:
            rank = cube[cell]
            if rank == 0:
                continue
            dependent = 0
            for step in steps:
                for there in (cube[cell + step], cube[cell - step]):
                    if there and abs(levels[there] - levels[rank]) <= alpha:
                        dependent += 1
            counts[index[rank], dependent] += 1
        summarise(counts, n, most, value, found)
        out[:, voxel] = found
