"""What is drawn from training volumes: sides of patches, reduced slices, lesions known as boxes, moved lesions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from SuperResRadiomicsLib.enhancement.intensity import Window
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid, box_of_mask
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.training.config import DataConfig, DegradationConfig, TrainingConfig
from SuperResRadiomicsLib.training.degradation import Degradation
from SuperResRadiomicsLib.training.detector_slices import DetectionBatch, SliceSampler, labelled_slices
from SuperResRadiomicsLib.training.entries import VolumeEntry
from SuperResRadiomicsLib.training.lesion_boxes import lesion_in_box
from SuperResRadiomicsLib.training.methods import DetectorSettings
from SuperResRadiomicsLib.training.patches import PatchSampler
from SuperResRadiomicsLib.training.volumes import SliceStack, list_volumes, load_stack, load_volume

GRID = Grid((48, 40, 1), (0.5, 0.5, 6.0))


def patches(settings: dict[str, Any], **data: Any) -> PatchSampler:
    config = TrainingConfig.model_validate({**settings, "data": settings["data"] | data})
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    return PatchSampler(stacks, config.data, config.degradation)


def test_batches_of_several_sides_have_one_side_each_and_about_as_many_pixels(settings: dict[str, Any]) -> None:
    sampler = patches(settings, patch_sides=[16, 24, 32])
    batches = [sampler.batch(8, 0, step) for step in range(40)]
    sides = [batch.target.shape[1] for batch in batches]
    assert set(sides) == {16, 24, 32} and all(sides.count(side) > 5 for side in (16, 24, 32))
    for batch, side in zip(batches, sides, strict=True):
        count = {16: 18, 24: 8, 32: 4}[side]
        assert batch.target.shape == batch.interpolated.shape == (count, side, side)
        assert batch.coarse.shape == (count, side // 2, side // 2)
        assert abs(count * side**2 / (8 * 24**2) - 1) < 0.15
    assert np.array_equal(batches[7].target, sampler.batch(8, 0, 7).target)


def test_large_patches_come_at_least_two_at_a_time(settings: dict[str, Any]) -> None:
    sampler = patches(settings, patch=16, patch_sides=[32], context=0)
    assert len(sampler.batch(2, 0).target) == 2


def test_sides_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"as large as a patch with its context \(60 pixels\).*data.patch_sides"):
        patches(settings, patch_sides=[24, 44])
    with pytest.raises(ValidationError, match=r"data.patch_sides.*divisible by degradation.factor, 2"):
        patches(settings, patch_sides=[24, 31])


def write_volume(folder: Path, grid: Grid = GRID) -> tuple[np.ndarray, np.ndarray]:
    """A volume ``a/1.nrrd`` and its mask; returns voxels and mask."""
    rng = np.random.default_rng(0)
    voxels = rng.integers(0, 1000, grid.shape).astype(np.int16)
    mask = rng.random(grid.shape) > 0.6
    (folder / "a").mkdir()
    write_image(Image(voxels, grid, "CT"), folder / "a" / "1.nrrd")
    write_mask(mask, grid, folder / "a" / "mask.nrrd")
    return voxels, mask


ENTRY = VolumeEntry("a/1.nrrd", "1", "train", "a/mask.nrrd")


def test_slices_are_reduced_where_their_path_matches(tmp_path: Path) -> None:
    grid = Grid((49, 40, 3), (0.5, 0.5, 6.0), (3.0, -2.0, 7.0))
    voxels, mask = write_volume(tmp_path, grid)
    data = DataConfig(folder=tmp_path, modality="CT", reduce={"b/*": 4, "a/*": 2})
    volume = load_volume(ENTRY, data)
    blocks = voxels[:, :, :48].reshape(3, 20, 2, 24, 2)
    assert np.allclose(volume.image.voxels, blocks.mean(axis=(2, 4)), atol=1e-3)
    inside = mask[:, :, :48].reshape(3, 20, 2, 24, 2).mean(axis=(2, 4))
    assert volume.lesion is not None and np.array_equal(volume.lesion, inside > 0.5)
    assert volume.image.spacing == pytest.approx((1.0, 1.0, 6.0))
    assert volume.image.origin == pytest.approx((3.25, -1.75, 7.0)), "the first new pixel's centre is that of four"
    assert load_volume(ENTRY, data.model_copy(update={"reduce": {"b/*": 2}})).image.grid == grid


def test_reduced_slices_stay_the_slices_even_where_their_pixels_get_larger_than_their_distance(tmp_path: Path) -> None:
    write_volume(tmp_path, Grid((48, 40, 5), (0.5, 0.5, 0.8)))
    stack = load_stack(ENTRY, DataConfig(folder=tmp_path, modality="CT", reduce={"*": 2}))
    assert stack.slices.shape == (5, 20, 24) and stack.spacing == pytest.approx((1.0, 1.0))


BOXES = "slice,box_xc,box_yc,box_w,box_h\n1,0.5,0.25,0.25,0.5\n"


def test_a_box_of_shares_marks_the_pixels_inside(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text(BOXES)
    lesion = lesion_in_box(tmp_path / "boxes.csv", "images/1.png", GRID)
    assert lesion is not None and lesion.shape == GRID.shape
    rows, columns = np.flatnonzero(lesion[0].any(axis=1)), np.flatnonzero(lesion[0].any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (0, 19, 18, 29) and lesion.sum() == 20 * 12
    assert lesion_in_box(tmp_path / "boxes.csv", "images/2.png", GRID) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"no 'boxes.csv', which data.lesion_boxes names. Give a CSV"),
        ("", r"'boxes.csv' must be a CSV with the columns slice, box_xc, box_yc, box_w, box_h"),
        ("slice,box_xc,box_yc,box_w\n1,0.5,0.5,0.1\n", "must be a CSV with the columns"),
        (BOXES + "2,0.5,middle,0.1,0.1\n", r"Line 3 of 'boxes.csv'.*'middle'.*shares"),
        (BOXES + "2,0.5,0.5,0.1\n", r"Line 3 of 'boxes.csv'.*shares"),
        (BOXES + "2,120,80,30,30\n", r"Line 3 of 'boxes.csv'.*shares"),
    ],
)
def test_a_file_of_boxes_that_is_not_one_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    write_volume(tmp_path)
    if content is not None:
        (tmp_path / "boxes.csv").write_text(content)
    data = DataConfig(folder=tmp_path, modality="CT", lesion_boxes="boxes.csv")
    with pytest.raises(SettingsError, match=message):
        load_volume(VolumeEntry("a/1.nrrd", "1", "train", None), data)


SIDE = 64


def ellipse(row: float, column: float, height: float, width: float) -> np.ndarray:
    j, i = np.indices((SIDE, SIDE))
    return ((j - row) / height) ** 2 + ((i - column) / width) ** 2 <= 1


def draw_lesions(count: int, **changes: Any) -> DetectionBatch:
    """Slices that show nothing but their lesion, in white."""
    masks = np.stack([ellipse(32, 32, 6, 14), ellipse(24, 40, 12, 5), ellipse(40, 22, 8, 8)])
    stack = SliceStack(VolumeEntry("a", "a", "train", "mask"), masks.astype(np.float32), masks, (1.0, 1.0))
    still = {"zoom": (1.0, 1.0), "shift": 0.0, "gamma": (1.0, 1.0), "coarse_fraction": 0.0, "input_size": SIDE}
    settings = DetectorSettings.model_validate({"name": "detector", **still, **changes})
    return SliceSampler([stack], Window(0.0, 1.0), settings).batch(count, 1, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shift": 0.3},
        {"zoom": (0.8, 1.3)},
        {"rotation": 30.0},
        {"shift": 0.1, "zoom": (0.8, 1.3), "rotation": 30.0},
    ],
    ids=["flips", "shift", "zoom", "rotation", "all"],
)
def test_the_lesion_moves_with_its_slice(changes: dict[str, Any]) -> None:
    batch = draw_lesions(48, **changes)
    apart = (batch.lesion == 1) != (batch.image >= 0.5)
    assert apart.sum() < 0.1 * batch.lesion.sum(), "slices show their lesion alone; its hull has some pixels more"
    places = {lesion.tobytes() for lesion in batch.lesion}
    assert len(places) > 6, "places differ: flips alone give up to four of each lesion"


def test_a_lesion_known_as_a_box_is_the_ellipse_in_it() -> None:
    mask = np.zeros((2, SIDE, SIDE), dtype=bool)
    mask[0, 20:33, 10:39] = True
    stack = SliceStack(VolumeEntry("a", "a", "train", None), np.ones(mask.shape, np.float32), mask, (1.0, 1.0))
    lesion = labelled_slices(stack, Window(0.0, 1.0), SIDE)[0].lesion
    assert np.array_equal(lesion, ellipse(26, 24, 6.5, 14.5))
    assert box_of_mask(lesion[None]) == box_of_mask(mask[:1])
    known = replace(stack, entry=VolumeEntry("a", "a", "train", "mask.nrrd"))
    assert np.array_equal(labelled_slices(known, Window(0.0, 1.0), SIDE)[0].lesion, mask[0])


def test_slices_that_show_nothing_teach_no_detector() -> None:
    """They pad volumes; a detector would learn that black slices hold no lesion."""
    shown = np.stack([np.zeros((SIDE, SIDE)), ellipse(32, 32, 6, 14), np.full((SIDE, SIDE), 0.3)]).astype(np.float32)
    stack = SliceStack(VolumeEntry("a", "a", "train", None), shown, shown == 1, (1.0, 1.0))
    assert [bool(found.lesion.any()) for found in labelled_slices(stack, Window(0.0, 1.0), SIDE)] == [True, False]


def test_degradations_of_a_mixture_come_as_often_as_their_weights_say() -> None:
    settings = DegradationConfig(
        sampling="mixed",
        samplings={"average": 3.0, "point": 1.0},
        blur_families={"gaussian": 1.0, "sharp": 1.0},
        both_clean_fraction=0.5,
        clean_fraction=0.0,
    )
    degradation, rng = Degradation(settings), np.random.default_rng(0)
    drawn = [degradation._kind(0.5, 10.0, rng) for _ in range(2000)]
    assert sum(sampling == "average" for sampling, _ in drawn) / 2000 == pytest.approx(0.75, abs=0.04)
    assert sum(family == "sharp" for _, family in drawn) / 2000 == pytest.approx(0.5, abs=0.04)
    assert {degradation._kind(0.0, 0.0, rng) for _ in range(50)} == {("average", "gaussian")}
    fine = rng.normal(0, 100, (16, 16)).astype(np.float32)
    pairs = [degradation.draw(fine, np.random.default_rng(seed)) for seed in range(40)]
    means = fine.reshape(8, 2, 8, 2).mean(axis=(1, 3))
    clean = [pair for pair in pairs if pair.blur_px == 0 and pair.noise == 0]
    assert 10 < len(clean) < 30 and all(np.allclose(pair.coarse, means, atol=1e-4) for pair in clean)


def test_noise_of_a_mixture_has_the_strength_told_and_is_sometimes_correlated() -> None:
    settings = DegradationConfig(correlated_fraction=0.5, noise=(20.0, 20.001), clean_fraction=0, both_clean_fraction=0)
    degradation, flat = Degradation(settings), np.zeros((96, 96), dtype=np.float32)
    noises = [degradation.draw(flat, np.random.default_rng(seed)) for seed in range(30)]
    assert all(np.std(pair.coarse) == pytest.approx(pair.noise, rel=0.1) for pair in noises)
    likeness = [float(np.corrcoef(p.coarse[:, 1:].ravel(), p.coarse[:, :-1].ravel())[0, 1]) for p in noises]
    assert 8 < sum(value > 0.08 for value in likeness) < 22


def test_a_share_of_the_noise_runs_along_a_direction() -> None:
    settings = DegradationConfig(
        streak_fraction=0.5, streak_px=(6.0, 6.0), noise=(20.0, 20.001), clean_fraction=0, both_clean_fraction=0
    )
    degradation, flat = Degradation(settings), np.zeros((96, 96), dtype=np.float32)
    directed = 0
    for seed in range(30):
        pair = degradation.draw(flat, np.random.default_rng(seed))
        assert np.std(pair.coarse) == pytest.approx(20, rel=0.2)
        _, widths = np.linalg.eigh(np.cov([gradient.ravel() for gradient in np.gradient(pair.coarse)]))[::-1]
        directed += bool(widths.max() > 3 * widths.min())
    assert 8 < directed < 22
