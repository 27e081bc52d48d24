"""What the feature panel writes, read back."""

from __future__ import annotations

import csv
import json
import math
import sys

import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE


def test_csv_and_json_hold_the_table(measured, answer, tmp_path):
    answer(str(tmp_path / "table"))
    measured.panel.export.actions[".csv"].trigger()
    measured.panel.export.actions[".json"].trigger()
    lines = (tmp_path / "table.csv").read_text().splitlines()
    values = {line["key"]: line for line in csv.DictReader(lines)}
    for row in measured.panel.table.rows:
        found = values[row.key]["tiny (fidelity)"]
        assert found == "" if math.isnan(row.enhanced) else float(found) == row.enhanced
    told = json.loads((tmp_path / "table.json").read_text())
    whose = told.pop("whose")
    assert (whose["volume"], whose["segment"], whose["model"]) == ("volume", "lesion", "tiny")
    assert told == measured.node.features
    assert {(line["volume"], line["segment"], line["model"]) for line in values.values()} == {
        ("volume", "lesion", "tiny")
    }
    assert NOT_FOR_CLINICAL_USE in (tmp_path / "table.csv").read_text()
    assert measured.said[-1] == ("Exported to table.json.", False)


def test_a_file_that_cannot_be_written_is_an_error(measured, answer, tmp_path):
    answer(str(tmp_path / "missing" / "table.csv"))
    measured.panel.export.actions[".csv"].trigger()
    assert measured.said[-1][1] and "table.csv" in measured.said[-1][0]


def test_a_dialog_that_is_left_writes_nothing(measured, answer, tmp_path):
    answer("")
    measured.panel.export.actions[".csv"].trigger()
    assert not measured.said and not list(tmp_path.iterdir())


def test_the_page_is_written_by_the_child(measured, answer, tmp_path):
    answer(str(tmp_path / "page.html"))
    measured.panel.export.actions[".html"].trigger()
    measured.wait()
    assert measured.said[-1] == ("Page written.", False)
    page = (tmp_path / "page.html").read_text()
    assert "data:image/png;base64," in page and NOT_FOR_CLINICAL_USE in page and "Correlation" in page


def test_dicom_objects_are_written_by_the_child(measured, monkeypatch, tmp_path):
    """Read back by pydicom: image, segmentation and report, all marked."""
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("highdicom")
    monkeypatch.setattr(sys.modules["qt"].QFileDialog, "getExistingDirectory", lambda *arguments: str(tmp_path))
    measured.panel.export.actions["dicom"].trigger()
    measured.wait()
    assert "DICOM objects written" in measured.said[-1][0], measured.said[-1]
    found = [pydicom.dcmread(file) for file in tmp_path.rglob("*.dcm")]
    assert {"SEG", "SR"} <= {data.Modality for data in found}


def test_without_the_images_the_page_has_no_picture(measured, scene, tmp_path):
    scene.RemoveNode(measured.enhanced)
    measured.panel.export.write(tmp_path / "page.html", ".html")
    measured.wait()
    assert measured.said[-1] == ("Page written, without a picture.", False)
    assert "<img" not in (tmp_path / "page.html").read_text()
