"""Concordance, limits of agreement, equivalence and bootstrap beside oracles and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import (
    bland_altman,
    clustered_bootstrap,
    concordance,
    concordance_interval,
)


def pair(seed: int, n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 0.9 * x + 0.2 + 0.3 * rng.normal(size=n)


def test_the_concordance_interval_holds_the_true_value_as_often_as_it_says():
    covariance = [[1.0, 0.8], [0.8, 1.2]]
    truth = 2 * 0.8 / (1.0 + 1.2 + 0.2**2)
    rng = np.random.default_rng(0)
    held = []
    for _ in range(600):
        x, y = rng.multivariate_normal([0, 0.2], covariance, 60).T
        low, high = concordance_interval(x, y)
        held.append(low <= truth <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_the_concordance_interval_surrounds_it_and_narrows_with_confidence():
    x, y = pair(1)
    low, high = concordance_interval(x, y)
    inner = concordance_interval(x, y, 0.5)
    assert low < inner[0] < concordance(x, y) < inner[1] < high < 1


def test_equal_measurements_have_no_uncertainty():
    x, _ = pair(2)
    assert concordance_interval(x, x) == pytest.approx((1, 1))


def test_constant_measurements_have_no_concordance():
    assert np.isnan(concordance_interval(np.ones(5), np.ones(5))).all()


def test_bland_altman_is_pingouins_by_hand():
    """The example of Bland & Altman 1986: two peak flow meters, first measurements."""
    large = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    found = bland_altman(mini, large)
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.standard_deviation == pytest.approx(38.8, abs=0.05)
    assert found.limits == pytest.approx((-2.1 - 1.96 * 38.8, -2.1 + 1.96 * 38.8), abs=0.3)
    half = stats.t.ppf(0.975, 16) * 38.77 / np.sqrt(17)
    assert found.bias_interval == pytest.approx((-2.12 - half, -2.12 + half), abs=0.1)
    assert found.lower_limit_interval[0] < found.limits[0] < found.lower_limit_interval[1] < found.bias


def test_the_bootstrap_draws_patients_and_not_lesions():
    rng = np.random.default_rng(6)
    patients = np.repeat(np.arange(8), 25)
    values = rng.normal(size=8)[patients] + 0.05 * rng.normal(size=200)

    def mean(index):
        return float(values[index].mean())

    clustered = clustered_bootstrap(mean, patients)
    alone = clustered_bootstrap(mean, np.arange(200))
    assert clustered == clustered_bootstrap(mean, patients)
    assert clustered[1] - clustered[0] > 3 * (alone[1] - alone[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: concordance_interval([1, 2], [1, 2]), "three subjects"),
        (lambda: concordance_interval([1, 2, 3], [1, 2, 4], 2), "between 0 and 1"),
        (lambda: bland_altman([1, 2, 3], [1, 2]), "equal length"),
        (lambda: clustered_bootstrap(lambda index: 0.0, ["a", "a"]), "at least two"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(SettingsError, match=message):
        call()
