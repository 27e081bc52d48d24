"""Maps of the features of gray level co-occurrence; formulas as in `exact.glcm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from ..exact.firstorder import EPSILON
from .eigenvalues import eigenvalues, tridiagonalise
from .neighbourhood import look

NAMES = (
    "Autocorrelation", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast", "Correlation",
    "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "Id", "Idm", "Idmn", "Idn", "Imc1", "Imc2",
    "InverseVariance", "JointAverage", "JointEnergy", "JointEntropy", "MCC", "MaximumProbability", "SumAverage",
    "SumEntropy", "SumSquares",
)  # fmt: skip
"""Rows of what `cooccurrence_maps` fills."""
MCC = NAMES.index("MCC")


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
    cube = np.zeros(size, np.uint16)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    matrices = 1 if weights.size else steps.size
    counts = np.zeros((matrices, cells.size, cells.size))
    value = np.zeros(cells.size)
    highest = levels[-1]
    by_sum, by_difference = np.zeros(2 * int(highest) + 1), np.zeros(int(highest) + 1)
    found = np.zeros(len(NAMES))
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, value)
        counts[:, :n, :n] = 0
        for cell in cells:
            if cube[cell] == 0:
                continue
            for a in range(steps.size):
                other = cube[cell + steps[a]]
                if other == 0:
                    continue
                here, there = index[cube[cell]], index[other]
                target, weight = (0, weights[a]) if weights.size else (a, 1.0)
                counts[target, here, there] += weight
                if symmetrical:
                    counts[target, there, here] += weight
        sums, defined = np.zeros(len(NAMES)), np.zeros(len(NAMES))
        for a in range(matrices):
            if not _features(counts[a], n, value, highest, by_sum, by_difference, found):
                continue
            found[MCC] = _second(counts[a], n, levels.size - 1, symmetrical) if with_mcc else np.nan
            for feature in range(len(NAMES)):
                if not np.isnan(found[feature]):
                    sums[feature] += found[feature]
                    defined[feature] += 1
        for feature in range(len(NAMES)):
            out[feature, voxel] = sums[feature] / defined[feature] if defined[feature] else np.nan


@compiled
def _features(p: Any, n: int, level: Any, highest: float, by_sum: Any, by_difference: Any, found: Any) -> bool:
    """Compute all features but MCC of one matrix of counts, which becomes probabilities; False where it is empty."""
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += p[i, j]
    if total == 0:
        return False
    least, most = int(level[0]), int(level[n - 1])
    by_sum[2 * least : 2 * most + 1] = 0
    by_difference[: most - least + 1] = 0
    px, py = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(n):
            p[i, j] /= total
            px[i] += p[i, j]
            py[j] += p[i, j]
            by_sum[int(level[i] + level[j])] += p[i, j]
            by_difference[int(abs(level[i] - level[j]))] += p[i, j]
    ux, uy = 0.0, 0.0
    for i in range(n):
        ux += level[i] * px[i]
        uy += level[i] * py[i]
    variance_x, variance_y = 0.0, 0.0
    for i in range(n):
        variance_x += px[i] * (level[i] - ux) ** 2
        variance_y += py[i] * (level[i] - uy) ** 2
    found[:] = 0.0
    covariance, hxy, hxy1, hxy2 = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        for j in range(n):
            independent = px[i] * py[j]
            logarithm = np.log2(independent + EPSILON)
            hxy2 -= independent * logarithm
            q = p[i, j]
            if q == 0:
                continue
            found[0] += q * level[i] * level[j]
            covariance += q * (level[i] - ux) * (level[j] - uy)
            found[17] += q * q
            hxy -= q * np.log2(q + EPSILON)
            hxy1 -= q * logarithm
            found[20] = max(found[20], q)
    for k in range(2 * least, 2 * most + 1):
        q, cluster = by_sum[k], k - ux - uy
        if q == 0:
            continue
        found[1] += q * cluster**4
        found[2] += q * cluster**3
        found[3] += q * cluster**2
        found[21] += q * k
        found[22] -= q * np.log2(q + EPSILON)
    for k in range(most - least + 1):
        q = by_difference[k]
        if q == 0:
            continue
        found[4] += q * k * k
        found[6] += q * k
        found[7] -= q * np.log2(q + EPSILON)
        found[9] += q / (1 + k)
        found[10] += q / (1 + k * k)
        found[11] += q / (1 + k * k / (highest * highest))
        found[12] += q / (1 + k / highest)
        if k > 0:
            found[15] += q / (k * k)
    for k in range(most - least + 1):
        found[8] += by_difference[k] * (k - found[6]) ** 2
    deviations = np.sqrt(variance_x) * np.sqrt(variance_y)
    found[5] = 1.0 if deviations == 0 else covariance / (deviations + EPSILON)
    hx, hy = 0.0, 0.0
    for i in range(n):
        hx -= px[i] * np.log2(px[i] + EPSILON)
        hy -= py[i] * np.log2(py[i] + EPSILON)
    larger = max(hx, hy)
    found[13] = 0.0 if larger == 0 else (hxy - hxy1) / larger
    # Rounding may make the argument of the root negative: not a number, and left out of the mean as in pyradiomics.
    if hxy2 == hxy:
        found[14] = 0.0
    else:
        argument = 1 - np.exp(-2 * (hxy2 - hxy))
        found[14] = np.sqrt(argument) if argument >= 0 else np.nan
    found[16], found[18], found[23] = ux, hxy, variance_x
    return True


@compiled
def _second(p: Any, n: int, level_count: int, symmetrical: bool) -> float:
    """Compute the maximal correlation coefficient of probabilities; see `exact.correlation`."""
    if level_count < 2:
        return 1.0
    if n < 2:
        return 0.0
    px, py = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(n):
            px[i] += p[i, j]
            py[j] += p[i, j]
    b = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if p[i, j] > 0:
                b[i, j] = p[i, j] / np.sqrt(px[i] * py[j])
    if not symmetrical:
        return float(np.linalg.svd(b)[1][1])  # in descending order
    diagonal, beside = np.zeros(n), np.zeros(n)
    tridiagonalise(b, n, diagonal, beside)
    eigenvalues(diagonal, beside, n)
    largest, second = 0.0, 0.0
    for value in diagonal:
        size = abs(value)
        if size > largest:
            largest, second = size, largest
        elif size > second:
            second = size
    return second
