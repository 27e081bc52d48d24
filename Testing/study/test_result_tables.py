"""What the tables of a study rest on: patients, not lesions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.stability import bland_altman
from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.estimates import MaskCorrelation
from SuperResRadiomicsLib.study.findings import Findings
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.report import page_table
from SuperResRadiomicsLib.study.result_tables import result_tables
from SuperResRadiomicsLib.study.verdicts import verdict_tables
from Testing.study.cohort import PROTOCOL

REPORT = {"name": "x", "title": "X", "note": "", "columns": ["feature", "CCC", "low", "change"]}
PATIENTS = ("a", "a", "b", "b", "c", "c")


@pytest.fixture
def cube() -> Cube:
    """Six lesions of three patients on two versions, one feature."""
    cases = tuple(f"c{number}" for number in range(6))
    return Cube(
        cases=cases,
        patients=PATIENTS,
        groups=("",) * 6,
        versions=("original", "bicubic"),
        masks=("unchanged",),
        binnings=("8 bins",),
        features=("original_glcm_Contrast",),
        values=np.random.default_rng(0).normal(size=(6, 2, 1, 1, 1)),
        volume_mm3=np.ones(6),
        voxels=np.ones((6, 2), dtype=np.int64),
        difference=np.full((6, 2), np.nan),
        retest_of=("",) * 6,
        readers=(),
        readings=np.empty((6, 2, 0, 1, 1)),
        reader_volume_mm3=np.empty((6, 0)),
        dice=np.empty((6, 0)),
    )


@pytest.fixture
def findings() -> Findings:
    random = np.random.default_rng(1)
    unknown = np.full(1, np.nan)
    scores = {"original": random.normal(size=6), "bicubic": random.normal(size=6)}
    return Findings(
        "8 bins",
        None,
        agreement={"original": unknown, "bicubic": unknown},
        limits={"bicubic": np.full((2, 1), np.nan)},
        changes={"bicubic": (unknown, unknown)},
        scores={"a score": scores},
    )


def test_scores_of_published_models_are_compared_over_patients(cube, findings):
    protocol = Protocol.model_validate(PROTOCOL | {"bins": {"counts": [8]}, "perturbations": {}})
    table = next(each for each in result_tables(cube, protocol, findings) if each.name == "risk_scores")
    means = [values.reshape(3, 2).mean(axis=1) for values in findings.scores["a score"].values()]
    expected = bland_altman(*means)
    (row,) = table.rows
    assert row == (
        "a score",
        "bicubic",
        *map(pytest.approx, (expected.bias, *expected.bias_interval, *expected.limits)),
    )
    two = replace(cube, patients=("a", "a", "a", "b", "b", "b"))
    assert all(each.name != "risk_scores" for each in result_tables(two, protocol, findings))


def test_the_page_names_the_columns_that_say_nothing_and_shows_the_others():
    rows = [["a_b", 0.5, None, "not applicable"], ["c_d", None, None, "not applicable"]]
    shown = page_table({**REPORT, "rows": rows})
    assert shown["empty"] == ["low", "change"]
    assert [(column["title"], column["numeric"]) for column in shown["columns"]] == [("feature", False), ("CCC", True)]
    assert shown["rows"] == [["a_b", 0.5], ["c_d", None]]
    assert len(page_table({**REPORT, "rows": []})["columns"]) == 4


def test_what_is_unknown_has_its_reason(cube, findings):
    model = {"source": "model", "model": "ct-gancircle-x2-fidelity"}
    versions = {**PROTOCOL["versions"], "network": model}
    protocol = Protocol.model_validate(PROTOCOL | {"versions": versions, "bins": {"counts": [8]}})
    few = replace(cube, versions=("original", "network"))
    for correlations, reason in (
        ({}, "Stability was not measured"),
        ({"network": nothing_known()}, "not judged below 6 patients; there are 3"),
    ):
        known = replace(findings, correlations=correlations)
        table = next(each for each in verdict_tables(few, protocol, known) if each.name == "verdict")
        assert [row[2] for row in table.rows] == ["unknown"] and reason in table.rows[0][5]


def nothing_known() -> MaskCorrelation:
    unknown = np.full(1, np.nan)
    return MaskCorrelation(unknown, unknown, unknown, (None,))
