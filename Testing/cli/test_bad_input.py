"""Mistakes at the command line's door: exit code 2, one sentence that names the thing, nothing written."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.io.reading import read_image


def change(name: str, edit: Callable[[sitk.Image], sitk.Image]) -> Callable[[Path], None]:
    """Replace an image file by an edited version of itself."""

    def apply(files: Path) -> None:
        path = str(files / name)
        sitk.WriteImage(edit(sitk.ReadImage(path)), path)

    return apply


def moved(offset_mm: float) -> Callable[[sitk.Image], sitk.Image]:
    def edit(image: sitk.Image) -> sitk.Image:
        image.SetOrigin([value + offset_mm for value in image.GetOrigin()])
        return image

    return edit


def with_value(value: float) -> Callable[[sitk.Image], sitk.Image]:
    def edit(image: sitk.Image) -> sitk.Image:
        image = sitk.Cast(image, sitk.sitkFloat32)
        image[3, 4, 2] = value
        return image

    return edit


def with_spacing(text: str) -> Callable[[Path], None]:
    """Write the image as MHA with a spacing that no writer would write; it takes the name image.nrrd's place."""

    def apply(files: Path) -> None:
        path = files / "image.mha"
        sitk.WriteImage(sitk.ReadImage(str(files / "image.nrrd")), str(path), False)
        content = re.sub(rb"ElementSpacing = [^\n]*", f"ElementSpacing = {text}".encode(), path.read_bytes())
        path.write_bytes(content)
        (files / "image.nrrd").unlink()

    return apply


def as_text(name: str) -> Callable[[Path], None]:
    return lambda files: (files / name).write_text("not an image", encoding="utf-8") and None


def remove(name: str) -> Callable[[Path], None]:
    return lambda files: (files / name).unlink()


BAD_IMAGES_AND_MASKS = {
    "mask empty": (change("mask.nrrd", lambda mask: mask * 0), "'mask.nrrd' is empty"),
    "mask on another grid": (change("mask.nrrd", moved(1.0)), "'mask.nrrd' lies on another grid"),
    "mask outside": (change("mask.nrrd", moved(1000.0)), "'mask.nrrd' lies wholly outside the image"),
    "mask missing": (remove("mask.nrrd"), "There is no file or folder 'mask.nrrd'"),
    "image missing": (remove("image.nrrd"), "There is no file or folder 'image.nrrd'"),
    "not an image": (as_text("image.nrrd"), "'image.nrrd' could not be read as an image"),
    "NaN": (change("image.nrrd", with_value(float("nan"))), "'image' holds 1 voxels that are NaN or infinite"),
    "infinite": (change("image.nrrd", with_value(float("inf"))), "'image' holds 1 voxels that are NaN or infinite"),
    "RGB": (
        change("image.nrrd", lambda image: sitk.Compose([image, image, image + 9])),
        "'image.nrrd' has 3 values in each voxel",
    ),
    "4-D": (change("image.nrrd", lambda image: sitk.JoinSeries([image] * 2)), "'image.nrrd' has 4 dimensions"),
    "zero spacing": (with_spacing("0 0.8 4"), "'image.mha' has a spacing"),
    "absurd spacing": (with_spacing("0.8 0.8 40000"), "spacing is (0.8, 0.8, 40000.0) mm"),
}


def image_of(files: Path) -> Path:
    return next(files.glob("image.mha"), files / "image.nrrd")


def check_refused(outcome, out: Path, message: str) -> None:
    assert outcome.code == 2, outcome.err
    assert message in outcome.err.replace("\n", " ")
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    assert not out.exists()


@pytest.mark.parametrize(("spoil", "message"), BAD_IMAGES_AND_MASKS.values(), ids=BAD_IMAGES_AND_MASKS.keys())
def test_bad_image_or_mask(command, files, tiny_model, spoil, message):
    spoil(files)
    out = files / "out"
    arguments = ["--mask", files / "mask.nrrd", "--model", tiny_model, "--out", out]
    check_refused(command("enhance", image_of(files), *arguments), out, message)
    check_refused(command("features", image_of(files), files / "mask.nrrd"), out, message)


BAD_OPTIONS = {
    "label missing": (["--mask", "{files}/mask.nrrd", "--label", 7], "'mask.nrrd' has no voxel of label 7"),
    "mask and box": (["--mask", "{files}/mask.nrrd", "--box", "0,2,0,2,0,2"], "A mask and a box were given"),
    "lesion and whole": (["--whole", "--box", "0,2,0,2,0,2"], "A lesion and --whole were given"),
    "label that is no number": (["--mask", "{files}/mask.nrrd", "--label", "two"], "The label 'two' is not a whole"),
    "all labels without a mask": (["--label", "all", "--whole"], "was given without a mask"),
    "all labels and a threshold": (
        ["--mask", "{files}/mask.nrrd", "--label", "all", "--threshold", 1],
        "--label all was given with --segment, --roi or --threshold",
    ),
    "all labels of an image": (["--mask", "{files}/image.nrrd", "--label", "all"], "labels are whole numbers from 0"),
    "all labels into DICOM": (
        ["--mask", "{files}/mask.nrrd", "--label", "all", "--format", "dicom"],
        "With --label all the format cannot be dicom",
    ),
    "box of letters": (["--box", "a,b,c"], "The box 'a,b,c' is not six whole numbers"),
    "box outside": (["--box", "0,400,0,10,0,2"], "reaches outside the image"),
    "box empty": (["--box", "5,5,0,10,0,2"], "is empty"),
    "margin negative": (["--mask", "{files}/mask.nrrd", "--margin", -3], "The margin is -3.0 mm"),
    "device absent": (["--whole", "--device", "cuda:99"], "The device 'cuda:99' is not available"),
    "device unknown": (["--whole", "--device", "abacus"], "The device 'abacus' is not available"),
    "precision not here": (["--whole", "--precision", "fp16", "--device", "cpu"], "The precision fp16 needs a GPU"),
    "modality of another model": (["--whole", "--modality", "MR"], "is for CT"),
    "blur outside the trained range": (["--whole", "--blur", 9], "blur_px is 9"),
    "format unknown": (["--format", "jpeg"], "jpeg"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_OPTIONS.values(), ids=BAD_OPTIONS.keys())
def test_bad_option(command, files, tiny_model, arguments, message):
    given = [str(argument).format(files=files) for argument in arguments]
    outcome = command("enhance", files / "image.nrrd", "--model", tiny_model, "--out", files / "out", *given)
    check_refused(outcome, files / "out", message)


BAD_FEATURE_OPTIONS = {
    "class unknown": (["--classes", "beauty"], "beauty"),
    "width and count": (["--bin-width", 25, "--bin-count", 32], "Only one"),
    "engine unknown": (["--engine", "steam"], "The feature engine is 'steam'"),
    "bin count of one": (["--bin-count", 1], "The bin count is 1"),
    "filter unknown": (["--filters", "Original,LBP3D"], "'LBP3D' is not on offer"),
    "sigma for another filter": (["--filters", "Square:3"], "only LoG takes some"),
    "sigma that is no number": (["--filters", "LoG:wide"], "'LoG:wide' holds sigmas that are no numbers"),
    "no sigma": (["--filters", "LoG"], "The sigmas of LoG are: none"),
    "parameter file missing": (["--parameters", "nowhere.yaml"], "'nowhere.yaml': it cannot be read"),
    "options beside a file": (
        ["--parameters", "p.yaml", "--bin-width", 5, "--dimension", "auto"],
        "A parameter file and --bin-width, --dimension were given",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_FEATURE_OPTIONS.values(), ids=BAD_FEATURE_OPTIONS.keys())
def test_bad_feature_option(command, files, arguments, message):
    outcome = command("features", files / "image.nrrd", files / "mask.nrrd", *arguments)
    check_refused(outcome, files / "out", message)


def spoil_card(model: Path, **changes: object) -> None:
    card = model / "metadata.json"
    card.write_text(json.dumps(json.loads(card.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def spoil_weights(model: Path) -> None:
    weights = model / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")


def only_a_pickle(model: Path) -> None:
    for file in model.iterdir():
        file.unlink()
    (model / "weights.pth").write_bytes(b"pickle")


BAD_MODELS = {
    "hash wrong": (spoil_weights, "The weights of model 'tiny' have the SHA-256"),
    "weights missing": (lambda model: (model / "weights.safetensors").unlink(), "has no weights.safetensors"),
    "pickle in the folder": (only_a_pickle, "'weights.pth' is a pickled checkpoint"),
    "objective unknown": (lambda model: spoil_card(model, objective="beauty"), "objective is 'beauty'"),
    "card of another schema": (lambda model: spoil_card(model, schema_version=99), "schema_version is 99"),
    "card not JSON": (lambda model: (model / "metadata.json").write_text("{"), "cannot be read as JSON"),
    "architecture unknown": (
        lambda model: spoil_card(model, architecture={"name": "abacus", "arguments": {}}),
        "The architecture 'abacus' is not known",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BAD_MODELS.values(), ids=BAD_MODELS.keys())
def test_bad_model(command, files, tiny_model, spoil, message):
    model = shutil.copytree(tiny_model, files / "tiny")
    spoil(model)
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", model, "--out", files / "out")
    check_refused(outcome, files / "out", message)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("no-such-model", "There is no model 'no-such-model'"),
        ("checkpoint.pt", "'checkpoint.pt' is a pickled checkpoint"),
    ],
)
def test_model_that_is_none(command, files, model, message):
    (files / "checkpoint.pt").write_bytes(b"pickle")
    given = files / model if model.endswith(".pt") else model
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", given, "--out", files / "out")
    check_refused(outcome, files / "out", message)
    check_refused(command("models", "show", given), files / "out", message)


def test_output_folder_that_is_a_file(command, files, tiny_model):
    (files / "out").write_text("mine", encoding="utf-8")
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", tiny_model, "--out", files / "out")
    assert outcome.code == 2
    assert "The output folder 'out' cannot be used" in outcome.err
    assert (files / "out").read_text(encoding="utf-8") == "mine"


def test_output_folder_that_cannot_be_written(command, files, tiny_model):
    """Where even the administrator may not write."""
    out = Path("/proc/superres/out")
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", tiny_model, "--out", out)
    check_refused(outcome, out, "The output folder 'out' cannot be used")


def test_compare_of_what_is_no_enhancement(command, files):
    outcome = command("compare", files)
    assert outcome.code == 2
    assert "holds no provenance.json" in outcome.err


def test_compare_without_a_mask(command, files, tiny_model):
    box = ["--box", "2,20,2,20,0,3"]
    command("enhance", files / "image.nrrd", *box, "--model", tiny_model, "--out", files / "out")
    outcome = command("compare", files / "out")
    assert outcome.code == 2
    assert "made without a mask" in outcome.err


@pytest.mark.parametrize("arguments", [[], ["--original", "a.nrrd"], ["folder", "--mask", "b.nrrd"]])
def test_compare_of_too_little_or_too_much(command, arguments):
    assert command("compare", *arguments).code == 2


@pytest.mark.parametrize("arguments", [["enhance"], ["features", "a.nrrd"], ["dance"], ["models", "show"]])
def test_usage_errors_are_the_users(command, arguments):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Usage" in outcome.err


def test_image_smaller_than_a_tile_works(command, tmp_path, tiny_model):
    grid = Grid((5, 3, 1), (0.8, 0.8, 4.0))
    voxels = np.arange(15, dtype=np.int16).reshape(grid.shape) - 900
    write_image(Image(voxels, grid, "CT", "HU"), tmp_path / "image.nrrd")
    write_mask(voxels > -898, grid, tmp_path / "mask.nrrd")
    arguments = ["--model", tiny_model, "--mask", tmp_path / "mask.nrrd", "--allow-volume-change"]
    outcome = command("enhance", tmp_path / "image.nrrd", *arguments, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert read_image(tmp_path / "out" / "enhanced.nrrd").grid.size == (10, 6, 1)


def test_spacing_outside_the_card_warns_and_is_recorded(command, files, tiny_model):
    change("image.nrrd", lambda image: image.SetSpacing((3.0, 3.0, 9.0)) or image)(files)
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", tiny_model, "--out", files / "out")
    assert outcome.code == 0
    assert "outside the 0.5 to 1.2 mm" in outcome.err.replace("\n", " ")
    provenance = json.loads((files / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert any("outside the 0.5 to 1.2 mm" in warning for warning in provenance["warnings"])
