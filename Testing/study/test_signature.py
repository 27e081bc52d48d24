"""A user's signature on every version of a study that was run."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from SuperResRadiomicsLib.errors import SettingsError, StudyError
from SuperResRadiomicsLib.stability import Signature, bland_altman, concordance_index
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.outcomes import patient_values
from SuperResRadiomicsLib.study.report import write_report
from SuperResRadiomicsLib.study.signature import SignatureRequest, evaluate_signature
from Testing.study.repeated import LESIONS, OUTCOMES

WEIGHTS = {"original_firstorder_Mean": 0.1, "original_firstorder_Entropy": -2.0}


@pytest.fixture
def study(repeated: Path, tmp_path: Path) -> Path:
    """A copy of the study that may be changed."""
    return Path(shutil.copytree(repeated, tmp_path / "study"))


def scores(study: Path, version: str, binning: str) -> np.ndarray:
    """By hand from the combined features: the first sessions, the first reader."""
    table = pq.read_table(study / "results" / "features.parquet").to_pandas()
    chosen = table[
        (table["version"] == version)
        & (table["binning"] == binning)
        & (table["mask"] == "unchanged")
        & (table["retest_of"] == "")
    ].sort_values("patient")
    assert len(chosen) == LESIONS
    return 1.5 + sum(weight * chosen[key].to_numpy() for key, weight in WEIGHTS.items())


def test_shift_crossings_and_discrimination(study):
    expected = {version: scores(study, version, "16 bins") for version in ("original", "bicubic")}
    cut_off = float(np.median(expected["original"])) + 0.05
    signature = Signature("my signature", WEIGHTS, 1.5, None, cut_off, "16 bins")
    shift, judged, patients = evaluate_signature(study, SignatureRequest(signature, "response", "months", "died"))

    first, second = (dict(zip(shift.columns, row, strict=True)) for row in shift.rows)
    assert first["version"] == "original" and first["shift"] is None
    found = bland_altman(expected["original"], expected["bicubic"])
    assert second["shift"] == pytest.approx(found.bias) and second["upper limit"] == pytest.approx(found.limits[1])
    above = {version: values >= cut_off for version, values in expected.items()}
    assert first["patients above"] == above["original"].sum()
    assert second["crossed upwards"] == (~above["original"] & above["bicubic"]).sum()
    assert second["crossed downwards"] == (above["original"] & ~above["bicubic"]).sum()

    response = np.array(OUTCOMES["response"], dtype=int)
    months, died = (np.array(OUTCOMES[name][:5], dtype=int) for name in ("months", "died"))
    rows = {(row[0], row[1]): dict(zip(judged.columns, row, strict=True)) for row in judged.rows}
    for version, values in expected.items():
        area = rows["AUC for response", version]
        assert area["value"] == pytest.approx(roc_auc_score(response, values))
        assert area["low"] <= area["value"] <= area["high"] and area["events"] == 3
        index = rows["C-index for months", version]
        assert index["value"] == pytest.approx(concordance_index(values[:5], months, died))
        assert (index["patients"], index["events"]) == (5, 3), "one patient has no time"
    change = rows["AUC for response", "bicubic"]["change"]
    assert change == pytest.approx(rows["AUC for response", "bicubic"]["value"] - area_of(rows, "original"))
    assert [row[0] for row in patients.rows] == [f"p{n}" for n in range(LESIONS)]
    assert [row[2] for row in patients.rows] == pytest.approx(expected["bicubic"])


def area_of(rows: dict, version: str) -> float:
    return float(rows["AUC for response", version]["value"])


def test_the_report_has_what_was_evaluated(study):
    request = SignatureRequest(Signature("risk", WEIGHTS, binning="8 bins"), outcome="response")
    tables = evaluate_signature(study, request)
    names = {path.name for path in write_report(study)}
    assert {f"{table.name}.csv" for table in tables} <= names
    content = json.loads((study / "report" / "report.json").read_text())
    stored = {table["name"]: table["rows"] for table in content["tables"]}
    assert stored["signature_risk_discrimination"] == [list(row) for row in tables[1].rows]
    assert "The signature 'risk' (2 features)" in content["methods"]
    assert "area under the curve for response" in content["methods"]


def test_a_report_says_why_a_signature_is_no_longer_evaluated(study):
    evaluate_signature(study, SignatureRequest(Signature("risk", WEIGHTS, binning="8 bins"), outcome="response"))
    manifest = study / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("response", "answer"))
    write_report(study)
    assert "Not evaluated: The manifest has no column" in (study / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    ("signature", "columns", "message"),
    [
        (Signature("x", {"original_glcm_Nothing": 1.0}, binning="8 bins"), {}, "the features original_glcm_Nothing"),
        (Signature("x", WEIGHTS), {}, "names no as its binning; the study has 8 bins, 16 bins"),
        (Signature("x", WEIGHTS, binning="32 bins"), {}, "names 32 bins"),
        (Signature("x", WEIGHTS, binning="8 bins"), {"outcome": "cured"}, "no column 'cured'.*response, months, died"),
        (Signature("x", WEIGHTS, binning="8 bins"), {"outcome": "months"}, "is '5'; 0 and 1 are allowed"),
    ],
)
def test_mistakes(study, signature, columns, message):
    with pytest.raises((SettingsError, StudyError), match=message):
        evaluate_signature(study, SignatureRequest(signature, **columns))
    assert not (study / "results" / "signatures").exists(), "nothing is remembered"


def test_a_time_needs_its_event():
    with pytest.raises(StudyError, match="needs two columns"):
        SignatureRequest(Signature("x", WEIGHTS), time="months")


def test_an_outcome_is_the_patients(tmp_path):
    for name in ("i", "m"):
        (tmp_path / name).touch()
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("case,patient,image,mask,died\na,p,i,m,1\nb,p,i,m,\nc,q,i,m,0\n")
    cases = read_manifest(manifest)
    assert patient_values(cases, "died", ["q", "p"], binary=True).tolist() == [0, 1]
    manifest.write_text("case,patient,image,mask,died\na,p,i,m,1\nb,p,i,m,0\n")
    with pytest.raises(StudyError, match="has 1 and 0 for the patient p"):
        patient_values(read_manifest(manifest), "died", ["p"], binary=True)


def test_the_command(study, tmp_path, command):
    file = tmp_path / "risk.csv"
    lines = [f"{key},{weight}" for key, weight in WEIGHTS.items()]
    file.write_text("\n".join(["# binning: 8 bins", "feature,coefficient", *lines]))
    outcome = command("study", "signature", study, file, "--outcome", "response", "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    content = json.loads(outcome.out)
    assert content["files"][0] == "signature_risk.json"
    assert json.loads((tmp_path / "out" / "signature_risk.json").read_text())["tables"] == content["tables"]
    for name in content["files"]:
        assert "Not for clinical use" in (tmp_path / "out" / name).read_text()
    text = (tmp_path / "out" / "signature_risk_scores.csv").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [row["patient"] for row in csv.DictReader(lines)] == [f"p{n}" for n in range(LESIONS)]
    shown = command("study", "signature", study, file)
    assert shown.code == 0 and "shift of the score" in shown.out.replace("\n", " ")
    bad = command("study", "signature", study, tmp_path / "none.csv")
    assert bad.code == 2 and "no file 'none.csv'" in bad.err
