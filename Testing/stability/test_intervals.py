"""Intervals hold the true value about as often as they say; `python -m benchmarks.intervals` is the full version."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.intervals import CASES, coverage
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import (
    area_under_curve,
    area_under_curve_interval,
    concordance,
    concordance_interval,
    intraclass_correlation,
)
from SuperResRadiomicsLib.stability.fiducial import Clusters, lognormal_chance

ALL = [(name, kind, parameters[-1]) for name, (_, parameters, kinds) in CASES.items() for kind in kinds]


@pytest.mark.parametrize(("statistic", "kind", "parameter"), ALL)
def test_coverage_with_eight_patients(statistic, kind, parameter):
    share, given = coverage(statistic, kind, 8, parameter, repetitions=100)
    # 100 intervals of 95% hold the true value 88 to 100 times, but for one time in a thousand.
    assert share >= 0.88 and given > 0.8


def test_a_coefficient_is_never_above_one():
    values = np.array([0.1, 0.2, 0.3]) * 3.3
    for scale in np.linspace(0.1, 3, 200):
        assert concordance(scale * values, scale * values * (1 + 1e-16)) <= 1
    assert concordance_interval(np.arange(8.0), np.arange(8.0)) == (1.0, 1.0)
    low, high = concordance_interval(np.arange(8.0), np.arange(8.0) + 1e-12)
    assert 0.99 < low <= high <= 1


def test_lesions_of_one_patient_say_less_than_as_many_patients():
    random = np.random.default_rng(0)
    owner = np.repeat(np.arange(8), 5)
    levels = random.normal(size=8)[owner] + 0.1 * random.normal(size=40)
    other = levels + 0.5 * random.normal(size=8)[owner]
    alone, together = concordance_interval(levels, other), concordance_interval(levels, other, patients=owner)
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def test_no_interval_where_it_would_not_hold():
    random = np.random.default_rng(1)
    few = random.normal(size=(2, 5))
    assert np.isnan(concordance_interval(*few)).all()
    skewed = np.exp(1.5 * random.normal(size=30))
    assert np.isnan(concordance_interval(skewed, skewed * np.exp(random.normal(size=30)))).all()
    assert np.isnan(float(intraclass_correlation(few.T, patients=range(5)).low))
    assert np.isnan(area_under_curve_interval([1.0, 2.0, 3.0], [0, 0, 1])).all()


def test_limits_with_patients_are_near_the_exact_ones_where_each_has_one_lesion():
    random = np.random.default_rng(2)
    table = random.normal(size=(30, 1)) - 5 + 0.5 * random.normal(size=(30, 4))
    for form in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)"):
        exact, drawn = intraclass_correlation(table, form), intraclass_correlation(table, form, patients=range(30))
        assert drawn.value == exact.value
        assert [float(drawn.low), float(drawn.high)] == pytest.approx([float(exact.low), float(exact.high)], abs=0.03)


def test_repeats_give_the_same_limits():
    random = np.random.default_rng(3)
    pair = random.normal(size=(2, 12))
    assert concordance_interval(*pair) == concordance_interval(*pair)


def test_an_area_lies_within_its_limits_and_both_tails_mirror_each_other():
    random = np.random.default_rng(4)
    for _ in range(50):
        outcome = np.arange(14) < random.integers(2, 12)
        score = random.normal(size=14) + random.uniform(0, 4) * outcome
        low, high = area_under_curve_interval(score, outcome)
        assert 0 <= low <= area_under_curve(score, outcome) <= high <= 1
        assert area_under_curve_interval(-score, outcome) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_skewed_values_are_known_as_such():
    random = np.random.default_rng(5)
    levels = random.normal(size=4000)
    assert lognormal_chance([np.exp(levels)]) > 0.999
    assert lognormal_chance([levels + 6]) < 0.001 and lognormal_chance([levels]) == 0.0


def test_patients_must_be_named_for_every_lesion():
    with pytest.raises(SettingsError, match="5 lesions"):
        Clusters.of(5, ["a", "b"])
