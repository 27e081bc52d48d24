"""The verdict: which evidence leads to which word."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.stability import intraclass_correlation
from SuperResRadiomicsLib.verdict import (
    CohortFinding,
    CohortStability,
    FeatureEvidence,
    LesionVariation,
    judge,
    volume_correlations,
)
from SuperResRadiomicsLib.verdict.verdict import STABLE_RATIO, is_count_driven

STABLE, UNSTABLE, OPEN = (CohortStability(0.6, 0.9, stable) for stable in (True, False, None))
FAITHFUL = CohortFinding("restored", True, ("Mean error 1.", "Faithful: concordance 0.97."))
RESTORED = CohortFinding("restored", None, ("Mean error 1.",))
WORSE = CohortFinding("made worse", True, ("Mean error 3.",))
UNFAITHFUL = CohortFinding("undecided", False, ("Mean error 3.",))
LEFT_OPEN = CohortFinding("undecided", None, ("Mean error 3.",))
NOTHING = CohortFinding("unknown", None, ("Nothing is said below 5 patients.",), known=False)


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        ({}, "unknown"),
        ({"finding": NOTHING}, "unknown"),
        ({"stability": OPEN}, "undecided"),
        ({"stability": STABLE}, "stable"),
        ({"stability": UNSTABLE}, "unstable"),
        ({"finding": FAITHFUL}, "faithful"),
        ({"finding": RESTORED}, "restored"),
        ({"finding": WORSE}, "made worse"),
        ({"finding": UNFAITHFUL}, "unfaithful"),
        ({"finding": LEFT_OPEN}, "undecided"),
        ({"finding": LEFT_OPEN, "stability": STABLE}, "stable"),
        ({"finding": FAITHFUL, "stability": OPEN}, "faithful"),
        ({"finding": FAITHFUL, "stability": UNSTABLE}, "unstable"),
        ({"finding": NOTHING, "stability": STABLE}, "stable"),
        ({"variation": LesionVariation(0.1, 10, 1.0, 12)}, "stable"),
        ({"variation": LesionVariation(0.5, 10, 1.0, 12)}, "undecided"),
        ({"variation": LesionVariation(3.0, 10, 1.0, 12)}, "unstable"),
        ({"variation": LesionVariation(0.9, 10, 0.0, 12)}, "unknown"),
        ({"variation": LesionVariation(float("nan"), 10, 1.0, 12)}, "unknown"),
    ],
)
def test_words(evidence, word):
    assert judge(FeatureEvidence("original_glcm_Contrast", **evidence)).word == word


def test_a_feature_that_counts_voxels_is_flagged_where_counts_differ():
    feature = "original_glrlm_RunLengthNonUniformity"
    plain, flagged = (judge(FeatureEvidence(feature, STABLE, counts_differ=differ)) for differ in (False, True))
    assert not any("counts voxels" in reason for reason in plain.reasons)
    assert any("counts voxels" in reason for reason in flagged.reasons)
    assert not is_count_driven("original_glrlm_RunLengthNonUniformityNormalized")


def test_a_feature_that_only_says_the_volume_is_flagged():
    flagged = judge(FeatureEvidence("original_glcm_Contrast", STABLE, volume_correlation=-0.95))
    assert any("lesion's volume" in reason for reason in flagged.reasons)


def test_every_verdict_says_why_and_where_it_was_measured():
    verdict = judge(FeatureEvidence("x", STABLE, finding=FAITHFUL, source="12 patients", notes=("Nobody did.",)))
    assert "0.60 and 0.90" in verdict.reasons[0]
    assert verdict.reasons[1:] == ("In 12 patients: mean error 1.", "Faithful: concordance 0.97.", "Nobody did.")
    assert verdict.change == "restored"


def test_the_limits_of_a_lesions_variation_are_those_of_a_ratio_of_variances():
    random = np.random.default_rng(1)
    covered = []
    for _ in range(300):
        moved, lesions = 0.5 * random.normal(size=10), random.normal(size=12)
        found = LesionVariation(moved.std(ddof=1), 10, lesions.std(ddof=1), 12)
        _, low, high = found.ratio_limits()
        covered.append(low <= 0.5 <= high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_the_two_measures_of_stability_ask_for_the_same():
    """A lesion that varies by the ratio in a large cohort has the correlation that is asked for."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4000, 1)) + STABLE_RATIO * rng.normal(size=(4000, 5))
    assert float(intraclass_correlation(values).value) == pytest.approx(0.75, abs=0.02)


def test_redundancy_with_volume_is_by_rank():
    volume = np.array([1.0, 2.0, 5.0, 30.0])
    features = np.stack([volume**3, -volume, np.ones(4), [1, 5, 2, 3]], axis=1)
    assert volume_correlations(features, volume)[:2].tolist() == pytest.approx([1, -1])
    assert np.isnan(volume_correlations(features, volume)[2])
