"""The verdict: which evidence leads to which word."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.stability import intraclass_correlation
from SuperResRadiomicsLib.verdict import Faithfulness, FeatureEvidence, judge, volume_correlations
from SuperResRadiomicsLib.verdict.verdict import STABLE_RATIO, is_count_driven

GOOD, BAD = Faithfulness(0.95, 1.0, 20), Faithfulness(0.4, 5.0, 20)


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        ({}, "unknown"),
        ({"correlation_low": 0.9}, "caution"),
        ({"enhanced": GOOD}, "caution"),
        ({"correlation_low": 0.9, "enhanced": GOOD}, "trusted"),
        ({"correlation_low": 0.6, "enhanced": GOOD}, "not trusted"),
        ({"correlation_low": 0.9, "enhanced": BAD}, "not trusted"),
        ({"variation": 0.1, "spread": 1.0, "enhanced": GOOD}, "trusted"),
        ({"variation": 0.9, "spread": 1.0, "enhanced": GOOD}, "not trusted"),
        ({"variation": 0.9, "spread": 0.0, "enhanced": GOOD}, "caution"),
        ({"correlation_low": float("nan")}, "unknown"),
        ({"correlation_low": 0.9, "enhanced": GOOD, "volume_correlation": -0.95}, "caution"),
        ({"correlation_low": 0.9, "enhanced": GOOD, "null_model": Faithfulness(0.95, 0.5, 20)}, "caution"),
    ],
)
def test_words(evidence, word):
    assert judge(FeatureEvidence("original_glcm_Contrast", **evidence)).word == word


def test_a_feature_that_counts_voxels_is_flagged_where_counts_differ():
    known = {"correlation_low": 0.9, "enhanced": GOOD}
    feature = "original_glrlm_RunLengthNonUniformity"
    assert judge(FeatureEvidence(feature, **known)).word == "trusted"
    flagged = judge(FeatureEvidence(feature, counts_differ=True, **known))
    assert flagged.word == "caution" and any("counts voxels" in reason for reason in flagged.reasons)
    assert not is_count_driven("original_glrlm_RunLengthNonUniformityNormalized")


@pytest.mark.parametrize(
    ("enhanced", "bicubic", "change"),
    [(1.0, 2.0, "restored"), (2.0, 1.0, "made worse"), (1.0, 1.05, "unchanged"), (float("nan"), 1.0, "unknown")],
)
def test_both_tails_are_told(enhanced, bicubic, change):
    evidence = FeatureEvidence("x", enhanced=Faithfulness(0.9, enhanced, 9), bicubic=Faithfulness(0.9, bicubic, 9))
    assert judge(evidence).change == change


def test_every_verdict_says_why():
    reasons = judge(FeatureEvidence("x", correlation_low=0.8)).reasons
    assert "0.80" in reasons[0] and "no reference" in reasons[1]


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
