"""What the tables of a study rest on: patients, not lesions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.stability import bland_altman
from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.findings import Findings
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.result_tables import result_tables
from Testing.study.cohort import PROTOCOL

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
