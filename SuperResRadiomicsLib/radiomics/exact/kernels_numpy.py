"""The sweeps of `kernels_numba` by numpy and scipy: the same integers, slower."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from .planes_numpy import planes as planes
from .planes_numpy import span as span

Integers = npt.NDArray[np.signedinteger[Any]]
Ranks = npt.NDArray[np.uint16]

NAME = f"numpy {np.__version__}"


def bin_numbers(values: FloatArray, edges: FloatArray) -> Integers:
    """Find the bins of values, from 1; int64 (n,)."""
    return np.digitize(values, edges)


def neighbours(
    ranks: Ranks, voxels: Integers, steps: Integers, values: Integers, alpha: int
) -> tuple[Integers, Integers, Integers]:
    """Count co-occurrence, dependence and gray tone difference; see `kernels_numba.neighbours`."""
    width, reach = values.size, 2 * steps.size + 1
    own = ranks[voxels].astype(np.int64)
    pairs = np.empty((width, width, steps.size), dtype=np.int64)
    total, inside, dependent = (np.zeros(voxels.size, dtype=np.int64) for _ in range(3))
    for index, step in enumerate(steps):
        for neighbour in (ranks[voxels - step], ranks[voxels + step]):
            total += values[neighbour]
            inside += neighbour != 0
            dependent += (neighbour != 0) & (np.abs(values[neighbour] - values[own]) <= alpha)
        pairs[:, :, index] = np.bincount(own * width + neighbour, minlength=width**2).reshape(width, width)
    dependence = np.bincount(own * reach + dependent, minlength=width * reach).reshape(width, reach)
    difference = np.zeros((width, reach), dtype=np.int64)
    np.add.at(difference, (own, inside), np.abs(inside * values[own] - total))
    return pairs, dependence, difference


def sums_and_differences(p: FloatArray, levels: Integers) -> tuple[FloatArray, FloatArray]:
    """Add probabilities by the sum and by the difference of two levels; see `kernels_numba.sums_and_differences`."""
    highest, directions = int(levels[-1]), p.shape[2]
    tables = []
    for of_pair, reach in ((levels[:, None] + levels, 2 * highest + 1), (np.abs(levels[:, None] - levels), highest)):
        cell = (of_pair[:, :, None] * directions + np.arange(directions)).ravel()
        table = np.bincount(cell, weights=p.ravel(), minlength=reach * directions)
        tables.append(table.reshape(reach, directions).astype(np.float64))
    return tables[0], tables[1]


def runs(ranks: Ranks, voxels: Integers, steps: Integers, ranks_count: int, longest: int) -> Integers:
    """Count runs by rank, length and step; see `kernels_numba.runs`.

    Laid out in columns as long as a step, the voxels of a run follow one another. The margin
    parts the columns.
    """
    counts = np.zeros((ranks_count, longest + 1, steps.size), dtype=np.int64)
    for index, step in enumerate(steps):
        columns = np.zeros((-(-ranks.size // step), step), dtype=ranks.dtype)
        columns.ravel()[: ranks.size] = ranks
        line = columns.T.ravel()
        starts = np.flatnonzero(np.diff(line, prepend=line[:1])) if line.size else line
        lengths = np.diff(starts, append=line.size)
        np.add.at(counts[:, :, index], (line[starts], np.where(line[starts] > 0, lengths, 0)), 1)
    return counts


def zones(ranks: Ranks, voxels: Integers, steps: Integers) -> tuple[Ranks, Integers]:
    """Rank and size of each zone; see `kernels_numba.zones`."""
    zone = zone_numbers(ranks, voxels, steps)
    sizes = np.bincount(zone)
    zone_ranks = np.empty(sizes.size, dtype=np.uint16)
    zone_ranks[zone] = ranks[voxels]
    return zone_ranks, sizes


def zone_numbers(ranks: Ranks, voxels: Integers, steps: Integers) -> Integers:
    """Tell the zone of each voxel by a number from 0: components of the graph of equal neighbours; (n,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    node = np.empty(ranks.size, dtype=np.int32)
    node[voxels] = np.arange(voxels.size, dtype=np.int32)
    first, second = [], []
    for step in steps:
        linked = voxels[ranks[voxels] == ranks[voxels + step]]
        first.append(node[linked])
        second.append(node[linked + step])
    ends = np.concatenate(first), np.concatenate(second)
    graph = coo_array((np.ones(ends[0].size, dtype=np.int8), ends), shape=(voxels.size, voxels.size))
    _, component = connected_components(graph, directed=False)
    numbers: Integers = component
    return numbers
