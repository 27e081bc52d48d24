"""Agreement of two measurements of the same lesions: concordance, limits of agreement, variation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError

FloatArray = npt.NDArray[np.float64]

FAITHFUL_CONCORDANCE = 0.85
"""From here on Moummad et al. 2022 call a feature stable (after Peerlings et al. 2019)."""


def concordance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Lin's concordance correlation coefficient.

    2 cov / (var + var + (difference of means)^2) with population (1/n) moments
    (Lin 1989, doi:10.2307/2532051).

    Args:
        first: Values of n >= 2 subjects.
        second: The other measurement of the same subjects.

    Returns:
        In [-1, 1]; NaN where neither measurement varies.

    Raises:
        SettingsError: Different lengths, or fewer than two subjects.
    """
    x, y = _pair(first, second, 2)
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    scale = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return 2.0 * covariance / scale if scale > 0 else float("nan")


def concordance_interval(first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of `concordance` through Fisher's z transform.

    The asymptotic variance of Lin 1989, equation 3, with the corrections of 2000
    (doi:10.1111/j.0006-341X.2000.00324.x) and n - 2 in the denominator.

    Args:
        first: Values of n >= 3 subjects.
        second: The other measurement.
        confidence: In (0, 1).

    Returns:
        Both ends; NaN where the coefficient or Pearson's correlation is not defined, and the
        coefficient itself where both measurements are equal.

    Raises:
        SettingsError: Different lengths, fewer than three subjects, or the confidence is not in (0, 1).
    """
    x, y = _pair(first, second, 3)
    _check_confidence(confidence)
    value = concordance(x, y)
    if abs(value) == 1:
        return value, value
    if not np.isfinite(value) or x.std() == 0 or y.std() == 0:
        return float("nan"), float("nan")
    correlation = float(np.corrcoef(x, y)[0, 1])
    if correlation == 0:
        return float("nan"), float("nan")
    shift = (x.mean() - y.mean()) ** 2 / (x.std() * y.std())
    r2, c2 = correlation**2, value**2
    terms = (
        (1 - r2) * c2 / ((1 - c2) * r2)
        + 2 * value**3 * (1 - value) * shift / (correlation * (1 - c2) ** 2)
        - value**4 * shift**2 / (2 * r2 * (1 - c2) ** 2)
    )
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(max(terms, 0.0) / (x.size - 2))
    centre = np.arctanh(value)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


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
    """Bias and limits of agreement (Bland & Altman 1999, doi:10.1177/096228029900800204).

    The standard error of the bias is s / sqrt(n), that of a limit
    s sqrt(1 / n + 1.96^2 / (2 (n - 1))); intervals are Student's.

    Args:
        first: Values of n >= 3 subjects.
        second: The other measurement.
        confidence: Of the intervals.

    Raises:
        SettingsError: As `concordance_interval`.
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


def coefficient_of_variation(values: npt.ArrayLike, axis: int = 0) -> FloatArray:
    """Standard deviation (n - 1) over the magnitude of the mean; NaN where the mean is 0.

    Args:
        values: Repeated measurements along ``axis``, at least two.
        axis: Which axis repeats.

    Raises:
        SettingsError: Fewer than two measurements.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim == 0 or table.shape[axis] < 2:
        raise SettingsError(f"Variation needs at least two measurements; given is the shape {table.shape}.")
    mean = np.abs(table.mean(axis=axis))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean > 0, table.std(axis=axis, ddof=1) / mean, np.nan)


def percent_difference(after: npt.ArrayLike, reference: npt.ArrayLike) -> FloatArray:
    """|after - reference| / |reference| in percent; NaN where the reference is 0 (Moummad et al. 2022, 2.4).

    Args:
        after: Voxels or values.
        reference: The same shape.

    Raises:
        SettingsError: Different shapes.
    """
    x, y = np.asarray(after, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if x.shape != y.shape:
        raise SettingsError(f"The shapes {x.shape} and {y.shape} differ. Give both on one grid.")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y != 0, 100 * np.abs(x - y) / np.abs(y), np.nan)


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
