"""Maps of the features of gray level co-occurrence; formulas as in `exact.glcm`.

A neighbourhood has few pairs of voxels, so that most entries of its matrices are zero. Only the others are visited.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from ..exact.firstorder import EPSILON
from .maximal_correlation import second_singular_value
from .neighbourhood import look

NAMES = (
    "Autocorrelation", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast", "Correlation",
    "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "Id", "Idm", "Idmn", "Idn", "Imc1", "Imc2",
    "InverseVariance", "JointAverage", "JointEnergy", "JointEntropy", "MCC", "MaximumProbability", "SumAverage",
    "SumEntropy", "SumSquares",
)  # fmt: skip
"""Rows of what `cooccurrence_maps` fills."""
MCC = NAMES.index("MCC")
NEARLY_INDEPENDENT = 1e-9
"""Bits of mutual information below which rounding decides over Imc2."""


@compiled
def cooccurrence_maps(
    ranks: Any, places: Any, radii: Any, size: int, cells: Any, steps: Any, levels: Any,
    symmetrical: bool, weights: Any, with_mcc: bool, out: Any,
) -> None:  # fmt: skip
    """Compute the features around some voxels.

    Args:
        ranks: See `fill`.
        places: (n, 3).
        radii: Of the cube.
        size: Length of the cube's flat array.
        cells: See `Cube`.
        steps: In the flat array, to the neighbours; (a,).
        levels: Gray level of each rank, 0 first; float64.
        symmetrical: Count each pair from both ends.
        weights: (a,) to add the matrices of all directions; empty to average their features.
        with_mcc: Compute MCC, which takes longer than all others.
        out: (features, n), filled.
    """
    cube, near = np.zeros(size, np.uint16), np.zeros(size, np.int64)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    matrices = 1 if weights.size else steps.size
    merged = steps.size if weights.size else 1
    counts, value = np.zeros((cells.size, cells.size)), np.zeros(cells.size)
    most = min(cells.size**2, 2 * merged * cells.size)
    rows, columns = np.zeros(most, np.int64), np.zeros(most, np.int64)
    by_sum, by_difference = np.zeros(2 * int(levels[-1]) + 1), np.zeros(int(levels[-1]) + 1)
    px, py, b, space = np.zeros(cells.size), np.zeros(cells.size), np.zeros(counts.shape), np.zeros((6, cells.size))
    parent = np.zeros(2 * cells.size, np.int64)
    found, sums, defined = np.zeros(len(NAMES)), np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, value)
        for cell in cells:
            near[cell] = index[cube[cell]] + 1 if cube[cell] else 0
        sums[:], defined[:] = 0, 0
        for a in range(matrices):
            entries = 0
            for direction in range(a, a + merged):
                weight = weights[direction] if weights.size else 1.0
                entries = _count(near, cells, steps[direction], symmetrical, weight, counts, rows, columns, entries)
            if entries == 0:
                continue
            _features(
                counts, rows[:entries], columns[:entries], n, symmetrical, value, levels[-1], by_sum, by_difference,
                px, py, found,
            )  # fmt: skip
            found[MCC] = np.nan
            if with_mcc:
                found[MCC] = 1.0
                if levels.size > 2:
                    found[MCC] = second_singular_value(
                        counts, rows[:entries], columns[:entries], n, symmetrical, px, py, b, space, parent
                    )
            for entry in range(entries):
                counts[rows[entry], columns[entry]] = 0
            for feature in range(len(NAMES)):
                if not np.isnan(found[feature]):
                    sums[feature] += found[feature]
                    defined[feature] += 1
        for feature in range(len(NAMES)):
            out[feature, voxel] = sums[feature] / defined[feature] if defined[feature] else np.nan


@compiled
def _count(
    near: Any, cells: Any, step: int, symmetrical: bool, weight: float, counts: Any, rows: Any, columns: Any,
    entries: int,
) -> int:  # fmt: skip
    """Count the pairs of one direction, and list the entries that become positive; how many there are then.

    Of a symmetrical matrix one triangle is counted; pairs of one level count twice on its diagonal.
    """
    for cell in cells:
        here, there = near[cell] - 1, near[cell + step] - 1
        if here < 0 or there < 0:
            continue
        if symmetrical and here > there:
            here, there = there, here
        if counts[here, there] == 0:
            rows[entries], columns[entries] = here, there
            entries += 1
        counts[here, there] += 2 * weight if symmetrical and here == there else weight
    return entries


@compiled
def _features(
    counts: Any, rows: Any, columns: Any, n: int, symmetrical: bool, level: Any, highest: float, by_sum: Any,
    by_difference: Any, px: Any, py: Any, found: Any,
) -> None:  # fmt: skip
    """Compute all features but MCC of one matrix.

    Args:
        counts: The matrix.
        rows: Row of each entry that is not zero.
        columns: Its column.
        n: Rows in use.
        symmetrical: Entries off the diagonal stand for their mirror image too, which is not listed.
        level: Their gray levels.
        highest: Gray level of the lesion.
        by_sum: Zeros; and zeros again afterwards.
        by_difference: The same.
        px: Receives the sums of rows, as probabilities.
        py: Receives those of columns.
        found: Receives the features.
    """
    px[:n], py[:n] = 0, 0
    total = 0.0
    for entry in range(rows.size):
        i, j = rows[entry], columns[entry]
        total += 2 * counts[i, j] if symmetrical and i != j else counts[i, j]
    found[:] = 0.0
    hxy = 0.0
    for entry in range(rows.size):
        i, j = rows[entry], columns[entry]
        q = counts[i, j] / total
        times = 1.0
        px[i] += q
        py[j] += q
        if symmetrical and i != j:
            times = 2.0
            px[j] += q
            py[i] += q
        found[20] = max(found[20], q)
        found[17] += times * q * q
        hxy -= times * q * np.log2(q + EPSILON)
        q *= times
        by_sum[int(level[i] + level[j])] += q
        by_difference[int(abs(level[i] - level[j]))] += q
        found[0] += q * level[i] * level[j]
    ux, uy, hx, hy = 0.0, 0.0, 0.0, 0.0
    rows_present, columns_present = 0, 0
    for i in range(n):
        ux += level[i] * px[i]
        uy += level[i] * py[i]
        if px[i]:
            rows_present += 1
            hx -= px[i] * np.log2(px[i] + EPSILON)
        if py[i]:
            columns_present += 1
            hy -= py[i] * np.log2(py[i] + EPSILON)
    variance_x, variance_y, covariance = 0.0, 0.0, 0.0
    for i in range(n):
        variance_x += px[i] * (level[i] - ux) ** 2
        variance_y += py[i] * (level[i] - uy) ** 2
    for entry in range(rows.size):
        i, j = rows[entry], columns[entry]
        times = 2.0 if symmetrical and i != j else 1.0
        covariance += times * counts[i, j] / total * (level[i] - ux) * (level[j] - uy)
        k = int(level[i] + level[j])
        q = by_sum[k]
        if q:
            by_sum[k] = 0
            cluster = k - ux - uy
            square = cluster * cluster
            found[1] += q * square * square
            found[2] += q * square * cluster
            found[3] += q * square
            found[22] -= q * np.log2(q + EPSILON)
        k = int(abs(level[i] - level[j]))
        q = by_difference[k]
        if q:
            by_difference[k] = 0
            square = float(k * k)
            found[4] += q * square
            found[6] += q * k
            found[7] -= q * np.log2(q + EPSILON)
            found[9] += q / (1 + k)
            found[10] += q / (1 + square)
            found[11] += q / (1 + square / (highest * highest))
            found[12] += q / (1 + k / highest)
            if k > 0:
                found[15] += q / square
    found[8] = max(found[4] - found[6] * found[6], 0.0)
    deviations = np.sqrt(variance_x) * np.sqrt(variance_y)
    # Counted, because rounding leaves a deviation of one level alone at 0 or a whisker above.
    one_level = rows_present == 1 or columns_present == 1
    found[5] = 1.0 if one_level else covariance / (deviations + EPSILON)
    # Sums of p log(px py), by p or by px py, are the same: each is the entropy of both margins.
    larger = max(hx, hy)
    found[13] = 0.0 if larger <= 0 else (hxy - hx - hy) / larger  # a whisker below 0 of one level alone
    information = hx + hy - hxy
    if information < NEARLY_INDEPENDENT:
        information = _rounded_information(counts, total, symmetrical, px[:n], py[:n])
    if information == 0:
        found[14] = 0.0
    else:
        # Rounding may make it negative: not a number, and left out of the mean as in pyradiomics.
        argument = 1 - np.exp(-2 * information)
        found[14] = np.sqrt(argument) if argument >= 0 else np.nan
    found[16], found[18], found[21], found[23] = ux, hxy, ux + uy, variance_x


@compiled
def _rounded_information(counts: Any, total: float, symmetrical: bool, px: Any, py: Any) -> float:
    """Compute HXY2 - HXY in pyradiomics' order of sums, where only rounding is left of it."""
    hxy, hxy2 = 0.0, 0.0
    for i in range(px.size):
        for j in range(py.size):
            independent = px[i] * py[j]
            hxy2 -= independent * np.log2(independent + EPSILON)
            q = (counts[j, i] if symmetrical and i > j else counts[i, j]) / total
            if q:
                hxy -= q * np.log2(q + EPSILON)
    return hxy2 - hxy
