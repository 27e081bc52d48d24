"""pyradiomics' features of gray level co-occurrence, averaged over directions.

Formulas: Haralick et al., IEEE Transactions on Systems, Man and Cybernetics 3 (1973) 610, and the
documentation of ``radiomics.glcm``. The entropies add the same numbers in the same order as there:
the measures of correlation are small differences of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array, BoolArray, FloatArray
from .correlation import maximal_correlation
from .emphasis import mean_over_directions
from .firstorder import EPSILON


def cooccurrence_features(
    pairs: Array, levels: npt.NDArray[np.int64], symmetrical: bool = True, weights: FloatArray | None = None
) -> dict[str, float]:
    """Compute the 24 features, averaged over directions; see `cooccurrence_by_direction`."""
    values = cooccurrence_by_direction(pairs, levels, symmetrical, weights)
    return {name: mean_over_directions(of_direction) for name, of_direction in values.items()}


def cooccurrence_by_direction(
    pairs: Array, levels: npt.NDArray[np.int64], symmetrical: bool = True, weights: FloatArray | None = None
) -> dict[str, FloatArray]:
    """Compute the 24 features of each direction.

    Args:
        pairs: Counts (g, g, a) of pairs of levels by direction, each pair seen from one end.
        levels: Gray levels (g,).
        symmetrical: Count each pair from both ends.
        weights: Of the directions (a,), to add their matrices; None keeps them apart.

    Returns:
        Arrays (b,) of the directions that have pairs; one of NaN where none has.
    """
    p = _probabilities(pairs, symmetrical, weights)
    px, py = p.sum(axis=1), p.sum(axis=0)
    level = levels.astype(np.float64)
    ux, uy = level @ px, level @ py
    by_sum, by_difference = _by_sum_and_difference(p, levels)
    k_sum, k_difference = (np.arange(len(by), dtype=np.float64)[:, None] for by in (by_sum, by_difference))
    cluster = k_sum - (ux + uy)
    from_x, from_y = level[:, None] - ux, level[:, None] - uy
    variance_x, variance_y = np.sum(px * from_x**2, axis=0), np.sum(py * from_y**2, axis=0)
    difference_average = np.sum(k_difference * by_difference, axis=0)
    highest = levels[-1]
    entropy, imc1, imc2 = _entropies(p, px, py)
    return {
        "Autocorrelation": level @ np.tensordot(level, p, (0, 0)),
        "ClusterProminence": np.sum(by_sum * cluster**2 * cluster**2, axis=0),
        "ClusterShade": np.sum(by_sum * cluster**2 * cluster, axis=0),
        "ClusterTendency": np.sum(by_sum * cluster**2, axis=0),
        "Contrast": np.sum(by_difference * k_difference**2, axis=0),
        "Correlation": np.where(
            _one_level(px) | _one_level(py), 1.0, _correlation(p, from_x, from_y, variance_x, variance_y)
        ),
        "DifferenceAverage": difference_average,
        "DifferenceEntropy": _entropy(by_difference),
        "DifferenceVariance": np.sum(by_difference * (k_difference - difference_average) ** 2, axis=0),
        "Id": np.sum(by_difference / (1 + k_difference), axis=0),
        "Idm": np.sum(by_difference / (1 + k_difference**2), axis=0),
        "Idmn": np.sum(by_difference / (1 + k_difference**2 / highest**2), axis=0),
        "Idn": np.sum(by_difference / (1 + k_difference / highest), axis=0),
        "Imc1": imc1,
        "Imc2": imc2,
        "InverseVariance": np.sum(by_difference[1:] / k_difference[1:] ** 2, axis=0),
        "JointAverage": ux,
        "JointEnergy": np.sum(p**2, axis=(0, 1)),
        "JointEntropy": entropy,
        "MCC": maximal_correlation(p, px, py, symmetrical),
        "MaximumProbability": p.max(axis=(0, 1)),
        "SumAverage": np.sum(by_sum * k_sum, axis=0),
        "SumEntropy": _entropy(by_sum),
        "SumSquares": variance_x,
    }


def _probabilities(pairs: Array, symmetrical: bool, weights: FloatArray | None) -> FloatArray:
    """Normalised matrices (g, g, a) of the directions that have pairs; one of NaN where there was only an empty one."""
    p = pairs.astype(np.float64)
    if symmetrical:
        p = p + p.transpose(1, 0, 2)
    if weights is not None:
        p = (p @ weights)[:, :, None]
    total = p.sum(axis=(0, 1))
    if total.size > 1:
        p, total = p[:, :, total > 0], total[total > 0]
    total[total == 0] = np.nan
    return np.ascontiguousarray(p / total)


def _by_sum_and_difference(p: FloatArray, levels: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Probabilities by the sum of two levels (k, a) and by their difference (k, a), each from k = 0."""
    highest, directions = int(levels[-1]), p.shape[2]
    tables = []
    for of_pair, reach in ((levels[:, None] + levels, 2 * highest + 1), (np.abs(levels[:, None] - levels), highest)):
        cell = (of_pair[:, :, None] * directions + np.arange(directions)).ravel()
        table = np.bincount(cell, weights=p.ravel(), minlength=reach * directions)
        tables.append(table.reshape(reach, directions).astype(np.float64))
    return tables[0], tables[1]


def _entropy(p: FloatArray) -> FloatArray:
    return -np.sum(p * np.log2(p + EPSILON), axis=0)


def _one_level(p: FloatArray) -> BoolArray:
    """Whether one level alone occurs, (a,); counted, because rounding leaves its variance at 0 or a whisker above."""
    return np.count_nonzero(p, axis=0) == 1


def _correlation(
    p: FloatArray, from_x: FloatArray, from_y: FloatArray, variance_x: FloatArray, variance_y: FloatArray
) -> FloatArray:
    """Correlation of the levels of a pair, where both vary."""
    covariance = np.sum(from_x * np.sum(p * from_y, axis=1), axis=0)
    return np.asarray(covariance / (np.sqrt(variance_x) * np.sqrt(variance_y) + EPSILON), dtype=np.float64)


def _entropies(p: FloatArray, px: FloatArray, py: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Joint entropy and the two informational measures of correlation, each (a,)."""
    independent = px[:, None] * py[None]
    logarithm = np.log2(independent + EPSILON)
    hxy = -np.sum(p * np.log2(p + EPSILON), axis=(0, 1))
    hxy1 = -np.sum(p * logarithm, axis=(0, 1))
    hxy2 = -np.sum(independent * logarithm, axis=(0, 1))
    larger = np.fmax(_entropy(px), _entropy(py))
    with np.errstate(divide="ignore", invalid="ignore"):
        imc1 = np.where(larger == 0, 0.0, (hxy - hxy1) / larger)
        # Rounding may make the argument negative; pyradiomics leaves such directions out of the mean.
        imc2 = np.where(hxy2 == hxy, 0.0, np.sqrt(1 - np.exp(-2 * (hxy2 - hxy))))
    return hxy, imc1, imc2
