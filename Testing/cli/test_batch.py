"""`features --batch` beside the real `pyradiomics` command, and lists with cases that fail."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.errors import BatchError, MissingDependencyError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import write_image, write_mask
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.radiomics import FeatureSettings, slow_shape
from SuperResRadiomicsLib.radiomics.batch import extract_cases, read_cases
from Testing.conftest import GRIDS, make_lesion

PYRADIOMICS = Path(sys.executable).with_name("pyradiomics")
CONTRADICTION = {"diagnostics_Configuration_Settings"}
"""A column of both commands that says other things: the settings by their names here and there."""


def write_case(folder: Path, name: str, grid: Grid, seed: int = 0) -> None:
    image, mask = make_lesion(grid, seed=seed)
    write_image(image, folder / f"{name}.nrrd")
    write_mask(mask, grid, folder / f"{name}_mask.nrrd")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Images and masks of three cases, one of them with labels and one with several masks in a file."""
    for seed, name in enumerate(("thick slices", "oblique", "left-handed")):
        write_case(tmp_path, name, GRIDS[name], seed)
    labels = sitk.ReadImage(str(tmp_path / "oblique_mask.nrrd"))
    ball = sitk.GetArrayFromImage(labels).astype(bool)
    half = ball & (np.indices(ball.shape)[2] < ball.shape[2] // 2)
    for name, value in (("labels", np.where(half, 2, ball)), ("segments", np.stack([half, ball], axis=-1))):
        written = sitk.GetImageFromArray(value.astype(np.uint8), isVector=name == "segments")
        written.CopyInformation(labels)
        sitk.WriteImage(written, str(tmp_path / f"{name}.nrrd"))
    return tmp_path


def write_list(folder: Path, *lines: str) -> Path:
    path = folder / "cases.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_pyradiomics(cases: Path, out: Path) -> int:
    command = [PYRADIOMICS, cases, "-o", out, "-f", "csv"]
    return subprocess.run(command, capture_output=True, check=False, timeout=120).returncode


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def features_of(row: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in row.items() if key.startswith("original_")}


GOOD = (
    "Patient,Image,Mask,Label,Label_channel,Note",
    'P1,thick slices.nrrd,thick slices_mask.nrrd,1,0,"first, of three"',
    "P2,oblique.nrrd,labels.nrrd,2,0,a label",
    "P2,oblique.nrrd,segments.nrrd,1,1,a channel",
    "P3,left-handed.nrrd,left-handed_mask.nrrd,1,0,",
)


@pytest.mark.parametrize("engine", ["pyradiomics", "exact"])
def test_columns_and_values_are_those_of_the_pyradiomics_command(command, folder, engine):
    cases = write_list(folder, *GOOD)
    theirs = folder / "theirs.csv"
    subprocess.run([PYRADIOMICS, cases, "-o", theirs, "-f", "csv"], check=True, capture_output=True, timeout=120)
    outcome = command(
        "features", "--batch", cases, "--out", folder / "ours.csv", "--dimension", "3D", "--engine", engine
    )
    assert outcome.code == 0, outcome.err
    assert "4 cases done, 0 failed: ours.csv" in outcome.out

    ours, expected = table(folder / "ours.csv"), table(theirs)
    assert len(ours) == len(expected) == 4
    for own, their in zip(ours, expected, strict=True):
        names = list(features_of(their))
        assert list(features_of(own)) == names and list(own)[-len(names) :] == names
        assert len(names) == 107
        values = {name: float(own[name]) for name in names}
        tolerance = {"rel": 1e-12} if engine == "pyradiomics" else {"rel": 1e-6, "abs": 1e-9}
        assert values == pytest.approx({name: float(their[name]) for name in names}, **tolerance)
        shared = [
            name for name in own if name.startswith("diagnostics_") and name in their and name not in CONTRADICTION
        ]
        assert {name: own[name] for name in shared} == {name: their[name] for name in shared}
        assert {f"diagnostics_{part}" for part in (
            "Image-original_Spacing", "Image-original_Size", "Mask-original_BoundingBox", "Mask-original_VoxelNum"
        )} <= set(shared)  # fmt: skip
        assert (own["Patient"], own["Label"], own["Note"]) == (their["Patient"], their["Label"], their["Note"])
        assert Path(their["Image"]) == folder / own["Image"]
        assert [name for name in own if name not in their] and all(
            name.startswith("diagnostics_") for name in own if name not in their
        ), "scripts for pyradiomics' tables drop these"
    assert list(ours[0])[:6] == GOOD[0].split(",")


def test_labels_and_channels_choose_different_lesions(command, folder):
    cases = write_list(folder, *GOOD)
    command("features", "--batch", cases, "--out", folder / "ours.csv", "--classes", "shape", "--engine", "exact")
    counts = [int(row["diagnostics_Mask-original_VoxelNum"]) for row in table(folder / "ours.csv")]
    grid = GRIDS["oblique"]
    assert counts[1] == read_mask(folder / "labels.nrrd", grid, 2).sum()
    assert counts[2] == read_mask(folder / "oblique_mask.nrrd", grid).sum() > counts[1]


def test_notice_version_and_settings_stand_in_every_line(command, folder):
    cases = write_list(folder, "Image,Mask", "oblique.nrrd,oblique_mask.nrrd", "oblique.nrrd,nothing.nrrd")
    arguments = ["--batch", cases, "--out", folder / "ours.csv", "--bin-count", 16, "--classes", "firstorder"]
    assert command("features", *arguments, "--engine", "exact").code == 0
    for row in table(folder / "ours.csv"):
        assert row["diagnostics_Notice"] == NOT_FOR_CLINICAL_USE
        settings = json.loads(row["diagnostics_Configuration_Settings"])
        assert (settings["bin_count"], settings["bin_width"], settings["classes"]) == (16, None, ["firstorder"])
        assert row["diagnostics_Versions_SuperResRadiomics"]
        assert row["diagnostics_Versions_Engine"]
    assert str(folder) not in (folder / "ours.csv").read_text(encoding="utf-8")


BAD = {
    "nothing.nrrd,oblique_mask.nrrd,": "There is no file or folder 'nothing.nrrd'",
    "oblique.nrrd,nothing.nrrd,": "There is no file or folder 'nothing.nrrd'",
    "oblique.nrrd,left-handed_mask.nrrd,": "lies on another grid",
    "oblique.nrrd,oblique_mask.nrrd,9": "has no voxel of label 9; its labels are [1]",
    "oblique.nrrd,oblique_mask.nrrd,one": "The column 'Label' holds 'one'",
    "oblique.nrrd,,": "The column 'Mask' is empty",
    "oblique.nrrd,oblique_mask.nrrd,,surplus": "more cells than the header",
    "cases.csv,oblique_mask.nrrd,": "could not be read as an image",
}


def test_cases_that_fail_have_empty_cells_and_a_reason(command, folder):
    good = "oblique.nrrd,oblique_mask.nrrd,"
    cases = write_list(folder, "Image,Mask,Label", good, *BAD, good)
    arguments = ["--batch", cases, "--out", folder / "ours.csv", "--classes", "firstorder", "--engine", "exact"]
    outcome = command("features", *arguments)
    assert outcome.code == 0, outcome.err
    rows = table(folder / "ours.csv")
    assert len(rows) == len(BAD) + 2
    assert rows[0] == rows[-1] and not rows[0]["diagnostics_Error"]
    assert all(math.isfinite(float(value)) for value in features_of(rows[0]).values())
    for number, (row, reason) in enumerate(zip(rows[1:-1], BAD.values(), strict=True), start=3):
        assert reason in row["diagnostics_Error"]
        assert f"Line {number}: {row['diagnostics_Error']}" in outcome.err.replace("\n", " ")
        assert set(features_of(row).values()) == {""}
        assert row["diagnostics_Mask-original_VoxelNum"] == ""
    assert "Traceback" not in outcome.err


def test_pyradiomics_keeps_a_line_for_a_failed_case_too(folder):
    """What the layout of failed cases follows."""
    good, theirs = "oblique.nrrd,oblique_mask.nrrd", folder / "theirs.csv"
    cases = write_list(folder, "Image,Mask", good, "oblique.nrrd,left-handed_mask.nrrd")
    ended = subprocess.run(
        [PYRADIOMICS, cases, "-o", theirs, "-f", "csv"], capture_output=True, check=False, timeout=120
    )
    first, second = table(theirs)
    assert ended.returncode == 0
    assert first.keys() == second.keys() and set(features_of(second).values()) == {""}


def test_undefined_feature_is_nan_and_not_empty(command, folder):
    mask = np.zeros(GRIDS["oblique"].shape, dtype=bool)
    mask[1, 1, 1] = mask[2, 2, 2] = True
    write_mask(mask, GRIDS["oblique"], folder / "dots.nrrd")
    cases = write_list(folder, "Image,Mask", "oblique.nrrd,dots.nrrd")
    arguments = ["--batch", cases, "--out", folder / "ours.csv", "--dimension", "2D", "--engine", "exact"]
    assert command("features", *arguments).code == 0
    (row,) = table(folder / "ours.csv")
    assert row["original_glcm_Contrast"] == "nan"
    assert row["diagnostics_Error"] == ""


def test_where_no_case_can_be_computed_the_table_says_why(command, folder):
    cases = write_list(folder, "Image,Mask", "nothing.nrrd,oblique_mask.nrrd")
    outcome = command("features", "--batch", cases, "--out", folder / "ours.csv")
    assert outcome.code == 2
    assert "No case could be computed; 'ours.csv' says why." in outcome.err
    (row,) = table(folder / "ours.csv")
    assert "no file or folder 'nothing.nrrd'" in row["diagnostics_Error"]


def test_mixed_dimensions_are_warned_of_and_recorded(command, folder):
    write_case(folder, "cubes", Grid((30, 30, 30), (1.0, 1.0, 1.0)))
    cases = write_list(folder, "Image,Mask", "cubes.nrrd,cubes_mask.nrrd", "oblique.nrrd,oblique_mask.nrrd")
    arguments = ["features", "--batch", cases, "--out", folder / "ours.csv", "--classes", "glcm", "--engine", "exact"]
    outcome = command(*arguments)
    assert "Some cases were measured in 2D and others in 3D" in outcome.err.replace("\n", " ")
    assert [row["diagnostics_Configuration_Dimension"] for row in table(folder / "ours.csv")] == ["3D", "2D"]
    assert "others in 3D" not in command(*arguments, "--dimension", "3D").err


def test_several_processes_give_the_same_bytes(command, folder):
    cases = write_list(folder, *GOOD, "P4,nothing.nrrd,nothing.nrrd,,,")
    written = []
    for jobs in (1, 2):
        arguments = ["--batch", cases, "--out", folder / f"{jobs}.csv", "--engine", "exact", "--jobs", jobs]
        outcome = command("features", *arguments, "--classes", "firstorder,lesionintensity,imagequality", "--json")
        assert outcome.code == 0, outcome.err
        content = json.loads(outcome.out)
        assert (content["done"], list(content["failed"]), content["file"]) == (4, ["6"], f"{jobs}.csv")
        assert content["notice"] == NOT_FOR_CLINICAL_USE
        written.append((folder / f"{jobs}.csv").read_bytes())
    assert written[0] == written[1]
    assert math.isfinite(float(table(folder / "1.csv")[0]["companion_imagequality_WaveletGlobal"]))


def test_a_table_can_be_the_list_of_the_next_run(command, folder):
    cases = write_list(folder, *GOOD[:2])
    common = ["--engine", "exact", "--classes", "firstorder"]
    command("features", "--batch", cases, "--out", folder / "first.csv", *common)
    outcome = command("features", "--batch", folder / "first.csv", "--out", folder / "second.csv", *common)
    assert outcome.code == 0, outcome.err
    assert (folder / "second.csv").read_bytes() == (folder / "first.csv").read_bytes()


@pytest.mark.parametrize("column", ["original_glcm_Contrast", "wavelet-LLL_x", "diagnostics_Error"])
def test_a_users_column_that_is_named_like_ours_is_refused_not_replaced(command, folder, column):
    cases = write_list(folder, f"Image,Mask,{column}", "oblique.nrrd,oblique_mask.nrrd,my own")
    outcome = command("features", "--batch", cases, "--out", folder / "o.csv", "--engine", "exact")
    assert outcome.code == 2 and f"has the column {column}" in outcome.err.replace("\n", " ")
    assert not (folder / "o.csv").exists()


def test_a_list_is_read_as_pandas_and_spreadsheets_write_it(command, folder):
    lines = (
        "\ufeffImage, Mask, Label , Label_channel,age",
        "oblique.nrrd , labels.nrrd,2.0,,61.0",
        "oblique.nrrd,segments.nrrd,,1.0,",
        "",
    )
    cases = write_list(folder, *lines)
    common = ["--engine", "exact", "--classes", "firstorder"]
    outcome = command("features", "--batch", cases, "--out", folder / "o.csv", *common)
    assert outcome.code == 0, outcome.err
    plain = write_list(folder, *GOOD[:1], *GOOD[2:4])
    command("features", "--batch", plain, "--out", folder / "plain.csv", *common)
    assert [features_of(row) for row in table(folder / "o.csv")] == [
        features_of(row) for row in table(folder / "plain.csv")
    ]
    assert [row["age"] for row in table(folder / "o.csv")] == ["61.0", ""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "{}/cases.csv"], "without a file for its table"),
        (["--batch", "{}/cases.csv", "--out", "{}/cases.csv"], "'cases.csv' in the folder"),
        (["{}/oblique.nrrd", "--batch", "{}/cases.csv", "--out", "{}/o.csv"], "A list of cases and an image"),
        (["--batch", "{}/none.csv", "--out", "{}/o.csv"], "'none.csv' cannot be read"),
        (["--batch", "{}/cases.csv", "--out", "{}/cases.csv/o.csv"], "The output folder 'cases.csv' cannot be used"),
        (["{}/oblique.nrrd", "{}/oblique_mask.nrrd", "--out", "{}/o.csv"], "only then --out and --jobs"),
        (["--batch", "{}/cases.csv", "--out", "{}/o.csv", "--jobs", "0"], "jobs"),
    ],
)  # fmt: skip
def test_bad_options_are_refused_and_nothing_is_written(command, folder, arguments, message):
    cases = write_list(folder, *GOOD)
    before = cases.read_bytes()
    outcome = command("features", *(argument.format(folder) for argument in arguments))
    said = " ".join(outcome.err.replace("│", " ").split())
    assert outcome.code == 2
    assert message in said
    assert not (folder / "o.csv").exists()
    assert cases.read_bytes() == before


def test_what_is_not_installed_stops_at_once(folder, monkeypatch):
    listed = read_cases(write_list(folder, *GOOD))
    monkeypatch.setitem(sys.modules, "radiomics.featureextractor", None)
    with pytest.raises(MissingDependencyError, match="pyradiomics"):
        extract_cases(listed, FeatureSettings())
    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(MissingDependencyError, match="PyWavelets"):
        extract_cases(listed, FeatureSettings(engine="exact", classes=("imagequality",)))


def test_process_that_dies_is_told_in_a_sentence(folder, monkeypatch):
    listed = read_cases(write_list(folder, *GOOD))
    monkeypatch.setattr("SuperResRadiomicsLib.radiomics.batch.extraction._use_one_thread", _die)
    with pytest.raises(BatchError, match="died.*fewer jobs"):
        extract_cases(listed, FeatureSettings(engine="exact"), jobs=2)


def _die() -> None:
    os._exit(1)


def test_failure_of_our_own_is_a_reason_too_and_stops_no_other_case(folder, monkeypatch):
    listed = read_cases(write_list(folder, *GOOD))

    def fail(*_: object) -> dict[str, float]:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("SuperResRadiomicsLib.radiomics.batch.extraction.extract_features", fail)
    outcomes = extract_cases(listed, FeatureSettings(engine="exact"))
    assert [outcome.error for outcome in outcomes] == [
        "Internal error (ZeroDivisionError: division by zero). Please report it."
    ] * 4


def test_a_case_that_takes_long_is_told_before(command, folder, monkeypatch):
    cases = write_list(folder, "Image,Mask", "oblique.nrrd,oblique_mask.nrrd")
    monkeypatch.setattr(slow_shape, "LONG_SECONDS", 1e-9)
    heard: list[str] = []
    settings = FeatureSettings(engine="pyradiomics", classes=("shape",))
    extract_cases(read_cases(cases), settings, progress=lambda *_: heard.append("done"), tell=heard.append)
    assert heard[0].startswith("Line 2: The lesion's surface") and heard[1:] == ["done"]
    arguments = ("features", "--batch", cases, "--out", folder / "out.csv", "--classes", "shape")
    assert "Warning: Line 2: The lesion's surface" in command(*arguments, "--engine", "pyradiomics").err
    assert "surface" not in command(*arguments, "--engine", "exact").err


def test_progress_counts_the_cases(folder):
    seen: list[tuple[int, int]] = []
    settings = FeatureSettings(engine="exact", classes=("shape",))
    extract_cases(read_cases(write_list(folder, *GOOD)), settings, progress=lambda *done: seen.append(done))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_mask_of_several_needs_a_channel_that_it_has(folder):
    cases = write_list(
        folder, "Image,Mask,Label_channel", "oblique.nrrd,segments.nrrd,2", "oblique.nrrd,segments.nrrd,"
    )
    bad, unsaid = extract_cases(read_cases(cases), FeatureSettings(engine="exact", classes=("shape",)))
    assert "'segments.nrrd' has no channel 2; it holds 2, from 0 to 1" in bad.error
    assert "'segments.nrrd' holds 2 masks, as channels. Say which one" in unsaid.error
