"""Principal components beside scikit-learn, risk scores by hand."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import RISK_MODELS, Scaler, principal_components, risk_scores


def test_components_are_those_of_the_correlation_matrix():
    values = np.random.default_rng(0).normal(size=(25, 6)) @ np.random.default_rng(1).normal(size=(6, 6)) * 100
    found = principal_components(values)
    eigenvalues, vectors = np.linalg.eigh(np.corrcoef(values.T))
    assert np.allclose(found.explained, eigenvalues[::-1] / 6)
    assert np.allclose(np.abs(found.loadings), np.abs(vectors[:, ::-1]))
    assert (found.loadings[np.abs(found.loadings).argmax(axis=0), range(6)] > 0).all()


def test_units_do_not_matter_and_constants_have_no_part():
    values = np.random.default_rng(2).normal(size=(10, 4))
    values[:, 2] = 7.0
    scaled = principal_components(values * [1, 1000, 1, 1e-3])
    assert np.allclose(scaled.loadings, principal_components(values).loadings)
    assert scaled.used.tolist() == [True, True, False, True] and not scaled.loadings[2].any()


def test_importance_is_the_quadrature_sum():
    found = principal_components(np.random.default_rng(3).normal(size=(12, 5)))
    by_hand = [np.sqrt(sum(found.loadings[f, c] ** 2 for c in range(3))) for f in range(5)]
    weighted = [np.sqrt(sum(found.explained[c] * found.loadings[f, c] ** 2 for c in range(3))) for f in range(5)]
    assert found.importance() == pytest.approx(by_hand)
    assert found.importance(weighted=True) == pytest.approx(weighted)
    assert found.importance(components=5) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("values", [np.zeros((1, 3)), np.full((3, 3), np.inf), np.ones((4, 2))])
def test_bad_tables(values):
    with pytest.raises(SettingsError):
        principal_components(values)


def test_scores_are_weighted_z_scores_of_the_references_cohort():
    model = RISK_MODELS["su"]
    rng = np.random.default_rng(4)
    reference = {key: rng.normal(5, 2, 9) for key in model.coefficients}
    scaler = Scaler.fit(reference)
    shifted = dict(reference)
    shifted["original_glcm_SumEntropy"] = reference["original_glcm_SumEntropy"] + reference[
        "original_glcm_SumEntropy"
    ].std(ddof=1)
    scores = risk_scores(model, reference, scaler)
    assert scores.mean() == pytest.approx(-0.541, abs=1e-12)
    assert risk_scores(model, shifted, scaler) - scores == pytest.approx(np.full(9, 0.521), abs=1e-12)


def test_missing_features_and_constant_ones_are_named():
    model = RISK_MODELS["chien"]
    features = {key: np.arange(3.0) for key in model.coefficients}
    scaler = Scaler.fit(features)
    del features["original_glcm_Correlation"]
    with pytest.raises(SettingsError, match="original_glcm_Correlation"):
        risk_scores(model, features, scaler)
    with pytest.raises(SettingsError, match="'a' cannot be standardised"):
        Scaler.fit({"a": np.ones(4)})
