"""The whole image and every label of a mask, from the command line."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import enhance, enhance_lesions, lesions, load_enhancement, load_model
from SuperResRadiomicsLib.errors import MaskError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.io.masks import read_image_with_labels
from SuperResRadiomicsLib.io.reading import read_image


@pytest.fixture
def labelled(files: Path, lesion: tuple[Image, np.ndarray]) -> np.ndarray:
    """Labels 3 and 40, whose voxels run the other way round than the image's; as ``labels.nrrd``."""
    image, mask = lesion
    labels = mask.astype(np.int16) * 3
    labels[0, 0:6, 0:6] = 40
    flipped = Grid(
        image.grid.size,
        image.grid.spacing,
        tuple(image.grid.index_to_world((image.grid.size[0] - 1, 0, 0))),
        tuple(np.ravel(np.reshape(image.grid.direction, (3, 3)) * [-1, 1, 1])),
    )
    write_image(Image(labels[:, :, ::-1].copy(), flipped), files / "labels.nrrd")
    return labels


def test_the_whole_image_is_streamed_and_compared_by_name(command, files, tiny_model):
    out = files / "out"
    outcome = command("enhance", files / "image.nrrd", "--whole", "--model", tiny_model, "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in out.iterdir()) == ["bicubic.nrrd", "enhanced.nrrd", "provenance.json"]
    content = json.loads(outcome.out)
    provenance = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    assert content["provenance"]["inputs"] == provenance["inputs"] and len(provenance["inputs"]["image"]) == 64
    image = read_image(files / "image.nrrd")
    i, j, k = image.grid.size
    assert read_image(out / "enhanced.nrrd").grid.size == (2 * i, 2 * j, k)
    named = ["--original", files / "image.nrrd", "--mask", files / "mask.nrrd"]
    named += ["--bicubic", out / "bicubic.nrrd", "--enhanced", out / "enhanced.nrrd", "--out", files / "compared"]
    compared = command("compare", *named, "--classes", "firstorder", "--engine", "exact", "--filters", "LoG:1")
    assert compared.code == 0, compared.err


def test_other_formats_of_a_whole_image_are_made_in_memory(command, files, tiny_model):
    out = files / "out"
    arguments = ["--whole", "--model", tiny_model, "--out", out, "--format", "nii.gz"]
    assert command("enhance", files / "image.nrrd", *arguments).code == 0
    assert (out / "enhanced.nii.gz").exists() and (out / "original.nii.gz").exists()


def test_every_label_is_enhanced_into_a_folder_of_its_own(command, files, labelled, tiny_model):
    out = files / "out"
    arguments = ["--mask", files / "labels.nrrd", "--label", "all", "--margin", 2, "--allow-volume-change"]
    arguments += ["--model", tiny_model, "--out", out]
    (out / "label-99").mkdir(parents=True)
    (out / "label-99" / "provenance.json").write_text("{}")
    outcome = command("enhance", files / "image.nrrd", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    assert "From an earlier run, and not of this one: label-99" in outcome.err
    assert json.loads(outcome.out)["earlier"] == ["label-99"]
    assert json.loads(outcome.out)["labels"] == {"3": "label-3", "40": "label-40"}
    image, network = read_image(files / "image.nrrd"), load_model(tiny_model, "cpu")
    for label in (3, 40):
        found = load_enhancement(out / f"label-{label}")
        alone = enhance(image, network, mask=labelled == label, margin_mm=2, allow_volume_change=True)
        assert np.array_equal(found.enhanced.voxels, alone.enhanced.voxels)
        assert np.array_equal(found.mask, alone.mask)
    assert command("compare", out / "label-3", "--classes", "firstorder").code == 0


def test_a_label_that_cannot_be_enhanced_is_told_and_the_others_are_made(
    command, files, labelled, tiny_model, monkeypatch
):
    def all_but_the_corner(part, *arguments, mask, **options):
        if mask.sum() == 36:
            raise MaskError("changes its volume too much")
        return enhance(part, *arguments, mask=mask, **options)

    monkeypatch.setattr(lesions, "enhance", all_but_the_corner)
    arguments = ["--mask", files / "labels.nrrd", "--label", "all", "--model", tiny_model, "--out", files / "out"]
    outcome = command("enhance", files / "image.nrrd", *arguments)
    assert outcome.code == 2
    assert "Label 40 was not enhanced" in outcome.err and "1 of 2 lesions were not enhanced" in outcome.err
    assert [path.name for path in (files / "out").iterdir()] == ["label-3"]


@pytest.mark.slow
def test_a_thousand_labels_take_no_more_memory_than_a_few(tmp_path, tiny_model):
    """The memory that is held at most after the hundred of one slice is that after all."""
    grid = Grid((100, 100, 10), (0.8, 0.8, 3.0))
    voxels = np.random.default_rng(0).integers(-900, 100, grid.shape).astype(np.int16)
    labels = np.zeros(grid.shape, np.uint16)
    for k in range(10):
        for n in range(100):
            row, column = n // 10 * 10, n % 10 * 10
            labels[k, row : row + 4, column : column + 4] = 1 + 100 * k + n
    write_image(Image(voxels, grid, "CT", "HU"), tmp_path / "image.nrrd")
    write_image(Image(labels, grid), tmp_path / "labels.nrrd")
    scan, read = read_image_with_labels(tmp_path / "image.nrrd", tmp_path / "labels.nrrd")
    network = load_model(tiny_model, "cpu")
    peaks: list[int] = []
    tracemalloc.start()
    try:
        for label, found in enhance_lesions(scan, read, network, margin_mm=0, allow_volume_change=True):
            assert not isinstance(found, Exception), (label, found)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert len(peaks) == 1000
    assert peaks[-1] < peaks[99] + 1_000_000


def test_without_a_lesion_all_of_the_image_is_enhanced(command, files, tiny_model, tmp_path):
    arguments = [files / "image.nrrd", "--model", tiny_model]
    assert command("enhance", *arguments, "--out", tmp_path / "plain").code == 0
    assert command("enhance", *arguments, "--whole", "--out", tmp_path / "streamed").code == 0
    plain, streamed = (read_image(tmp_path / name / "enhanced.nrrd") for name in ("plain", "streamed"))
    assert plain.grid.matches(streamed.grid)
    assert np.array_equal(plain.voxels, streamed.voxels)
    original = read_image(tmp_path / "plain" / "original.nrrd")
    assert np.array_equal(original.voxels, read_image(files / "image.nrrd").voxels)
