"""The sums that runs, zones and dependences share; see `exact.emphasis.size_statistics`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from ..exact.firstorder import EPSILON

STATISTICS = (
    "small", "large", "low", "high", "small low", "small high", "large low", "large high", "level nonuniformity",
    "level nonuniformity normalised", "size nonuniformity", "size nonuniformity normalised", "level variance",
    "size variance", "entropy", "percentage",
)  # fmt: skip
"""Names of `exact.emphasis`, in the order of the array that `summarise` fills."""


@compiled
def summarise(counts: Any, level_count: int, size_count: int, level: Any, found: Any) -> bool:
    """Compute the sums of one matrix.

    Args:
        counts: (levels, sizes) or larger, float64; sizes from 1.
        level_count: Rows in use.
        size_count: Columns in use.
        level: Gray levels of the rows, float64.
        found: Receives the values in the order of `STATISTICS`.

    Returns:
        False where the matrix is empty; ``found`` is not a number then.
    """
    total = 0.0
    for g in range(level_count):
        for s in range(size_count):
            total += counts[g, s]
    if total == 0:
        found[:] = np.nan
        return False
    found[:] = 0.0
    level_mean, size_mean, voxels = 0.0, 0.0, 0.0
    for g in range(level_count):
        row = 0.0
        for s in range(size_count):
            count = counts[g, s]
            if count == 0:
                continue
            size = s + 1.0
            row += count
            found[4] += count / (size * size * level[g] * level[g])
            found[5] += count * level[g] * level[g] / (size * size)
            found[6] += count * size * size / (level[g] * level[g])
            found[7] += count * size * size * level[g] * level[g]
            share = count / total
            found[14] -= share * np.log2(share + EPSILON)
        found[2] += row / (level[g] * level[g])
        found[3] += row * level[g] * level[g]
        found[8] += row * row
        level_mean += row / total * level[g]
    for s in range(size_count):
        column = 0.0
        for g in range(level_count):
            column += counts[g, s]
        size = s + 1.0
        found[0] += column / (size * size)
        found[1] += column * size * size
        found[10] += column * column
        size_mean += column / total * size
        voxels += column * size
    for g in range(level_count):
        for s in range(size_count):
            share = counts[g, s] / total
            found[12] += share * (level[g] - level_mean) ** 2
            found[13] += share * (s + 1.0 - size_mean) ** 2
    found[9], found[11] = found[8] / (total * total), found[10] / (total * total)
    for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10):
        found[number] /= total
    found[15] = total / voxels
    return True
