"""Intraclass correlations beside an independent implementation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import band, choose_bin_count, intraclass_correlation
from SuperResRadiomicsLib.stability.intraclass import FORMS

PINGOUIN = {"ICC(1,1)": "ICC(1,1)", "ICC(2,1)": "ICC(A,1)", "ICC(3,1)": "ICC(C,1)"}
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@pytest.mark.parametrize(("form", "value"), [("ICC(1,1)", 0.17), ("ICC(2,1)", 0.29), ("ICC(3,1)", 0.71)])
def test_the_example_of_shrout_and_fleiss(form, value):
    assert intraclass_correlation(SHROUT_FLEISS, form).value == pytest.approx(value, abs=0.005)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("lesions", "raters"), [(5, 2), (12, 3), (40, 6)])
def test_pingouin_gives_the_same_values_and_intervals(form, lesions, raters):
    pingouin = pytest.importorskip("pingouin")
    rng = np.random.default_rng(lesions)
    table = rng.normal(size=(lesions, 1)) + 0.4 * rng.normal(size=(lesions, raters)) + 0.3 * np.arange(raters)
    found = intraclass_correlation(table, form)
    rows, columns = np.indices(table.shape)
    frame = pd.DataFrame({"lesion": rows.ravel(), "rater": columns.ravel(), "value": table.ravel()})
    expected = pingouin.intraclass_corr(frame, "lesion", "rater", "value").set_index("Type").loc[PINGOUIN[form]]
    interval = expected[next(name for name in expected.index if name.startswith("CI"))]
    assert found.value == pytest.approx(expected["ICC"], abs=1e-10)
    # pingouin rounds its intervals to two digits.
    assert [float(found.low), float(found.high)] == pytest.approx(list(interval), abs=0.0051)


def test_features_are_independent_of_each_other():
    table = np.random.default_rng(0).normal(size=(8, 3, 5))
    together = intraclass_correlation(table)
    for number in range(5):
        alone = intraclass_correlation(table[:, :, number])
        assert (together.value[number], together.low[number]) == pytest.approx((float(alone.value), float(alone.low)))


def test_consistency_forgives_a_shift_and_agreement_does_not():
    table = np.random.default_rng(1).normal(size=(10, 1)) + np.array([0.0, 3.0])
    assert float(intraclass_correlation(table, "ICC(3,1)").value) == pytest.approx(1)
    assert float(intraclass_correlation(table, "ICC(2,1)").value) < 0.5


def test_equal_measurements_agree_wholly():
    found = intraclass_correlation(np.repeat([[1.0], [2.0], [4.0]], 3, axis=1))
    assert (float(found.value), float(found.low), float(found.high)) == (1, 1, 1)


def test_the_interval_holds_the_true_value_as_often_as_it_says():
    rng = np.random.default_rng(3)
    between, within = 2.0, 1.0
    tables = rng.normal(0, between, (15, 1, 2000)) + rng.normal(0, within, (15, 3, 2000))
    truth = between**2 / (between**2 + within**2)
    for form in FORMS:
        found = intraclass_correlation(tables, form)
        assert np.mean((found.low <= truth) & (truth <= found.high)) == pytest.approx(0.95, abs=0.02)


def test_bands_of_the_paper():
    assert [band(v) for v in (-0.2, 0.5, 0.51, 0.75, 0.9, 0.91, float("nan"))] == [
        "poor", "poor", "moderate", "moderate", "good", "excellent", "undefined",
    ]  # fmt: skip


def test_the_bin_count_with_most_robust_features_is_chosen():
    rng = np.random.default_rng(5)
    lesions = rng.normal(size=(20, 1, 4))
    noisy, steady = (lesions + level * rng.normal(size=(20, 3, 4)) for level in (1.0, 0.01))
    mixed = np.concatenate([steady[:, :, :2], noisy[:, :, 2:]], axis=2)
    chosen = choose_bin_count({8: noisy, 64: steady, 32: steady, 16: mixed})
    assert (chosen.best, chosen.robust, chosen.features) == (32, {8: 0, 16: 2, 32: 4, 64: 4}, 4)


@pytest.mark.parametrize(
    ("values", "changes", "message"),
    [
        (np.zeros((1, 3)), {}, "nothing about a single lesion"),
        (np.zeros((3, 1)), {}, "two raters"),
        (np.full((3, 3), np.nan), {}, "NaN"),
        (np.eye(3), {"form": "ICC(4,1)"}, r"Choose one of: ICC\(1,1\)"),
        (np.eye(3), {"confidence": 95}, "between 0 and 1"),
    ],
)
def test_bad_input(values, changes, message):
    with pytest.raises(SettingsError, match=message):
        intraclass_correlation(values, **changes)
