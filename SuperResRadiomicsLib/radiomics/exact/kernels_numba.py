"""Sweeps over a lesion, compiled by numba; kept on disk, so that only the first process waits for it.

All take the lesion in the form of `Layout`: a flat array of ranks that is 0 outside, with a
margin as wide as any step, so that no neighbour needs a check of its place.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from .compiling import compiled as _compile
from .planes_numba import planes as planes
from .planes_numba import span as span

Integers = npt.NDArray[np.signedinteger[Any]]
Ranks = npt.NDArray[np.uint16]

NAME = f"numba {numba.__version__}"


@_compile
def bin_numbers(values: FloatArray, edges: FloatArray) -> Any:
    """Bin like ``numpy.digitize``, for edges (at least two, ascending) that are evenly spaced but for rounding.

    Returns:
        Bins from 1; int32 (n,).
    """
    scale = 1.0 / (edges[1] - edges[0])
    last = edges.size - 2
    bins = np.empty(values.size, np.int32)
    for index in range(values.size):
        value = values[index]
        guess = min(max(int((value - edges[0]) * scale), 0), last)
        while guess > 0 and value < edges[guess]:
            guess -= 1
        while guess < last and value >= edges[guess + 1]:
            guess += 1
        bins[index] = guess + 1
    return bins


@_compile
def neighbours(ranks: Ranks, voxels: Integers, steps: Integers, values: Integers, alpha: int) -> Any:
    """Look from each voxel along all steps, both ways: co-occurrence, dependence and gray tone difference.

    Args:
        ranks: Flat lesion; uint16.
        voxels: Places of its voxels in there; int32 (n,).
        steps: Distances in there to the neighbours ahead; int64 (a,).
        values: Gray level of each rank, 0 first; int64 (g + 1,).
        alpha: Neighbours whose gray levels differ by no more are dependent.

    Returns:
        Three arrays of counts. (g + 1, g + 1, a): pairs of ranks at each step. (g + 1, 2a + 1): voxels
        by rank and number of neighbours of equal rank. (g + 1, 2a + 1): by rank and number c of
        neighbours, the sum of magnitude of c * level - sum of the neighbours' levels.
    """
    ranks_count, steps_count = values.size, steps.size
    pairs = np.zeros((ranks_count, ranks_count, steps_count), np.int32)
    dependence = np.zeros((ranks_count, 2 * steps_count + 1), np.int64)
    difference = np.zeros((ranks_count, 2 * steps_count + 1), np.int64)
    for voxel in voxels:
        rank = ranks[voxel]
        level = values[rank]
        total, inside, dependent = 0, 0, 0
        for step in range(steps_count):
            ahead, behind = ranks[voxel + steps[step]], ranks[voxel - steps[step]]
            pairs[rank, ahead, step] += 1
            total += values[ahead] + values[behind]
            inside += (ahead != 0) + (behind != 0)
            dependent += (ahead != 0) & (abs(values[ahead] - level) <= alpha)
            dependent += (behind != 0) & (abs(values[behind] - level) <= alpha)
        dependence[rank, dependent] += 1
        difference[rank, inside] += abs(inside * level - total)
    return pairs, dependence, difference


@_compile
def runs(ranks: Ranks, voxels: Integers, steps: Integers, ranks_count: int, longest: int) -> Any:
    """Count runs of equal rank.

    Each voxel learns its place in its run from the voxel before it; as many runs are at least
    l long as voxels are at place l. Only the places one step back are kept: a ring of them.

    Args:
        ranks: Flat lesion; uint16.
        voxels: Places of its voxels in there, ascending; int32 (n,).
        steps: Distances in there to the next voxel of a run, positive; int64 (a,).
        ranks_count: Number of ranks and one for the outside.
        longest: No run is longer.

    Returns:
        (ranks_count, longest + 1, a): runs by rank, length and step; int32.
    """
    ring = 1
    while ring <= steps.max():
        ring *= 2
    place = np.zeros((ring, steps.size), np.uint16)
    at_least = np.zeros((ranks_count, longest + 2, steps.size), np.int32)
    for voxel in voxels:
        rank, here = ranks[voxel], voxel & (ring - 1)
        for step in range(steps.size):
            before = voxel - steps[step]
            length = place[before & (ring - 1), step] * (ranks[before] == rank) + 1
            place[here, step] = length
            at_least[rank, length, step] += 1
    return at_least[:, :-1] - at_least[:, 1:]


@_compile
def zones(ranks: Ranks, voxels: Integers, steps: Integers) -> Any:
    """Find zones of equal rank that hang together, by flood fill.

    Args:
        ranks: Flat lesion; uint16.
        voxels: Places of its voxels in there; int32 (n,).
        steps: Distances in there to the adjacent voxels ahead; int64 (a,).

    Returns:
        Rank (uint16) and number of voxels (int32) of each zone.
    """
    left = ranks.copy()
    stack = np.empty(voxels.size, np.int32)
    zone_ranks = np.empty(voxels.size, np.uint16)
    sizes = np.empty(voxels.size, np.int32)
    found = 0
    for start in voxels:
        rank = left[start]
        if rank == 0:
            continue
        left[start] = 0
        stack[0] = start
        waiting, size = 1, 0
        while waiting > 0:
            waiting -= 1
            voxel = stack[waiting]
            size += 1
            for step in steps:
                for neighbour in (voxel + step, voxel - step):
                    if left[neighbour] == rank:
                        left[neighbour] = 0
                        stack[waiting] = neighbour
                        waiting += 1
        zone_ranks[found] = rank
        sizes[found] = size
        found += 1
    return zone_ranks[:found].copy(), sizes[:found].copy()
