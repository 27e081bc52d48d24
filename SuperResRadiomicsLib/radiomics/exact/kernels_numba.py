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
from .recursive_numba import filter_lines as filter_lines

Integers = npt.NDArray[np.signedinteger[Any]]
Ranks = npt.NDArray[np.uint16]

NAME = f"numba {numba.__version__}"
BLOCK = 2048
"""So many places in the flat lesion are looked at together: what is known of them fits into the first cache."""
WORTH_SPLITTING = 16
"""A loop over fewer places gains nothing from vector instructions."""


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


def neighbours(ranks: Ranks, voxels: Integers, steps: Integers, values: Integers, alpha: int) -> Any:
    """Look from each voxel along all steps, both ways: co-occurrence, dependence and gray tone difference.

    Args:
        ranks: Flat lesion; uint16.
        voxels: Places of its voxels in there, ascending; int32 (n,).
        steps: Distances in there to the neighbours ahead; int64 (a,).
        values: Gray level of each rank, 0 first; int64 (g + 1,).
        alpha: Neighbours whose gray levels differ by no more are dependent.

    Returns:
        Three arrays of counts. (g + 1, g + 1, a): pairs of ranks at each step. (g + 1, 2a + 1): voxels
        by rank and number of neighbours of equal rank. (g + 1, 2a + 1): by rank and number c of
        neighbours, the sum of magnitude of c * level - sum of the neighbours' levels.
    """
    # Twice as many numbers of 32 bits are added at once; they must hold the sum of all neighbours' levels.
    short = (2 * steps.size + 1) * (int(values[-1]) + alpha) < np.iinfo(np.int32).max
    levels = values.astype(np.int32 if short else np.int64)
    pairs, dependence, difference = _neighbours(ranks, voxels, steps, levels, alpha)
    return pairs.reshape(steps.size, values.size, values.size).transpose(1, 2, 0), dependence, difference


@_compile
def _neighbours(ranks: Ranks, voxels: Integers, steps: Integers, values: Integers, alpha: int) -> Any:
    """Look from a block of places at a time along one step after the other: such loops become vector instructions."""
    ranks_count, steps_count = values.size, steps.size
    pairs = np.zeros((steps_count, ranks_count * ranks_count), np.int32)
    dependence = np.zeros((ranks_count, 2 * steps_count + 1), np.int64)
    difference = np.zeros((ranks_count, 2 * steps_count + 1), np.int64)
    levels = np.empty(ranks.size, values.dtype)
    for place in range(ranks.size):
        levels[place] = values[ranks[place]]
    total, inside = np.empty(BLOCK, values.dtype), np.empty(BLOCK, values.dtype)
    dependent = np.empty(BLOCK, values.dtype)
    least, most = np.empty(BLOCK, values.dtype), np.empty(BLOCK, values.dtype)
    row = np.empty(BLOCK, np.uint32)
    first = 0
    while first < voxels.size:
        start, last = voxels[first], first
        while last < voxels.size and voxels[last] < start + BLOCK:
            last += 1
        for index in range(first, last):
            row[index - first] = ranks[voxels[index]] * ranks_count
        count = voxels[last - 1] + 1 - start
        for place in range(count):
            total[place], inside[place], dependent[place] = 0, 0, 0
            level = levels[start + place]
            least[place], most[place] = max(level - alpha, 1), level + alpha
        for step in range(steps_count):
            ahead = levels[start + steps[step] : start + steps[step] + count]
            behind = levels[start - steps[step] : start - steps[step] + count]
            for place in range(count):
                total[place] += ahead[place] + behind[place]
                inside[place] += (ahead[place] != 0) + (behind[place] != 0)
                dependent[place] += (ahead[place] >= least[place]) & (ahead[place] <= most[place])
                dependent[place] += (behind[place] >= least[place]) & (behind[place] <= most[place])
            table, far = pairs[step], steps[step]
            for index in range(first, last):
                # Unsigned: a place that might be negative would be looked at twice.
                neighbour = np.uint64(voxels[index] + far)
                table[row[index - first] + np.uint32(ranks[neighbour])] += 1
        for index in range(first, last):
            voxel = voxels[index]
            rank, place = ranks[voxel], voxel - start
            dependence[rank, dependent[place]] += 1
            difference[rank, inside[place]] += abs(inside[place] * np.int64(values[rank]) - total[place])
        first = last
    return pairs, dependence, difference


@_compile
def sums_and_differences(p: FloatArray, levels: Integers) -> Any:
    """Add the probabilities of pairs by the sum of their two levels and by their difference.

    Args:
        p: Probabilities by two levels and direction; (g, g, a).
        levels: Gray levels, ascending; int64 (g,).

    Returns:
        By sum and by difference, each from 0; (k, a).
    """
    count, _, directions = p.shape
    by_sum = np.zeros((2 * levels[-1] + 1, directions))
    by_difference = np.zeros((levels[-1], directions))
    for first in range(count):
        for second in range(count):
            total, apart = levels[first] + levels[second], abs(levels[first] - levels[second])
            for direction in range(directions):
                by_sum[total, direction] += p[first, second, direction]
                by_difference[apart, direction] += p[first, second, direction]
    return by_sum, by_difference


def runs(ranks: Ranks, voxels: Integers, steps: Integers, ranks_count: int, longest: int) -> Any:
    """Count runs of equal rank.

    Each voxel learns its place in its run from the voxel before it; as many runs are at least
    l long as voxels are at place l.

    Args:
        ranks: Flat lesion; uint16.
        voxels: Places of its voxels in there, ascending; int32 (n,).
        steps: Distances in there to the next voxel of a run, positive; int64 (a,).
        ranks_count: Number of ranks and one for the outside.
        longest: No run is longer.

    Returns:
        (ranks_count, longest + 1, a): runs by rank, length and step; int32.
    """
    # What numpy does in no time here would take seconds to compile.
    counts = _places_in_runs(ranks, voxels, steps, ranks_count, longest + 2).reshape(steps.size, ranks_count, -1)
    return (counts[:, :, :-1] - counts[:, :, 1:]).transpose(1, 2, 0)


@_compile
def _places_in_runs(ranks: Ranks, voxels: Integers, steps: Integers, ranks_count: int, width: int) -> Any:
    """Count the voxels at each place in a run; (a, ranks_count * width)."""
    row = np.empty(voxels.size, np.uint32)
    for index in range(voxels.size):
        row[index] = ranks[voxels[index]] * width
    lengths = np.zeros(ranks.size, np.uint16)
    at_least = np.zeros((steps.size, ranks_count * width), np.int32)
    for step in range(steps.size):
        _extend_runs(ranks, lengths, voxels[0], voxels[-1] + 1, steps[step])
        table = at_least[step]
        for index in range(voxels.size):
            table[row[index] + np.uint32(lengths[np.uint64(voxels[index])])] += 1
    return at_least


@_compile
def _extend_runs(ranks: Ranks, lengths: Ranks, first: int, end: int, far: int) -> None:
    """Tell each place from the first to the end how long the run behind it is, with itself, along a step.

    As many places as a step is long do not depend on one another: such a loop becomes vector instructions.
    """
    at_once = far if far >= WORTH_SPLITTING else end - first
    for start in range(first, end, at_once):
        stop = min(start + at_once, end)
        here, before = ranks[start:stop], ranks[start - far : stop - far]
        length, earlier = lengths[start:stop], lengths[start - far : stop - far]
        for place in range(stop - start):
            length[place] = earlier[place] * (here[place] == before[place]) + 1


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
