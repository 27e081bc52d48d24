"""The options that say what is read, at the command line's doors."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib.grid import to_sitk
from SuperResRadiomicsLib.io.hashes import content_hash
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from Testing.io.series import write_series

PLAIN = ("--engine", "exact", "--classes", "firstorder", "--json")
MAPPED = ("--engine", "exact", "--features", "firstorder_Mean")


def test_features_on_a_series_with_a_choice_of_labels(command, lesion, tmp_path: Path) -> None:
    image, mask = lesion
    for number, offset in ((2, 0), (3, 100)):

        def change(data, _, number=number) -> None:
            data.SeriesNumber, data.SeriesInstanceUID = number, f"1.2.{number}"

        write_series(tmp_path / "scan" / str(number), image.voxels + np.int16(offset), change=change)
    scan = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "scan" / "2")))
    labels = sitk.GetImageFromArray((mask * 2 + (image.voxels == image.voxels.max()) * ~mask).astype(np.uint8))
    labels.CopyInformation(scan)
    sitk.WriteImage(labels, str(tmp_path / "labels.nrrd"))
    chosen = ("--series", "3", "--label", "2")
    told = json.loads(command("features", tmp_path / "scan", tmp_path / "labels.nrrd", *PLAIN, *chosen).out)
    assert told["original_firstorder_Mean"] == pytest.approx(image.voxels[mask].mean() + 100)
    assert "2 DICOM series" in command("features", tmp_path / "scan", tmp_path / "labels.nrrd", *PLAIN).err


def two_labels(image: Image, mask: np.ndarray, path: Path) -> None:
    labels = mask.astype(np.uint8)
    labels[:3] *= 2
    sitk.WriteImage(to_sitk(labels, image.grid), str(path))


def probability_map(image: Image, mask: np.ndarray, path: Path) -> None:
    sitk.WriteImage(to_sitk(np.where(mask, 0.8, 0.1).astype(np.float32), image.grid), str(path))


def the_image(image: Image, mask: np.ndarray, path: Path) -> None:
    write_image(image, path)


def cut_off(image: Image, mask: np.ndarray, path: Path) -> None:
    write_mask(mask, image.grid, path)
    path.write_bytes(path.read_bytes()[:-9])


def half_a_voxel_off(image: Image, mask: np.ndarray, path: Path) -> None:
    write_mask(mask, replace(image.grid, origin=(image.grid.origin[0] + 0.4, *image.grid.origin[1:])), path)


BAD_MASKS = {
    "two labels": (two_labels, r"2 labels: 1 \(.*--label"),
    "probability map": (probability_map, "not whole numbers.*--threshold"),
    "the image itself": (the_image, "is the image itself"),
    "cut off": (cut_off, "incomplete"),
    "beside the image's voxels": (half_a_voxel_off, "another grid.*origin"),
}


@pytest.mark.parametrize(("write", "reason"), BAD_MASKS.values(), ids=BAD_MASKS.keys())
def test_the_same_mask_is_refused_at_every_door(command, files: Path, lesion, write, reason: str) -> None:
    scan, mask, out = files / "image.nrrd", files / "bad.nii.gz", files / "out"
    write(*lesion, mask)
    (files / "cases.csv").write_text("Image,Mask\nimage.nrrd,bad.nii.gz\n")
    images = ("--original", scan, "--bicubic", scan, "--enhanced", scan)
    doors = (
        ("features", scan, mask, *PLAIN),
        ("features", "--batch", files / "cases.csv", "--out", files / "table.csv", "--engine", "exact"),
        ("enhance", scan, "--mask", mask, "--model", "x", "--out", out),
        ("compare", *images, "--mask", mask, "--out", out, "--engine", "exact"),
        ("maps", scan, mask, "--engine", "exact", "--out", out),
    )
    for arguments in doors:
        outcome = command(*arguments)
        assert outcome.code == 2 and re.search(reason, outcome.err.replace("\n", " ")), arguments[0]
        assert not out.exists()
    if write is two_labels:
        assert json.loads(command(*doors[0], "--label", "2").out)


def test_warnings_stand_in_every_output_of_features(command, files: Path, lesion) -> None:
    image, mask = lesion
    few = np.zeros_like(mask)
    few[3, 20:24, 20:24] = True
    write_mask(few, image.grid, files / "few.nrrd")
    outcome = command("features", files / "image.nrrd", files / "few.nrrd", *PLAIN)
    assert "Warning: The lesion has only 16 voxels" in outcome.err.replace("\n", " ")
    assert "only 16 voxels" in json.loads(outcome.out)["warnings"]
    (files / "cases.csv").write_text("Image,Mask\nimage.nrrd,few.nrrd\n")
    command("features", "--batch", files / "cases.csv", "--out", files / "table.csv", *PLAIN[:4])
    with (files / "table.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert "only 16 voxels" in row["diagnostics_Warnings"]
    assert command("maps", files / "image.nrrd", files / "few.nrrd", *MAPPED, "--out", files / "maps").code == 0
    assert "only 16 voxels" in " ".join(json.loads((files / "maps" / "maps.json").read_text())["warnings"])


def test_geometry_tolerance_of_a_parameter_file_is_honoured(command, files: Path, lesion) -> None:
    image, mask = lesion
    grid = replace(image.grid, origin=(image.grid.origin[0] + 0.002, *image.grid.origin[1:]))
    write_mask(mask, grid, files / "off.nrrd")
    (files / "p.json").write_text('{"featureClass": {"firstorder": ["Mean"]}, "setting": {"geometryTolerance": 0.01}}')
    arguments = ("features", files / "image.nrrd", files / "off.nrrd", "--engine", "exact", "--json")
    refused = command(*arguments, "--classes", "firstorder")
    assert refused.code == 2 and "another grid" in refused.err
    told = json.loads(command(*arguments, "--parameters", files / "p.json").out)
    assert told["original_firstorder_Mean"] == pytest.approx(image.voxels[mask].mean())
    assert "voxels off the image" in told["warnings"]
    maps = ("maps", files / "image.nrrd", files / "off.nrrd", "--engine", "exact", "--out", files / "maps")
    assert command(*maps, "--features", "firstorder_Mean").code == 2
    assert command(*maps, "--parameters", files / "p.json").code == 0


def test_options_on_reading_are_refused_beside_an_enhancement(command, tmp_path: Path) -> None:
    folder = tmp_path / "enhanced"
    folder.mkdir()
    (folder / "provenance.json").write_text("{}")
    for door in ("compare", "maps"):
        for option in (("--label", "7"), ("--series", "3"), ("--plane", "axial")):
            outcome = command(door, folder, "--engine", "exact", "--out", tmp_path / "out", *option)
            assert outcome.code == 2 and "Leave them out" in outcome.err


def test_every_record_knows_what_was_read(command, files: Path) -> None:
    scan, mask = files / "image.nrrd", files / "mask.nrrd"
    told = json.loads(command("features", scan, mask, *PLAIN).out)
    assert (told["image_sha256"], told["mask_sha256"]) == (content_hash(scan), content_hash(mask))
    assert json.loads(command("scan", scan, "--json").out)["inputs"] == {"image": content_hash(scan)}
    assert command("maps", scan, mask, *MAPPED, "--out", files / "maps").code == 0
    record = json.loads((files / "maps" / "maps.json").read_text())
    assert record["inputs"] == {"image": content_hash(scan), "mask": content_hash(mask)}


def test_a_scan_whose_plane_is_guessed_is_said(command, lesion, tmp_path: Path) -> None:
    image, _ = lesion
    write_image(image.with_voxels(image.voxels, replace(image.grid, spacing=(0.8, 0.8, 0.625))), tmp_path / "thin.nrrd")
    outcome = command("scan", tmp_path / "thin.nrrd", "--json")
    assert "State another one with --plane" in json.loads(outcome.out)["warnings"][0]
    assert json.loads(command("scan", tmp_path / "thin.nrrd", "--plane", "axial", "--json").out)["warnings"] == []


def test_enhance_refines_the_acquired_plane_of_thin_slices(command, lesion, tiny_model: Path, tmp_path: Path) -> None:
    image, _ = lesion
    thin = image.with_voxels(image.voxels, replace(image.grid, spacing=(0.8, 0.8, 0.625)))
    write_image(thin, tmp_path / "thin.nrrd")
    arguments = ("enhance", tmp_path / "thin.nrrd", "--model", tiny_model, "--device", "cpu", "--json")
    for plane, size in (((), (96, 80, 7)), (("--plane", "sagittal"), (48, 80, 14))):
        outcome = command(*arguments, "--out", tmp_path / f"out{len(plane)}", *plane)
        assert outcome.code == 0, outcome.err
        assert sitk.ReadImage(str(tmp_path / f"out{len(plane)}" / "enhanced.nrrd")).GetSize() == size
        guessed = [text for text in json.loads(outcome.out)["warnings"] if "State another one with --plane" in text]
        assert bool(guessed) == (not plane)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--suv",), "--suv means nothing"),
        (("--frame", "2"), "--frame means nothing"),
        (("--segment", "x"), "--segment chooses"),
        (("--roi", "x"), "--roi chooses"),
    ],
)
def test_an_option_that_means_nothing_is_refused(command, files: Path, option: tuple[str, ...], message: str) -> None:
    outcome = command("features", files / "image.nrrd", files / "mask.nrrd", *PLAIN, *option)
    assert outcome.code == 2 and message in outcome.err
