"""Evidence that two measurements are the same: a p-value above 0.05 is none.

A test of difference that finds nothing may only have seen too few lesions. Two one-sided tests
turn the question round: a small p-value says that the mean difference lies within a margin that
was fixed beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided t-tests of pairs.

    Attributes:
        difference: Mean of first - second.
        interval: Its confidence interval of 90%: equivalence at 5% is this interval within the margin.
        margin: The largest difference that counts as none.
        p: The larger p-value of both tests.
    """

    difference: float
    interval: tuple[float, float]
    margin: float
    p: float


def equivalence_of_pairs(first: npt.ArrayLike, second: npt.ArrayLike, margin: float) -> Equivalence:
    """Do two one-sided tests, TOST (Schuirmann 1987, doi:10.1007/BF01068419).

    Args:
        first: One value a patient (mean lesions of a patient first); at least three.
        second: The other measurement of the same patients.
        margin: In the values' unit, positive; for instance half the spread between patients.

    Raises:
        SettingsError: Rows of other shapes, fewer than three patients, or a margin that is not positive.

    Examples:
        >>> found = equivalence_of_pairs([1.0, 2.1, 2.9, 4.0], [1.0, 2.0, 3.0, 4.0], margin=0.5)
        >>> found.p < 0.05
        True
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < 3:
        raise SettingsError(
            f"Equivalence needs two rows of equal length with at least three patients; given were {x.shape} and "
            f"{y.shape}."
        )
    if not (np.isfinite(margin) and margin > 0):
        raise SettingsError(f"The margin is {margin}; give the largest difference that counts as none, above 0.")
    difference = x - y
    mean, error = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(difference.size))
    freedom = difference.size - 1
    half = float(stats.t.ppf(0.95, freedom)) * error
    if error == 0:
        p = 0.0 if abs(mean) < margin else 1.0
    else:
        p = float(max(stats.t.sf((mean + margin) / error, freedom), stats.t.cdf((mean - margin) / error, freedom)))
    return Equivalence(mean, (mean - half, mean + half), margin, p)


def clustered_bootstrap(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    patients: npt.ArrayLike,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the percentile interval of a statistic, drawing whole patients again, with all their lesions.

    Lesions of one patient are alike; drawing lesions would promise more than is known (Davison &
    Hinkley 1997, section 3.8).

    Args:
        statistic: Given indices of lesions (some repeated), the number of interest; NaN is left out.
        patients: The patient of each lesion.
        resamples: How often.
        confidence: Of the interval.
        seed: Of the draws; the same seed gives the same interval.

    Returns:
        Both ends; NaN where no resample had a number.

    Raises:
        SettingsError: Fewer than two patients.

    Examples:
        >>> scores = np.array([1.0, 2.0, 3.0, 4.0])
        >>> low, high = clustered_bootstrap(lambda rows: float(scores[rows].mean()), patients=["a", "a", "b", "c"])
        >>> low < 2.5 < high
        True
    """
    names, owner = np.unique(np.asarray(patients), return_inverse=True)
    if names.size < 2:
        raise SettingsError(f"Drawing patients again needs at least two of them; given is {names.size}.")
    lesions = [np.flatnonzero(owner == patient) for patient in range(names.size)]
    drawn = np.random.default_rng(seed).integers(names.size, size=(resamples, names.size))
    found = np.array([statistic(np.concatenate([lesions[p] for p in row])) for row in drawn])
    found = found[np.isfinite(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
