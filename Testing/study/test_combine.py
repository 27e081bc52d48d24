"""The table of all cases, from files of cases that are written down here; and when inputs count as changed."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from SuperResRadiomicsLib.study.combine import combine
from SuperResRadiomicsLib.study.cube import read_cube
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.inputs import describe_inputs, inputs_unchanged
from SuperResRadiomicsLib.study.manifest import Case
from SuperResRadiomicsLib.study.measure import Measurement
from SuperResRadiomicsLib.study.part import write_part
from SuperResRadiomicsLib.study.protocol import Protocol

KEY = "0123456789abcdef"
MEAN = "original_firstorder_Mean"


@pytest.fixture
def protocol() -> Protocol:
    versions = {"original": {"source": "original"}}
    return Protocol.model_validate({"kind": "robustness", "bins": {"counts": [8]}, "versions": versions})


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Two cases, measured; the second is a retest of the first."""
    folder = StudyFolder(tmp_path)
    folder.prepare()
    for number, case in enumerate(("c0", "c1")):
        found = Measurement("original", "unchanged", "8 bins", 100, 300.0, 0.0, 1.0, {MEAN: 40.0 + number})
        write_part(folder.done_path(case, KEY), case, [found], {})
    return folder


def cases(folder: StudyFolder, group: str = "b") -> list[Case]:
    first = Case("c0", "p", folder.root / "c0.nrrd", folder.root / "m.nrrd", group=group)
    return [first, replace(first, name="c1", retest_of="c0")]


def test_no_spreadsheet_runs_a_group(folder: StudyFolder, protocol: Protocol) -> None:
    combine(folder, protocol, KEY, cases(folder, group="=b"))
    rows = list(csv.DictReader(folder.features_table.read_text().splitlines()))
    assert [(row["case"], row["group"], row[MEAN]) for row in rows] == [("c0", "'=b", "40"), ("c1", "'=b", "41")]
    assert rows[0]["notice"].startswith("Not for clinical use")


def test_a_retest_is_no_further_lesion(folder: StudyFolder, protocol: Protocol) -> None:
    cube = read_cube(combine(folder, protocol, KEY, cases(folder)), protocol)
    assert cube.cases == ("c0", "c1") and cube.retest_of == ("", "c0")
    assert cube.first_sessions().cases == ("c0",)
    assert cube.first_sessions().of("original").tolist() == [[40.0]]


def test_an_input_is_unchanged_where_its_content_is(tmp_path: Path) -> None:
    image = tmp_path / "c0.nrrd"
    image.write_bytes(b"voxels")
    known = describe_inputs({"image": image})
    assert inputs_unchanged(known, {"image": image})
    os.utime(image, ns=(1, 1))
    assert inputs_unchanged(known, {"image": image}), "a copy has another time"
    image.write_bytes(b"others")
    assert not inputs_unchanged(known, {"image": image})
    image.unlink()
    assert not inputs_unchanged(known, {"image": image})
    assert not inputs_unchanged(known, {})
