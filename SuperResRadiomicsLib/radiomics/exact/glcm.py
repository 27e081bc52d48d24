"""pyradiomics' features of gray level co-occurrence, averaged over directions.

Formulas: Haralick et al., IEEE Transactions on Systems, Man and Cybernetics 3 (1973) 610, and the
documentation of ``radiomics.glcm``. The entropies add the same numbers in the same order as there:
the measures of correlation are small differences of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array, BoolArray, FloatArray
from ..feature_names import FEATURE_NAMES
from . import kernels
from .correlation import maximal_correlation
from .emphasis import mean_over_directions
from .firstorder import EPSILON


def cooccurrence_features(
    pairs: Array, levels: npt.NDArray[np.int64], symmetrical: bool = True, weights: FloatArray | None = None
) -> dict[str, float]:
    """Compute the 24 features, averaged over directions; see `cooccurrence_by_direction`."""
    values = cooccurrence_by_direction(pairs, levels, symmetrical, weights)
    means = mean_over_directions(values)
    if levels.size == 1 and not values["MCC"].size:
        means["MCC"] = 1.0  # so says pyradiomics of one level, also where no direction has a pair
    return means


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
    variance_x, variance_y = (np.sum(each * (level[:, None] - u) ** 2, axis=0) for each, u in ((px, ux), (py, uy)))
    by_sum, by_difference = kernels.chosen().sums_and_differences(p, levels)
    entropy, imc1, imc2 = _entropies(p, px, py)
    of_direction = np.ascontiguousarray(p.transpose(2, 0, 1))
    found = {
        **_of_sums(by_sum, ux + uy),
        **_of_differences(by_difference, levels[-1]),
        "Imc1": imc1,
        "Imc2": imc2,
        "JointAverage": ux,
        "JointEnergy": np.sum(of_direction**2, axis=(1, 2)),
        "JointEntropy": entropy,
        "MCC": maximal_correlation(of_direction, px, py, symmetrical),
        "MaximumProbability": of_direction.max(axis=(1, 2)),
        "SumSquares": variance_x,
    }
    # i j and (i - ux) (j - uy) are differences of two squares.
    squared_sum = np.arange(len(by_sum)) ** 2.0 @ by_sum
    found["Autocorrelation"] = (squared_sum - found["Contrast"]) / 4
    covariance = (found["ClusterTendency"] - found["Contrast"] + (ux - uy) ** 2) / 4
    correlation = covariance / (np.sqrt(variance_x) * np.sqrt(variance_y) + EPSILON)
    found["Correlation"] = np.where(_one_level(px) | _one_level(py), 1.0, correlation)
    return {name: found[name] for name in FEATURE_NAMES["glcm"]}


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


def _entropy(p: FloatArray) -> FloatArray:
    return -np.sum(p * _log2(p), axis=0)


def _log2(p: FloatArray) -> FloatArray:
    shifted = p + EPSILON
    return np.log2(shifted, out=shifted)


def _one_level(p: FloatArray) -> BoolArray:
    """Whether one level alone occurs, (a,); counted, because rounding leaves its variance at 0 or a whisker above."""
    return np.count_nonzero(p > 0, axis=0) == 1  # NaN, of a direction without pairs, is not


def _of_sums(by_sum: FloatArray, mean: FloatArray) -> dict[str, FloatArray]:
    """Features of the sum of two levels, whose mean is given; arrays (a,)."""
    k = np.arange(len(by_sum), dtype=np.float64)[:, None]
    from_mean = k - mean
    squares = from_mean**2
    spread = by_sum * squares
    return {
        "ClusterProminence": np.sum(spread * squares, axis=0),
        "ClusterShade": np.sum(spread * from_mean, axis=0),
        "ClusterTendency": np.sum(spread, axis=0),
        "SumAverage": np.sum(by_sum * k, axis=0),
        "SumEntropy": _entropy(by_sum),
    }


def _of_differences(by_difference: FloatArray, highest: int) -> dict[str, FloatArray]:
    """Features of the difference of two levels, of which the highest is given; arrays (a,)."""
    k = np.arange(len(by_difference), dtype=np.float64)
    weights = {
        "Contrast": k**2,
        "DifferenceAverage": k,
        "Id": 1 / (1 + k),
        "Idm": 1 / (1 + k**2),
        "Idmn": 1 / (1 + k**2 / highest**2),
        "Idn": 1 / (1 + k / highest),
    }
    found = dict(zip(weights, np.stack(list(weights.values())) @ by_difference, strict=True))
    found["InverseVariance"] = 1 / k[1:] ** 2 @ by_difference[1:]
    from_average = k[:, None] - found["DifferenceAverage"]
    found["DifferenceVariance"] = np.sum(by_difference * from_average**2, axis=0)
    found["DifferenceEntropy"] = _entropy(by_difference)
    return found


def _entropies(p: FloatArray, px: FloatArray, py: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Joint entropy and the two informational measures of correlation, each (a,)."""
    hxy = -np.sum(p * _log2(p), axis=(0, 1))
    independent = px[:, None] * py[None]
    logarithm = _log2(independent)
    hxy1 = -np.sum(p * logarithm, axis=(0, 1))
    hxy2 = -np.sum(np.multiply(independent, logarithm, out=logarithm), axis=(0, 1))
    larger = np.fmax(_entropy(px), _entropy(py))
    with np.errstate(divide="ignore", invalid="ignore"):
        imc1 = np.where(larger == 0, 0.0, (hxy - hxy1) / larger)
        # Rounding may make the argument negative; pyradiomics leaves such directions out of the mean.
        imc2 = np.where(hxy2 == hxy, 0.0, np.sqrt(1 - np.exp(-2 * (hxy2 - hxy))))
    return hxy, imc1, imc2
