"""Words over a cohort: what chance explains is no finding, what is there is seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cohort_verdicts import SETTINGS, called_faithful, shares, upper_limit
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.verdict import judge_cohort


@pytest.mark.parametrize("patients", [5, 12])
@pytest.mark.parametrize("setting", SETTINGS)
def test_where_nothing_differs_hardly_a_feature_is_called_restored_or_worse(setting, patients):
    """`python -m benchmarks.cohort_verdicts` is the full version."""
    for change, values in shares(setting, patients, cohorts=5).items():
        assert values.mean() <= 0.05, change


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_an_error_cut_to_a_fifth_is_seen_in_most_features_of_twelve_patients(part):
    found = shares("normal", 12, cohorts=5, cut=0.2, part=part)
    assert found["restored"].mean() >= 0.6 and not found["made worse"].any()


def test_an_error_five_times_as_large_is_called_worse():
    found = shares("normal", 12, cohorts=3, cut=5.0)
    assert found["made worse"].mean() >= 0.6 and not found["restored"].any()


@pytest.mark.parametrize("patients", [6, 12])
def test_a_concordance_of_three_quarters_is_not_called_faithful(patients):
    assert called_faithful(patients, cohorts=5).mean() <= 0.01


def test_a_limit_of_a_share_that_was_never_seen_is_not_zero():
    assert upper_limit(np.zeros(100)) == pytest.approx(0.0295, abs=1e-3)


def test_few_patients_are_told_only_what_is_overwhelming():
    random = np.random.default_rng(0)
    truth, errors = random.normal(size=(2, 7, 20))
    clear = judge_cohort(truth, truth + errors, truth + errors / 1000)
    assert {verdict.change for verdict in clear} == {"restored"}
    worse = np.where(np.arange(7)[:, None] == 0, 0.0, 1000 * errors)
    one_patient_disagrees = judge_cohort(truth, truth + errors, truth + worse)
    assert {verdict.change for verdict in one_patient_disagrees} == {"undecided"}
    assert {verdict.word for verdict in judge_cohort(truth[:4], truth[:4] + 1, truth[:4])} == {"unknown"}


def test_features_that_cannot_be_judged_have_a_word_and_a_reason():
    random = np.random.default_rng(2)
    truth = random.normal(size=(12, 6)) + 5
    bicubic, enhanced = truth + random.normal(size=(2, 12, 6))
    enhanced[:, 0] = np.nan
    truth[:, 1] = 4.0
    truth[:, 2], bicubic[:, 2], enhanced[:, 2] = 3.0, 3.0, 3.0
    enhanced[3:5, 3] = np.inf
    bicubic[:, 4] = enhanced[:, 4] = truth[:, 4]
    missing, constant, all_constant, partly, equal, _ = judge_cohort(truth, bicubic, enhanced)
    assert (missing.word, missing.change) == ("unknown", "unknown") and "0 of 12 patients" in missing.reasons[0]
    assert constant.word == "undecided" and "does not vary" in constant.reasons[1]
    assert (all_constant.word, all_constant.change) == ("undecided", "unchanged")
    assert "2 patients without a value are left out" in partly.reasons[0] and "of 10 patients" in partly.reasons[0]
    assert (equal.word, equal.change) == ("faithful", "unchanged")
    assert all(verdict.reasons for verdict in (missing, constant, all_constant, partly, equal))


def test_units_and_the_order_of_patients_do_not_matter():
    random = np.random.default_rng(3)
    truth = random.normal(size=(15, 8))
    bicubic, enhanced = truth + random.normal(size=truth.shape), truth + 0.2 * random.normal(size=truth.shape)
    plain = judge_cohort(truth, bicubic, enhanced)
    order = random.permutation(15)
    moved = judge_cohort(*(1e6 * table[order] for table in (truth, bicubic, enhanced)))
    assert [(v.word, v.change) for v in plain] == [(v.word, v.change) for v in moved]


def test_a_small_difference_of_many_patients_is_called_unchanged():
    random = np.random.default_rng(4)
    truth, errors = random.normal(size=(2, 60, 5))
    verdicts = judge_cohort(truth, truth + errors, truth + 1.05 * errors)
    assert {verdict.change for verdict in verdicts} == {"unchanged"}


def test_noise_that_does_as_well_is_told():
    random = np.random.default_rng(5)
    truth, bicubic, errors = random.normal(size=(3, 20, 2))
    null = truth + errors * [0.01, 1.0]
    verdicts = judge_cohort(truth, truth + bicubic, truth + 0.1 * errors, null)
    assert ["noise comes at least as near" in " ".join(verdict.reasons) for verdict in verdicts] == [True, False]


def test_arrays_that_do_not_fit_are_named():
    with pytest.raises(SettingsError, match=r"reference \(5, 3\), bicubic \(5, 2\)"):
        judge_cohort(np.zeros((5, 3)), np.zeros((5, 2)), np.zeros((5, 3)))
    with pytest.raises(SettingsError, match="patients, features"):
        judge_cohort(np.zeros(5), np.zeros(5), np.zeros(5))
    assert judge_cohort(np.zeros((5, 0)), np.zeros((5, 0)), np.zeros((5, 0))) == []
