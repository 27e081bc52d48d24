"""Tests between methods: scipy called directly, pingouin, cases known from the formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import (
    Comparison,
    mann_whitney,
    mann_whitney_between,
    paired_t,
    wilcoxon_signed_rank,
)

TESTS = (mann_whitney, paired_t, wilcoxon_signed_rank)


def measured(patients: int = 8, gain: float = 0.4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PSNR-like values of two methods: patients differ, and have unequal numbers of slices."""
    random = np.random.default_rng(seed)
    labels = np.repeat([f"patient {n}" for n in range(patients)], np.arange(patients) % 4 + 3)
    base = np.repeat(random.normal(30, 3, patients), np.arange(patients) % 4 + 3)
    second = base + random.normal(0, 0.5, labels.size)
    return second + gain + random.normal(0, 0.5, labels.size), second, labels


def patient_means(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.array([values[labels == name].mean() for name in np.unique(labels)])


DIRECT = {
    mann_whitney: lambda x, y: stats.mannwhitneyu(x, y, alternative="two-sided"),
    paired_t: stats.ttest_rel,
    wilcoxon_signed_rank: lambda x, y: stats.wilcoxon(x, y, alternative="greater"),
}


@pytest.mark.parametrize("test", TESTS)
def test_both_levels_are_scipys(test):
    first, second, labels = measured()
    result = test(first, second, labels)
    slices = DIRECT[test](first, second)
    means = DIRECT[test](patient_means(first, labels), patient_means(second, labels))
    assert (result.slices.statistic, result.slices.p) == (slices.statistic, slices.pvalue)
    assert result.patients.p == pytest.approx(means.pvalue, rel=1e-9)
    assert result.patients.statistic == pytest.approx(means.statistic, rel=1e-9)
    assert (result.slices.count, result.patients.count) == (labels.size, 8)


def test_pingouin_agrees():
    pingouin = pytest.importorskip("pingouin", reason="pingouin is GPL; it is no dependency")
    first, second, labels = measured()
    t = pingouin.ttest(first, second, paired=True)
    assert paired_t(first, second, labels).slices.p == pytest.approx(float(t.iloc[0]["p_val"]), rel=1e-9)
    u = pingouin.mwu(first, second)
    assert mann_whitney(first, second, labels).slices.p == pytest.approx(float(u.iloc[0]["p_val"]), rel=1e-9)


def test_known_cases():
    """Six patients of one slice, the first method always better: exact probabilities are counts."""
    second = np.arange(6.0)
    first, labels = second + np.arange(1, 7), list("abcdef")
    signed = wilcoxon_signed_rank(first, second, labels)
    assert signed.patients.p == signed.slices.p == pytest.approx(1 / 2**6)
    assert signed.patients.statistic == 21
    assert wilcoxon_signed_rank(first, second, labels, "less").patients.p == 1
    apart = mann_whitney(second + 100, second, labels)
    assert apart.patients.statistic == 36
    assert apart.patients.p == pytest.approx(2 / 924)  # two of (12 over 6) orders
    t = paired_t(first, second, labels).patients
    assert t.statistic == pytest.approx(3.5 / np.sqrt(3.5 / 6))
    assert t.difference == 3.5


def test_benjamini_hochberg_over_all_pairs():
    first, second, labels = measured()
    third = np.random.default_rng(9).permutation(second)
    result = mann_whitney_between({"a": first, "b": second, "c": third}, labels)
    assert list(result) == [("a", "b"), ("a", "c"), ("b", "c")]
    for level in ("slices", "patients"):
        p = np.array([getattr(comparison, level).p for comparison in result.values()])
        adjusted = [getattr(comparison, level).adjusted_p for comparison in result.values()]
        # Step-up by hand: p_(k) m / k, made monotone from the largest down.
        order = np.argsort(p)
        steps = p[order] * p.size / np.arange(1, p.size + 1)
        expected = np.empty(p.size)
        expected[order] = np.minimum(1, np.minimum.accumulate(steps[::-1])[::-1])
        np.testing.assert_allclose(adjusted, expected)


@pytest.mark.parametrize("test", TESTS)
def test_fewer_than_six_patients_give_an_interval_and_no_p(test):
    result = test(*measured(patients=5))
    assert result.patients.p is None and result.patients.statistic is None
    low, high = result.patients.interval
    assert low < result.patients.difference < high
    assert result.slices.p is not None
    assert test(*measured(patients=6)).patients.p is not None


def test_few_patients_are_not_adjusted():
    first, second, labels = measured(patients=4)
    (comparison,) = mann_whitney_between({"a": first, "b": second}, labels).values()
    assert comparison.patients.adjusted_p is None and comparison.slices.adjusted_p == comparison.slices.p


def test_interval_resamples_patients_not_slices():
    """Copying every slice adds no patient: the interval stays, while the slices' p falls."""
    first, second, labels = measured()
    once = paired_t(first, second, labels)
    often = paired_t(*(np.repeat(row, 4) for row in (first, second, labels)))
    np.testing.assert_allclose(often.patients.interval, once.patients.interval)
    np.testing.assert_allclose(often.slices.interval, once.slices.interval)
    assert often.patients.p == pytest.approx(once.patients.p)
    assert often.slices.p < once.slices.p


def test_interval_is_the_bootstraps():
    first, second, labels = measured(patients=30)
    means = patient_means(first, labels) - patient_means(second, labels)
    expected = stats.bootstrap(
        (means,), np.mean, method="percentile", n_resamples=4000, random_state=np.random.default_rng(3)
    ).confidence_interval
    np.testing.assert_allclose(paired_t(first, second, labels).patients.interval, expected, atol=0.02)


def test_interval_over_slices_weighs_patients_by_their_slices():
    """The mean of all slices of patients drawn again, drawn here once more."""
    labels = np.repeat(np.arange(24), np.tile([1, 3, 12], 8))
    rng = np.random.default_rng(5)
    difference = (np.tile([0.0, 0.0, 1.0], 8) + rng.normal(0, 0.1, 24))[labels]
    slices = [difference[labels == patient] for patient in range(24)]
    means = [np.concatenate([slices[p] for p in row]).mean() for row in rng.integers(24, size=(4000, 24))]
    found = paired_t(difference, np.zeros(labels.size), labels).slices.interval
    np.testing.assert_allclose(found, np.quantile(means, (0.025, 0.975)), atol=0.02)


@pytest.mark.parametrize("test", TESTS)
def test_equal_methods_are_no_evidence(test):
    _, second, labels = measured()
    result: Comparison = test(second, second, labels)
    assert result.slices.p == result.patients.p == 1
    assert result.slices.interval == (0, 0)


@pytest.mark.parametrize("test", TESTS)
def test_swapping_and_reordering(test):
    first, second, labels = measured()
    forth, back = test(first, second, labels), test(second, first, labels)
    assert forth.patients.difference == pytest.approx(-back.patients.difference)
    order = np.random.default_rng(1).permutation(labels.size)
    shuffled = test(first[order], second[order], labels[order])
    assert shuffled.patients.p == pytest.approx(forth.patients.p)
    np.testing.assert_allclose(shuffled.patients.interval, forth.patients.interval)


def test_mistakes():
    first, second, labels = measured()
    with pytest.raises(SettingsError, match="rows of shapes"):
        paired_t(first[:-1], second, labels)
    with pytest.raises(SettingsError, match="NaN or infinity"):
        paired_t(np.where(labels == "patient 1", np.nan, first), second, labels)
    with pytest.raises(SettingsError, match="at least two patients"):
        paired_t(first, second, np.full(labels.shape, "one"))
    with pytest.raises(SettingsError, match="greater or less"):
        wilcoxon_signed_rank(first, second, labels, "two-sided")
    with pytest.raises(SettingsError, match="at least two; given were: a"):
        mann_whitney_between({"a": first}, labels)
