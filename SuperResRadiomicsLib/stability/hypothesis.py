"""Tests of whether one method's values differ from another's on the same slices.

Slices of one patient are no independent observations: a p-value over slices answers for these
slices, one over patient means for patients like these. Both are given, as both are published; the
second is the one to conclude from.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError
from ..grid.types import FloatArray

FEWEST_PATIENTS = 6
"""Below this no rank test of pairs can reach p < 0.05 two-sided: five pairs give 2 / 2^5 at best."""
RESAMPLES = 4000
CONFIDENCE = 0.95
SEED = 1

Alternative = Literal["greater", "less"]
_Test = Callable[[FloatArray, FloatArray], Any]


@dataclass(frozen=True)
class Evidence:
    """What one level of observation says.

    Attributes:
        count: Observations of each method: slices, or patients.
        difference: Mean of the first method minus mean of the second.
        interval: 95% interval of the difference, from resampling whole patients (percentile
            bootstrap, Efron 1979, doi:10.1214/aos/1176344552). Too narrow where patients are few.
        statistic: The test's statistic, or None where there is no p-value.
        p: The test's p-value; None at the level of patients where there are fewer than six.
        adjusted_p: p adjusted for all comparisons made together, where there were several.
    """

    count: int
    difference: float
    interval: tuple[float, float]
    statistic: float | None
    p: float | None
    adjusted_p: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two methods compared at both levels.

    Attributes:
        test: Name of the test, with its alternative.
        slices: Every slice an observation.
        patients: Every patient's mean an observation.
    """

    test: str
    slices: Evidence
    patients: Evidence


def mann_whitney(first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike) -> Comparison:
    """Do a two-sided Mann-Whitney U test (Mann and Whitney 1947, doi:10.1214/aoms/1177730491).

    It takes the two methods' values for independent samples, which values on the same slices
    are not; it is here because papers report it. `paired_t` and `wilcoxon_signed_rank` use the pairs.

    Args:
        first: The first method's value of every slice.
        second: The second method's values of the same slices.
        patients: The patient of every slice.

    Returns:
        The statistic is U of the first method.

    Raises:
        SettingsError: Rows of unequal length, values that are not finite, or fewer than two patients.

    Examples:
        >>> first, second = [5, 6, 7, 8, 9, 10, 11, 12], [1, 2, 3, 4, 5, 6, 7, 8]
        >>> mann_whitney(first, second, patients=list("abcdefgh")).slices.p < 0.05
        True
    """

    def test(x: FloatArray, y: FloatArray) -> Any:
        return stats.mannwhitneyu(x, y, alternative="two-sided")

    return _compare("Mann-Whitney U, two-sided", test, first, second, patients)


def mann_whitney_between(
    methods: Mapping[str, npt.ArrayLike], patients: npt.ArrayLike
) -> dict[tuple[str, str], Comparison]:
    """Do `mann_whitney` for every pair of methods, adjusted for their number.

    Controls the false discovery rate, at each level apart (Benjamini and Hochberg 1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x).

    Args:
        methods: Every method's values of the same slices.
        patients: The patient of every slice.

    Returns:
        The comparison of each pair (first, second), in the order of ``methods``.

    Raises:
        SettingsError: Fewer than two methods, or as `mann_whitney`.
    """
    if len(methods) < 2:
        raise SettingsError(f"Comparing methods needs at least two; given were: {', '.join(methods) or 'none'}.")
    pairs = list(itertools.combinations(methods, 2))
    found = [mann_whitney(methods[first], methods[second], patients) for first, second in pairs]
    slices = _adjust([comparison.slices for comparison in found])
    means = _adjust([comparison.patients for comparison in found])
    return {
        pair: replace(comparison, slices=of_slices, patients=of_patients)
        for pair, comparison, of_slices, of_patients in zip(pairs, found, slices, means, strict=True)
    }


def paired_t(first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike) -> Comparison:
    """Do a two-sided t-test of pairs (Student 1908, doi:10.2307/2331554); arguments as `mann_whitney`.

    Examples:
        >>> enhanced, bicubic = [1.1, 2.3, 3.2, 4.4, 5.1, 6.2, 7.3, 8.4], [1, 2, 3, 4, 5, 6, 7, 8]
        >>> found = paired_t(enhanced, bicubic, patients=list("abcdefgh"))
        >>> found.patients.count, round(found.patients.difference, 2), found.patients.p < 0.01
        (8, 0.25, True)
    """
    return _compare("paired t, two-sided", stats.ttest_rel, first, second, patients)


def wilcoxon_signed_rank(
    first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike, alternative: Alternative = "greater"
) -> Comparison:
    """Do a one-sided signed-rank test of pairs (Wilcoxon 1945, doi:10.2307/3001968).

    Args:
        first: As in `mann_whitney`.
        second: As in `mann_whitney`.
        patients: As in `mann_whitney`.
        alternative: Whether the first method's values are supposed to be ``greater`` or ``less``.

    Returns:
        The statistic is the sum of the ranks of positive differences; equal pairs are left out.

    Raises:
        SettingsError: Another alternative, or as `mann_whitney`.

    Examples:
        >>> enhanced, bicubic = [1.1, 2.3, 3.2, 4.4, 5.1, 6.2, 7.3, 8.4], [1, 2, 3, 4, 5, 6, 7, 8]
        >>> wilcoxon_signed_rank(enhanced, bicubic, patients=list("abcdefgh")).patients.p < 0.01
        True
    """
    if alternative not in ("greater", "less"):
        raise SettingsError(f"The alternative is '{alternative}'; a one-sided test takes greater or less.")

    def test(x: FloatArray, y: FloatArray) -> Any:
        return stats.wilcoxon(x, y, alternative=alternative)

    return _compare(f"Wilcoxon signed-rank, {alternative}", test, first, second, patients)


def _compare(
    name: str, test: _Test, first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike
) -> Comparison:
    x, y, owner = _checked(first, second, patients)
    counts = np.bincount(owner).astype(np.float64)
    sums = np.stack([np.bincount(owner, values) for values in (x, y)])
    mean_x, mean_y = sums / counts
    differences = sums[0] - sums[1]
    drawn = np.random.default_rng(SEED).integers(counts.size, size=(RESAMPLES, counts.size))
    over_slices = differences[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    over_patients = (differences / counts)[drawn].mean(axis=1)
    return Comparison(
        name,
        _evidence(test, x, y, over_slices, with_p=True),
        _evidence(test, mean_x, mean_y, over_patients, with_p=counts.size >= FEWEST_PATIENTS),
    )


def _checked(
    first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.intp]]:
    x, y, labels = np.asarray(first, np.float64), np.asarray(second, np.float64), np.asarray(patients)
    if not x.shape == y.shape == labels.shape or x.ndim != 1:
        raise SettingsError(
            "A comparison needs one value of each method and one patient a slice; given were rows of shapes "
            f"{x.shape}, {y.shape} and {labels.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise SettingsError("Values to compare hold NaN or infinity. Leave these slices out, of both methods.")
    names, owner = np.unique(labels, return_inverse=True)
    if names.size < 2:
        raise SettingsError(f"A comparison needs slices of at least two patients; given is {names.size}.")
    return x, y, owner


def _evidence(test: _Test, x: FloatArray, y: FloatArray, resampled: FloatArray, with_p: bool) -> Evidence:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, (tail, 1 - tail))
    statistic, p = _result(test, x, y) if with_p else (None, None)
    return Evidence(x.size, float(np.mean(x - y)), (float(low), float(high)), statistic, p)


def _result(test: _Test, x: FloatArray, y: FloatArray) -> tuple[float | None, float]:
    if np.array_equal(x, y):  # every statistic is 0 / 0 or a tie: no evidence of anything
        return None, 1.0
    result = test(x, y)
    return float(result.statistic), float(result.pvalue)


def _adjust(evidence: list[Evidence]) -> list[Evidence]:
    values = [e.p for e in evidence if e.p is not None]
    if len(values) < len(evidence):
        return evidence
    return [
        replace(e, adjusted_p=float(p)) for e, p in zip(evidence, stats.false_discovery_control(values), strict=True)
    ]
