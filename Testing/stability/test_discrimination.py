"""Area under the curve and concordance index beside scikit-learn, published figures and counting by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import area_under_curve, concordance_index


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    outcome = rng.integers(0, 2, 40)
    score = rng.integers(0, 12, 40) + 2.0 * outcome  # with many ties
    assert area_under_curve(score, outcome) == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)


def test_the_area_of_hanley_and_mcneil_1982():
    """Their table I: ratings 1 to 5 of 58 normal and 51 abnormal CT images; W = 0.893."""
    ratings = np.arange(1, 6)
    score = np.concatenate([np.repeat(ratings, [33, 6, 6, 11, 2]), np.repeat(ratings, [3, 2, 2, 11, 33])])
    assert area_under_curve(score, np.repeat([0, 1], [58, 51])) == pytest.approx(0.893, abs=5e-4)


def test_one_outcome_alone_has_no_area():
    assert np.isnan(area_under_curve([1.0, 2.0], [1, 1]))


def counted(score, time, event) -> float:
    """Harrell's index pair by pair, in words: who is known to have had the event first, and had the higher score."""
    usable = right = 0.0
    for a, b in itertools.permutations(range(len(score)), 2):
        if event[a] and (time[a] < time[b] or (time[a] == time[b] and not event[b])):
            usable += 1
            right += 1.0 if score[a] > score[b] else 0.5 if score[a] == score[b] else 0.0
    return right / usable


@pytest.mark.parametrize("seed", range(5))
def test_the_index_is_the_share_of_pairs(seed):
    rng = np.random.default_rng(seed)
    score, time, event = rng.integers(0, 6, 25), rng.integers(1, 9, 25), rng.integers(0, 2, 25)
    assert concordance_index(score, time, event) == pytest.approx(counted(score, time, event), abs=1e-12)


def test_the_index_of_four_patients_by_hand():
    # Events at 1 and 3, ends of observation at 2 and 3. Usable: (1,2) right, (1,3) right, (1,3c) tied; (3,3c) wrong.
    score, time, event = [5, 1, 2, 5], [1, 2, 3, 3], [1, 0, 1, 0]
    assert concordance_index(score, time, event) == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_without_censoring_the_index_follows_kendall():
    from scipy.stats import kendalltau

    rng = np.random.default_rng(1)
    score, time = rng.normal(size=30), rng.exponential(size=30)
    tau = kendalltau(score, -time).statistic
    assert concordance_index(score, time, np.ones(30)) == pytest.approx((tau + 1) / 2)


def test_no_usable_pair():
    assert np.isnan(concordance_index([1.0, 2.0], [1.0, 2.0], [0, 1]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: area_under_curve([1.0, 2.0], [0, 2]), "hold 2; 0 and 1"),
        (lambda: area_under_curve([1.0, np.nan], [0, 1]), "NaN or infinity"),
        (lambda: area_under_curve([1.0, 2.0, 3.0], [0, 1]), "give equal lengths"),
        (lambda: concordance_index([1.0, 2.0], [1.0, -1.0], [0, 1]), "at least 0"),
        (lambda: concordance_index([1.0, 2.0], [1.0, np.nan], [0, 1]), "finite"),
        (lambda: concordance_index([1.0, 2.0], [1.0, 2.0], [0, 0.5]), "hold 0.5"),
        (lambda: concordance_index([1.0, 2.0], [1.0, 2.0, 3.0], [0, 1]), "give equal lengths"),
    ],
)
def test_bad_rows(call, message):
    with pytest.raises(SettingsError, match=message):
        call()
