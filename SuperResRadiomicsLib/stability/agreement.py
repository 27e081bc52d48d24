"""Agreement of two measurements of the same lesions: concordance, limits of agreement, variation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError
from ..grid.types import FloatArray
from .fiducial import (
    DRAWS,
    FEWEST_FOR_INTERVAL,
    LARGEST_SPREAD_OF_LOGARITHMS,
    Clusters,
    Pair,
    draw_pair,
    lognormal_chance,
    quantile_limits,
)

FAITHFUL_CONCORDANCE = 0.85
"""From here on Moummad et al. 2022 call a feature stable (after Peerlings et al. 2019)."""


def concordance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Compute Lin's concordance correlation coefficient.

    2 cov / (var + var + (difference of means)^2) with population (1/n) moments
    (Lin 1989, doi:10.2307/2532051).

    Args:
        first: Values of n >= 2 subjects.
        second: The other measurement of the same subjects.

    Returns:
        In [-1, 1]; NaN where neither measurement varies.

    Raises:
        SettingsError: Different lengths, or fewer than two subjects.

    Examples:
        >>> round(concordance([1, 2, 3, 4], [1.1, 1.9, 3.2, 3.8]), 3)
        0.989
    """
    x, y = _pair(first, second, 2)
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    scale = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    # Rounding may leave it a hair outside.
    return min(max(2.0 * covariance / scale, -1.0), 1.0) if scale > 0 else float("nan")


def concordance_interval(
    first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = 0.95, patients: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """Compute the confidence interval of `concordance`: quantiles of what may lie behind the values.

    The draws of `concordance_draws`; where all values are positive, as many of them as that is likely are of lognormal
    values. `docs/intervals.md` says how often such intervals hold the true value.

    Args:
        first: Values of the lesions.
        second: The other measurement.
        confidence: In (0, 1).
        patients: The patient of each lesion, where patients have several; see `fiducial`.

    Returns:
        Both ends, within [-1, 1]; the coefficient itself where both measurements are equal; NaN where the coefficient
        is not defined, with fewer than `FEWEST_FOR_INTERVAL` patients, and for values so skewed that no interval holds
        what it promises (logarithms with a standard deviation above `LARGEST_SPREAD_OF_LOGARITHMS`: give these).

    Raises:
        SettingsError: Different lengths, fewer than three subjects, or the confidence is not in (0, 1).

    Examples:
        >>> low, high = concordance_interval([1, 2, 3, 4, 5, 6], [1.1, 1.9, 3.2, 3.9, 5.1, 5.8])
        >>> round(low, 2), round(high, 2)
        (0.96, 1.0)
    """
    x, y = _pair(first, second, 3)
    _check_confidence(confidence)
    value = concordance(x, y)
    if not np.isfinite(value) or Clusters.of(x.size, patients).patients < FEWEST_FOR_INTERVAL:
        return float("nan"), float("nan")
    if np.array_equal(x, y):
        return value, value
    clusters, of_logarithms = Clusters.of(x.size, patients), round(DRAWS * lognormal_chance((x, y)))
    if of_logarithms and max(np.log(x).std(), np.log(y).std()) > LARGEST_SPREAD_OF_LOGARITHMS:
        return float("nan"), float("nan")
    found = [concordance_draws(x, y, patients)[of_logarithms:]]
    if of_logarithms:
        found.append(_concordance_of(draw_pair(np.log(x), np.log(y), clusters, of_logarithms).exponential()))
    return quantile_limits(np.concatenate(found), confidence)


def concordance_draws(first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike | None = None) -> FloatArray:
    """Draw concordances that may lie behind normal values: a generalised pivotal quantity.

    2 cov / (var + var + (difference of means)^2) of drawn means, variances and covariance. The share of draws below a
    value is the p-value of "the concordance is at least this".

    Args:
        first: Values of the lesions.
        second: The other measurement.
        patients: The patient of each lesion; one each unless given.

    Returns:
        (`DRAWS`,) in [-1, 1]; the same at every call.

    Raises:
        SettingsError: As `concordance_interval`.
    """
    x, y = _pair(first, second, 3)
    return _concordance_of(draw_pair(x, y, Clusters.of(x.size, patients)))


def _concordance_of(pair: Pair) -> FloatArray:
    distance = (pair.means[0] - pair.means[1]) ** 2
    scale = pair.variances[0] + pair.variances[1] + distance
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(2 * pair.covariance / scale, -1, 1))


@dataclass(frozen=True)
class BlandAltman:
    """Limits of agreement of two measurements.

    Attributes:
        bias: Mean of second - first.
        standard_deviation: Of these differences, with n - 1.
        limits: bias -+ 1.96 standard deviations.
        bias_interval: Confidence interval of the bias.
        lower_limit_interval: Of the lower limit.
        upper_limit_interval: Of the upper limit.
    """

    bias: float
    standard_deviation: float
    limits: tuple[float, float]
    bias_interval: tuple[float, float]
    lower_limit_interval: tuple[float, float]
    upper_limit_interval: tuple[float, float]


def bland_altman(first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = 0.95) -> BlandAltman:
    """Compute bias and limits of agreement (Bland & Altman 1999, doi:10.1177/096228029900800204).

    The standard error of the bias is s / sqrt(n), that of a limit
    s sqrt(1 / n + 1.96^2 / (2 (n - 1))); intervals are Student's.

    Args:
        first: Values of n >= 3 subjects.
        second: The other measurement.
        confidence: Of the intervals.

    Raises:
        SettingsError: As `concordance_interval`.

    Examples:
        >>> found = bland_altman([1, 2, 3, 4], [1.1, 1.9, 3.2, 3.8])
        >>> round(found.bias, 3), [round(limit, 2) for limit in found.limits]
        (0.0, [-0.36, 0.36])
    """
    x, y = _pair(first, second, 3)
    _check_confidence(confidence)
    difference = y - x
    n, bias, deviation = x.size, float(difference.mean()), float(difference.std(ddof=1))
    z = float(stats.norm.ppf(0.975))
    t = float(stats.t.ppf((1 + confidence) / 2, n - 1))
    of_bias = t * deviation / np.sqrt(n)
    of_limit = t * deviation * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
    low, high = bias - z * deviation, bias + z * deviation
    return BlandAltman(
        bias,
        deviation,
        (low, high),
        (float(bias - of_bias), float(bias + of_bias)),
        (float(low - of_limit), float(low + of_limit)),
        (float(high - of_limit), float(high + of_limit)),
    )


def _pair(first: npt.ArrayLike, second: npt.ArrayLike, least: int) -> tuple[FloatArray, FloatArray]:
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < least:
        words = {2: "two", 3: "three"}
        raise SettingsError(
            f"Agreement needs two rows of equal length with at least {words[least]} subjects; given were {x.shape} "
            f"and {y.shape}."
        )
    return x, y


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise SettingsError(f"The confidence is {confidence}; give a number between 0 and 1, such as 0.95.")
