"""Signatures: their files, scores by hand, crossings, overlap of masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import dice as dissimilarity

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.stability import (
    Crossings,
    Scaler,
    Signature,
    cut_off_crossings,
    dice,
    read_signature,
    signature_scores,
)

REPOSITORY = Path(__file__).resolve().parents[2]
A, B = "original_glcm_Contrast", "original_firstorder_Mean"
CSV = f"""\
# Cut-off: 0.3
# binning: 32 bins
feature,coefficient,mean,sd
(Intercept),-1,,
{A},2,10,5
{B},-0.5,100,20
"""


def test_a_csv_and_its_json_are_one_signature(tmp_path):
    (tmp_path / "lung.csv").write_text(CSV)
    found = read_signature(tmp_path / "lung.csv")
    expected = Signature("lung", {A: 2.0, B: -0.5}, -1.0, Scaler({A: 10, B: 100}, {A: 5, B: 20}), 0.3, "32 bins")
    assert found == expected
    (tmp_path / "other.json").write_text(json.dumps(found.to_dict()))
    assert read_signature(tmp_path / "other.json") == expected


def test_the_guides_two_examples_are_one_signature(tmp_path):
    guide = (REPOSITORY / "docs" / "studies.md").read_text(encoding="utf-8")
    for language, name in (("text", "a.csv"), ("json", "b.json")):
        block = guide[guide.index("## Your own signature") :].split(f"```{language}\n")[1].split("```")[0]
        (tmp_path / name).write_text(block)
    found = read_signature(tmp_path / "a.csv")
    assert found == read_signature(tmp_path / "b.json")
    assert (found.name, found.cut_off, len(found.coefficients)) == ("lung signature", 0.3, 2)


def test_scores_by_hand():
    features = {A: [10.0, 15.0], B: [100.0, 140.0], "another": [0.0, 0.0]}
    scaled = Signature("x", {A: 2.0, B: -0.5}, -1.0, Scaler({A: 10, B: 100}, {A: 5, B: 20}))
    assert signature_scores(scaled, features).tolist() == [-1.0, -1.0 + 2 * 1 - 0.5 * 2]
    assert signature_scores(Signature("x", {A: 2.0, B: -0.5}, 1.0), features).tolist() == [-29.0, -39.0]


def test_a_missing_feature_is_named():
    with pytest.raises(SettingsError, match=B):
        signature_scores(Signature("x", {A: 1.0, B: 1.0}), {A: [1.0]})


def test_crossings_in_both_directions():
    found = cut_off_crossings([0.1, 0.2, 0.5, 0.9, 0.3], [0.4, 0.1, 0.2, 0.8, 0.3], 0.3)
    assert found == Crossings(upwards=1, downwards=1, above_first=3, above_second=3, total=5)
    with pytest.raises(SettingsError, match="finite scores of equal length"):
        cut_off_crossings([0.1, np.nan], [0.1, 0.2], 0.3)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", f"feature;coefficient\n{A};1\n", "Separate them by commas"),
        ("s.csv", f"feature,coefficient\n{A},high\n", f"coefficient of {A} is 'high'"),
        ("s.csv", f"feature,coefficient\n{A},1\n{A},2\n", "twice"),
        ("s.csv", f"feature,coefficient\n{A},1,2\n", "more cells"),
        ("s.csv", "feature,coefficient\n", "has no coefficient"),
        ("s.csv", f"feature,coefficient,mean,sd\n{A},1,0,0\n", "not above 0"),
        ("s.csv", f"feature,coefficient,mean,sd\n{A},1,,1\n", f"mean of {A}"),
        ("s.json", "{", "is neither JSON"),
        ("s.json", "[1]", "must hold fields"),
        ("s.json", '{"weights": {}}', "field weights"),
        ("s.json", '{"name": "x"}', "needs the field coefficients"),
        ("s.json", '{"coefficients": {"a": NaN}}', "holds NaN"),
        ("s.json", '{"coefficients": {"a": 1}, "scaler": {"b": {"mean": 0, "sd": 1}}}', "lacks a"),
        ("s.json", '{"coefficients": {"a": 1}, "scaler": [1]}', "mean and sd by feature key"),
        ("s.json", '{"coefficients": {"a": 1}, "name": "a/b"}', "name is 'a/b'"),
    ],
)
def test_mistakes_in_a_file(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_signature(tmp_path / name)


def test_no_file(tmp_path):
    with pytest.raises(SettingsError, match="no file 'none.csv'"):
        read_signature(tmp_path / "none.csv")


def test_overlap_is_that_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 4, 5, 6)) > 0.6
    assert dice(first, second) == pytest.approx(1 - dissimilarity(first.ravel(), second.ravel()))
    assert dice(first, first) == 1 and dice(first, first & False) == 0 and np.isnan(dice(first & False, first & False))
    with pytest.raises(SettingsError, match="on one grid"):
        dice(first, second[0])
