"""No door replaces or removes what the user owns, or writes over what it reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas
import pytest

from SuperResRadiomicsLib.io.hashes import content_hash


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {str(path.relative_to(folder)): content_hash(path) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def enhance(command, tiny_model):
    """Run `enhance` with the tiny model on the lesion of a folder."""

    def run(folder: Path, out: Path, *more: object):
        arguments = ("--mask", folder / "mask.nrrd", "--model", tiny_model, "--out", out, *more)
        return command("enhance", folder / "image.nrrd", *arguments)

    return run


def test_enhance_refuses_to_write_over_the_mask(enhance, files):
    before = snapshot(files)
    for more in ((), ("--overwrite",)):
        outcome = enhance(files, files, *more)
        assert outcome.code == 2
        assert "'mask.nrrd'" in outcome.err and "input" in outcome.err
        assert snapshot(files) == before


def test_enhance_keeps_the_users_files_of_our_names(enhance, files):
    for name in ("mask.nii.gz", "original.nii.gz", "features.csv", "report.html"):
        (files / "out").mkdir(exist_ok=True)
        (files / "out" / name).write_text("mine")
    before = snapshot(files)
    assert enhance(files, files / "out").code == 0
    assert before.items() <= snapshot(files).items()
    refused = enhance(files, files / "out", "--format", "nii.gz")
    assert refused.code == 2 and "mask.nii.gz" in refused.err
    assert before.items() <= snapshot(files).items()


def test_results_are_sets_and_know_their_inputs(enhance, command, files):
    out = files / "out"
    assert enhance(files, out).code == 0
    record = json.loads((out / "provenance.json").read_text())
    assert record["inputs"] == {name: content_hash(files / f"{name}.nrrd") for name in ("image", "mask")}
    assert record["sha256"]["enhanced.nrrd"] == content_hash(out / "enhanced.nrrd")
    quick = ("--engine", "exact", "--classes", "shape")
    assert command("compare", out, "--report", *quick).code == 0
    assert (out / "report.html").exists()
    assert command("compare", out, *quick).code == 0
    assert not (out / "report.html").exists(), "it was of another table"
    assert enhance(files, out, "--format", "nii.gz").code == 0
    kept = {path.name for path in out.iterdir()}
    assert not any(name.endswith(".nrrd") or name.startswith("features") for name in kept)
    refused = command("enhance", out / "original.nii.gz", "--model", "tiny", "--out", out, "--overwrite")
    assert refused.code == 2 and "is an input" in refused.err


def test_a_result_that_was_changed_is_neither_compared_nor_replaced(enhance, command, files):
    out = files / "out"
    assert enhance(files, out).code == 0
    bits = bytearray((out / "enhanced.nrrd").read_bytes())
    bits[-100] ^= 1
    (out / "enhanced.nrrd").write_bytes(bits)
    compared = command("compare", out, "--engine", "exact")
    assert compared.code == 2 and "'enhanced.nrrd' is missing or changed" in compared.err
    assert enhance(files, out).code == 2
    assert enhance(files, out, "--overwrite").code == 0


def test_the_table_of_a_comparison_is_plain_csv(enhance, command, files):
    assert enhance(files, files / "out").code == 0
    assert command("compare", files / "out", "--engine", "exact", "--classes", "firstorder").code == 0
    frame = pandas.read_csv(files / "out" / "features.csv")
    header = json.loads((files / "out" / "features.json").read_text())["header"]
    assert list(frame.columns)[:6] == ["class", "feature", "key", "original", "bicubic", header["enhanced_column"]]
    assert frame["original"].dtype == np.float64
    assert frame["notice"].str.startswith("Not for clinical use").all()


@pytest.mark.parametrize("target", ["image.nrrd", "mask.nrrd", "cases.csv"])
def test_a_table_is_not_written_over_its_inputs(command, files, target):
    (files / "cases.csv").write_text("Image,Mask\nimage.nrrd,mask.nrrd\n")
    before = snapshot(files)
    for more in ((), ("--overwrite",)):
        arguments = ("--batch", files / "cases.csv", "--out", files / target, "--engine", "exact", "--classes", "shape")
        outcome = command("features", *arguments, *more)
        assert outcome.code == 2 and "is an input" in outcome.err
        assert snapshot(files) == before


def test_a_table_of_the_users_stays(command, files):
    (files / "cases.csv").write_text("Image,Mask,Note\nimage.nrrd,mask.nrrd,=HYPERLINK(1)\n")
    (files / "table.csv").write_text("mine")
    arguments = ("--batch", files / "cases.csv", "--engine", "exact", "--classes", "shape", "--out")
    refused = command("features", *arguments, files / "table.csv")
    assert refused.code == 2 and "'table.csv'" in refused.err
    assert (files / "table.csv").read_text() == "mine"
    for _ in range(2):  # The second time it is ours.
        assert command("features", *arguments, files / "ours.csv").code == 0
    row = pandas.read_csv(files / "ours.csv").loc[0]
    assert row["Note"] == "'=HYPERLINK(1)"
    assert row["diagnostics_Image_SHA256"] == content_hash(files / "image.nrrd")
    assert json.loads((files / "ours.json").read_text())["settings"]["engine"] == "exact"
    shutil.copy(files / "ours.csv", files / "again.csv")
    back = command("features", "--batch", files / "again.csv", *arguments[2:], files / "new.csv")
    assert back.code == 0
    assert pandas.read_csv(files / "new.csv").loc[0, "Note"] == "'=HYPERLINK(1)", "no second apostrophe"


def test_a_detection_of_the_users_stays(command, files, tiny_detector):
    (files / "found.json").write_text("{}")
    arguments = ("detect", files / "image.nrrd", "--model", tiny_detector, "--out", files / "found.json")
    assert command(*arguments).code == 2
    assert (files / "found.json").read_text() == "{}"
    assert command(*arguments, "--overwrite").code == 0
    assert command(*arguments).code == 0


def test_a_parameter_file_is_an_input(command, files):
    (files / "cases.csv").write_text("Image,Mask\nimage.nrrd,mask.nrrd\n")
    (files / "table.json").write_text('{"setting": {"binWidth": 25}}')
    before = snapshot(files)
    arguments = ("--batch", files / "cases.csv", "--out", files / "table.csv", "--parameters", files / "table.json")
    outcome = command("features", *arguments, "--engine", "exact", "--overwrite")
    assert outcome.code == 2 and "'table.json'" in outcome.err and "is an input" in outcome.err
    assert snapshot(files) == before


def test_results_do_not_go_among_a_models_files(enhance, command, files, tiny_model, tiny_detector):
    outcome = enhance(files, tiny_model)
    assert outcome.code == 2 and "is, or lies in, the input" in outcome.err
    found = command(
        "detect",
        files / "image.nrrd",
        "--model",
        tiny_detector,
        "--out",
        tiny_detector / "metadata.json",
        "--overwrite",
    )
    assert found.code == 2 and "lies in, the input" in found.err
