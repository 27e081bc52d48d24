"""Agreement statistics against values worked out otherwise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional.regression import concordance_corrcoef

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import concordance


def test_equal_measurements_agree_and_reversed_ones_disagree() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])
    assert concordance(values, values) == pytest.approx(1.0)
    assert concordance(values, 2 * values.mean() - values) == pytest.approx(-1.0)


def test_shift_costs_agreement_though_not_correlation() -> None:
    values = np.array([0.0, 1.0, 2.0])
    # variance 2/3 each, covariance 2/3, shift 1: 2 * 2/3 / (2/3 + 2/3 + 1)
    assert concordance(values, values + 1) == pytest.approx((4 / 3) / (7 / 3))


def test_torchmetrics_agrees_after_correcting_its_moments() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=40), random.normal(size=40)
    theirs = float(concordance_corrcoef(torch.tensor(x), torch.tensor(y)))
    n = len(x)
    # torchmetrics divides second moments by n - 1; undo it.
    covariance = np.cov(x, y, ddof=1)
    numerator = 2 * covariance[0, 1]
    denominator = numerator / theirs
    shift = (x.mean() - y.mean()) ** 2
    expected = numerator * (n - 1) / n / ((denominator - shift) * (n - 1) / n + shift)
    assert concordance(x, y) == pytest.approx(expected, rel=1e-5)


def test_agreement_mistakes() -> None:
    with pytest.raises(SettingsError, match="equal length"):
        concordance([1, 2, 3], [1, 2])
    assert np.isnan(concordance([1, 1], [1, 1]))
