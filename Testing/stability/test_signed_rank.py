"""The signed-rank test beside SciPy's, and its limits beside the test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability.signed_rank import signed_rank


@pytest.mark.parametrize("pairs", [5, 12, 40])
def test_scipy_gives_the_same_p(pairs):
    random = np.random.default_rng(pairs)
    for _ in range(20):
        differences = random.normal(0.3, 1, pairs)
        expected = stats.wilcoxon(differences, method="exact").pvalue
        assert signed_rank(differences).p == pytest.approx(expected, rel=1e-9)


def test_limits_leave_zero_out_just_where_the_test_rejects():
    random = np.random.default_rng(1)
    for _ in range(200):
        found = signed_rank(random.normal(0.5, 1, 12))
        low, high = found.limits(0.95)
        assert (low > 0 or high < 0) == (found.p <= 0.05)
        assert low <= found.centre <= high


def test_limits_that_so_few_pairs_cannot_give_are_infinite():
    assert signed_rank([1.0, 2.0, 3.0, 4.0, 5.0]).limits(0.95) == (-np.inf, np.inf)


def test_pairs_without_a_difference_count_for_neither_side():
    assert signed_rank(np.zeros(8)).p == 1.0
    with_ties = signed_rank([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).p
    assert with_ties > signed_rank([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).p / 2


@pytest.mark.parametrize("given", [[], [[1.0, 2.0]], [1.0, np.nan]])
def test_mistakes_are_named(given):
    with pytest.raises(SettingsError, match="one row of finite numbers"):
        signed_rank(given)
