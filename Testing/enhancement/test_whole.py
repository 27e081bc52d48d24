"""A whole image slab by slab gives what it gives at once; every lesion of a label image what it gives alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import (
    Enhancement,
    LoadedModel,
    enhance,
    enhance_lesions,
    enhance_whole,
    load_enhancement,
    whole,
)
from SuperResRadiomicsLib.enhancement.lesions import label_boxes
from SuperResRadiomicsLib.errors import Cancelled, ImageError, MaskError, OutputError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.nrrd_stream import nrrd_stream
from SuperResRadiomicsLib.io.reading import read_image
from Testing.conftest import oblique_direction


@pytest.mark.parametrize("through_plane", [None, 0])
def test_slabs_give_what_the_image_gives_at_once(
    loaded: LoadedModel, any_lesion: tuple[Image, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    through_plane: int | None,
) -> None:  # fmt: skip
    image, _ = any_lesion
    monkeypatch.setattr(whole, "WHOLE_SLAB_VOXELS", 20_000)
    calls: list[tuple[int, int]] = []
    found = enhance_whole(
        image, loaded, tmp_path, through_plane=through_plane, progress=lambda *step: calls.append(step)
    )
    expected = enhance(image, loaded, through_plane=through_plane)
    assert calls[-1][0] == calls[-1][1] == len(calls) > 1
    for name in ("enhanced", "bicubic"):
        written = read_image(found.files[name], "CT")
        assert written.grid.matches(getattr(expected, name).grid, 1e-6)
        # Slabs across the slices cut them into other tiles: floating-point sums then differ in their last bits.
        difference = np.abs(written.voxels.astype(int) - getattr(expected, name).voxels)
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
        assert found.residual[name] == pytest.approx(expected.residual[name], rel=1e-3)
    provenance = json.loads(found.files["provenance"].read_text())
    assert provenance["files"] == {"enhanced": "enhanced.nrrd", "bicubic": "bicubic.nrrd"}
    assert provenance["region"] == expected.provenance["region"]
    with pytest.raises(ImageError, match="whole enhanced image"):
        load_enhancement(tmp_path)


def test_a_cancelled_whole_leaves_nothing(
    loaded: LoadedModel, lesion: tuple[Image, np.ndarray], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        enhance_whole(lesion[0], loaded, tmp_path, cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_streamed_files_read_back(tmp_path: Path, dtype: str) -> None:
    grid = Grid((5, 4, 7), (0.7, 0.8, 3.1), (1.5, -300.25, 0.1), oblique_direction())
    voxels = np.random.default_rng(0).uniform(0, 120, grid.shape).astype(dtype)
    with nrrd_stream(tmp_path / "image.nrrd", grid, dtype) as stream:
        stream.add(voxels[:3])
        stream.add(voxels[3:])
    image = read_image(tmp_path / "image.nrrd", "CT")
    assert image.voxels.dtype == voxels.dtype and np.array_equal(image.voxels, voxels)
    assert image.grid.matches(grid, 1e-9)
    assert b"Not for clinical use" in (tmp_path / "image.nrrd").read_bytes()[:1000]


def test_a_stream_that_is_not_complete_leaves_nothing(tmp_path: Path) -> None:
    grid = Grid((5, 4, 7), (1.0, 1.0, 1.0))
    with pytest.raises(OutputError, match="last 5 slices"), nrrd_stream(tmp_path / "a.nrrd", grid, "i2") as stream:
        stream.add(np.zeros((2, 4, 5), dtype=np.int16))
    for wrong in (np.zeros((2, 5, 4), np.int16), np.zeros((2, 4, 5), np.int32), np.zeros((8, 4, 5), np.int16)):
        with pytest.raises(OutputError, match="do not fit"), nrrd_stream(tmp_path / "a.nrrd", grid, "i2") as stream:
            stream.add(wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def labelled() -> tuple[Image, np.ndarray]:
    """Three lesions, one of them at the border, one beside another."""
    size = (150, 131, 9)
    voxels = np.random.default_rng(2).normal(-200, 150, size[::-1]).astype(np.int16)
    labels = np.zeros(size[::-1], dtype=np.uint8)
    labels[0:3, 0:9, 140:150] = 7
    labels[4:7, 60:70, 60:72] = 2
    labels[4:6, 71:77, 60:66] = 9
    return Image(voxels, Grid(size, (0.8, 0.8, 3.0), (4.0, 5.0, 6.0), oblique_direction()), "CT", "HU"), labels


def test_every_lesion_is_what_it_is_alone(loaded: LoadedModel, labelled: tuple[Image, np.ndarray]) -> None:
    image, labels = labelled
    calls: list[tuple[int, int]] = []
    found = dict(enhance_lesions(image, labels, loaded, margin_mm=3, progress=lambda *step: calls.append(step)))
    assert list(found) == [2, 7, 9] and calls == [(1, 3), (2, 3), (3, 3)]
    for label, outcome in found.items():
        alone = enhance(image, loaded, mask=labels == label, margin_mm=3)
        assert isinstance(outcome, Enhancement)
        assert outcome.provenance == alone.provenance and outcome.region == alone.region
        for name in ("enhanced", "bicubic", "original"):
            assert np.array_equal(getattr(outcome, name).voxels, getattr(alone, name).voxels)
        assert np.array_equal(outcome.mask, alone.mask)
        assert np.array_equal(outcome.original_mask, alone.original_mask)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_labels_may_be_any_number(labelled: tuple[Image, np.ndarray], dtype: type) -> None:
    """Such as an identifier; a list of all numbers up to them would need terabytes."""
    image, labels = labelled
    large = labels.astype(dtype)
    large[labels == 9] = 2**62 + 1
    expected = label_boxes(labels, image)
    assert label_boxes(large, image) == {2: expected[2], 7: expected[7], 2**62 + 1: expected[9]}
    if dtype is np.int64:
        large[labels == 2] = -5  # Marks nothing.
        assert set(label_boxes(large, image)) == {7, 2**62 + 1}


def test_a_lesion_that_fails_does_not_stop_the_others(
    loaded: LoadedModel, labelled: tuple[Image, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, labels = labelled
    from SuperResRadiomicsLib.enhancement import lesions

    def some(part: Image, *arguments: object, **options: object) -> Enhancement:
        if part.held.start[2] == 0 and part.held.stop[0] == 150:
            raise MaskError("too small")
        return enhance(part, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(lesions, "enhance", some)
    monkeypatch.setattr(lesions, "context_voxels", lambda grid: [10, 10, 2])
    found = dict(enhance_lesions(image, labels, loaded, only=[9, 7], margin_mm=0))
    assert list(found) == [9, 7]
    assert isinstance(found[9], Enhancement) and isinstance(found[7], MaskError)


def test_labels_that_do_not_fit_are_refused(loaded: LoadedModel, labelled: tuple[Image, np.ndarray]) -> None:
    image, labels = labelled
    for wrong, only, message in (
        (labels[1:], None, "shape"),
        (labels.astype(float), None, "integers"),
        (labels * 0, None, "empty"),
        (labels, [2, 5], "No voxel has the label 5; there are 3 labels: 2, 7, 9"),
    ):
        with pytest.raises(MaskError, match=message):
            next(enhance_lesions(image, wrong, loaded, only=only))
