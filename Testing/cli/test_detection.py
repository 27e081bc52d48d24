"""Finding a lesion from the command line, and enhancing what was found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.cli.values import format_box, parse_box
from SuperResRadiomicsLib.detect.box_quality import share_covered
from SuperResRadiomicsLib.detect.detection import DEFAULT_THRESHOLD
from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.io.hashes import content_hash
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.models.headline import headline


@pytest.fixture(autouse=True)
def zoo(tiny_model, tiny_detector, monkeypatch) -> None:
    """A zoo of the two tiny models."""
    monkeypatch.setattr(
        "SuperResRadiomicsLib.models.find.model_folders", lambda: [tiny_model.parent, tiny_detector.parent]
    )


def box_in(content: dict) -> Box:
    return Box(tuple(content["start"]), tuple(content["stop"]))


def empty_lung(files: Path) -> None:
    image = sitk.ReadImage(str(files / "image.nrrd"))
    noise = sitk.GetImageFromArray(np.random.default_rng(0).normal(-800, 25, sitk.GetArrayViewFromImage(image).shape))
    noise.CopyInformation(image)
    sitk.WriteImage(sitk.Cast(noise, sitk.sitkInt16), str(files / "image.nrrd"))


def test_detect_tells_machines(command, files):
    outcome = command("detect", files / "image.nrrd", "--out", files / "out", "--json")
    assert outcome.code == 0, outcome.err
    content = json.loads(outcome.out)
    assert content["notice"] == NOT_FOR_CLINICAL_USE
    written = json.loads((files / "out" / "detection.json").read_text(encoding="utf-8"))
    assert written.pop("sha256").keys() == {"detection.json"}
    assert content == written
    image = read_image(files / "image.nrrd")
    assert share_covered(read_mask(files / "mask.nrrd", image.grid), box_in(content["lesion"]["box"])) == 1
    assert content["lesion"]["threshold"] == DEFAULT_THRESHOLD
    assert content["model"]["name"] == "tiny-detector"
    assert content["inputs"] == {"image": content_hash(files / "image.nrrd")}
    assert "a reader must check it" in outcome.err


def test_detect_tells_people(command, files):
    out = files / "found.json"
    outcome = command("detect", files / "image.nrrd", "--out", out, "--threshold", 0.4, "--margin", 0)
    assert outcome.code == 0, outcome.err
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["lesion"]["threshold"] == 0.4
    assert "suggested by tiny-detector" in outcome.out.replace("\n", " ")
    assert f"--box {format_box(box_in(content['lesion']['box']))}" in outcome.out
    assert "a reader must check it" in outcome.err


def test_enhance_box_auto(command, files):
    out = files / "out"
    outcome = command("enhance", files / "image.nrrd", "--box", "auto", "--model", "tiny", "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    provenance = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    about_files = {name: provenance[name] for name in ("files", "sha256")}
    assert provenance == {**json.loads(outcome.out)["provenance"], **about_files}
    found = provenance["detection"]
    assert found["model"]["name"] == "tiny-detector"
    assert 0.5 <= found["probability"] <= 1
    assert any("a reader must check it" in warning for warning in provenance["warnings"])
    same = ["--box", format_box(box_in(found["box"])), "--model", "tiny", "--out", files / "by hand"]
    assert command("enhance", files / "image.nrrd", *same).code == 0
    twins = [read_image(folder / "enhanced.nrrd").voxels for folder in (out, files / "by hand")]
    assert np.array_equal(*twins)


def test_the_detector_can_be_named(command, files, tiny_detector):
    second = shutil.copytree(tiny_detector, files / "models" / "second")
    arguments = ["--box", "auto", "--detector", second, "--model", "tiny", "--out", files / "out"]
    assert command("enhance", files / "image.nrrd", *arguments).code == 0
    assert command("detect", files / "image.nrrd", "--model", second).code == 0


def change_card(folder: Path, **fields: object) -> Path:
    card = folder / "metadata.json"
    card.write_text(json.dumps(json.loads(card.read_text(encoding="utf-8")) | fields), encoding="utf-8")
    return folder


DETECT_MISTAKES = {
    "model that enhances": (["--model", "tiny"], "'tiny' is for super-resolution and finds no lesions"),
    "no detector for the modality": (["--modality", "US"], "There is no lesion detector for US images"),
    "modality mismatch": (
        ["--modality", "MR", "--model", "tiny-detector"],
        "is MR, the model 'tiny-detector' is for CT",
    ),
    "threshold": (["--threshold", 2], "The threshold is 2"),
    "margin": (["--margin", -1], "The margin is -1.0 mm"),
    "device": (["--device", "abacus"], "The device 'abacus' is not available"),
}


@pytest.mark.parametrize(("arguments", "message"), DETECT_MISTAKES.values(), ids=DETECT_MISTAKES.keys())
def test_detect_refuses(command, files, arguments, message):
    check_refused(command("detect", files / "image.nrrd", "--out", files / "out", *arguments), files, message)


ENHANCE_MISTAKES = {
    "detector as model": (
        ["--model", "tiny-detector"],
        "is a detector and enhances nothing; use superres-radiomics detect",
    ),
    "detector without auto": (["--model", "tiny", "--detector", "tiny-detector"], "without --box auto"),
    "detector that is none": (["--model", "tiny", "--box", "auto", "--detector", "tiny"], "finds no lesions"),
    "mask too": (["--model", "tiny", "--box", "auto", "--mask", "{files}/mask.nrrd"], "A mask and a box were given"),
}


@pytest.mark.parametrize(("arguments", "message"), ENHANCE_MISTAKES.values(), ids=ENHANCE_MISTAKES.keys())
def test_enhance_refuses(command, files, arguments, message):
    given = [argument.format(files=files) for argument in arguments]
    check_refused(command("enhance", files / "image.nrrd", "--out", files / "out", *given), files, message)


def check_refused(outcome, files, message):
    assert outcome.code == 2, outcome.err
    assert message in outcome.err.replace("\n", " ")
    assert outcome.out == ""
    assert not (files / "out").exists()


def test_detector_of_another_modality_is_refused_even_for_images_of_an_unknown_one(command, files, tiny_detector):
    other = change_card(shutil.copytree(tiny_detector, files / "models" / "other"), modality="MR")
    arguments = ["--box", "auto", "--detector", other, "--model", "tiny", "--out", files / "out"]
    check_refused(command("enhance", files / "image.nrrd", *arguments), files, "is for MR, the model 'tiny' for CT")


def test_where_there_is_no_lesion(command, files):
    empty_lung(files)
    message = "No lesion was found in 'image': the highest probability is 0."
    check_refused(command("detect", files / "image.nrrd", "--out", files / "out"), files, message)
    arguments = ["--box", "auto", "--model", "tiny", "--out", files / "out"]
    check_refused(command("enhance", files / "image.nrrd", *arguments), files, message)


def test_models_list_names_detectors_and_figures(command):
    listed = {model["name"]: model for model in json.loads(command("models", "list", "--json").out)["models"]}
    assert listed["tiny-detector"]["task"] == "detection"
    assert listed["tiny"]["held_out"] == "not measured"
    shown = command("models", "list").out
    assert "tiny-detector" in shown and "not measured" in " ".join(shown.split())


def means(psnr_gain: float, ssim_gain: float) -> dict:
    figures = {"psnr_bicubic": 30.0, "psnr_network": 30.0 + psnr_gain}
    figures |= {"ssim_bicubic": 0.9, "ssim_network": 0.9 + ssim_gain}
    return {"mean": figures, "patients": {"a": {}, "b": {}}}


BOXES = {"lesions": 64, "perfect": 0.937, "acceptable": 0.984, "median_area_ratio": 1.342}


@pytest.mark.parametrize(
    ("name", "results", "expected"),
    [
        ("tiny", {}, "not measured"),
        ("tiny", {"baseline": "bicubic", "degradations": {"clean": means(2.345, 0.0321), "noisy": means(9, 0.2)}},
         "+2.3 dB PSNR, +0.032 SSIM over bicubic (2 patients)"),
        ("tiny", {"baseline": "bicubic", "degradations": {"clean": means(-0.5, -0.01)}},
         "-0.5 dB PSNR, -0.010 SSIM over bicubic (2 patients)"),
        ("tiny", {"degradations": {}}, "see its card"),
        ("tiny", {"lesion": 3}, "see its card"),
        ("tiny-detector", {}, "not measured"),
        ("tiny-detector", {"degradations": {"full": BOXES}},
         "box holds 94% wholly, 98% nearly; 1.3 times its area (64 lesions)"),
    ],
)  # fmt: skip
def test_headline(tiny_model, tiny_detector, tmp_path, name, results, expected):
    source = {"tiny": tiny_model, "tiny-detector": tiny_detector}[name]
    folder = Path(shutil.copytree(source, tmp_path / name))
    (folder / "results.json").write_text(json.dumps(results))
    assert headline(load_card(folder)) == expected


def test_boxes_are_written_as_they_are_read():
    box = Box((1, 20, 3), (4, 50, 60))
    assert format_box(box) == "1,4,20,50,3,60"
    assert parse_box(format_box(box)) == box
