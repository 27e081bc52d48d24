"""What is said of a lesion, a plane and a bin width before anything is computed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage.measure import marching_cubes

from SuperResRadiomicsLib.enhancement.checks import lesion_warnings
from SuperResRadiomicsLib.grid import Grid, through_plane_axis
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.plane import axis_of_plane, guessed_plane_note
from SuperResRadiomicsLib.io.plausibility import lesion_notes
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.radiomics import FeatureSettings, slow_shape
from SuperResRadiomicsLib.radiomics.filters import LaplacianOfGaussian, Original
from SuperResRadiomicsLib.radiomics.grey_levels import (
    feature_warnings,
    grey_level_notes,
    proposed_width,
    version_notes,
)
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing
from SuperResRadiomicsLib.radiomics.slow_shape import slow_shape_notes, surface_points
from Testing.conftest import oblique_direction

Lesion = tuple[Image, np.ndarray]


def test_a_good_lesion_needs_no_word(lesion: Lesion) -> None:
    image, mask = lesion
    assert lesion_notes(image, mask) == [] and grey_level_notes(image, mask, FeatureSettings()) == []


def test_a_tiny_lesion_is_said(lesion: Lesion) -> None:
    image, mask = lesion
    few = np.zeros_like(mask)
    few[3, 20:24, 20:24] = True
    assert "only 16 voxels" in lesion_notes(image, few)[0]


@pytest.mark.parametrize(("face", "axis"), [((0, 20, 20), "k"), ((3, -1, 20), "j"), ((3, 20, 0), "i")])
def test_a_lesion_at_the_border_is_said(lesion: Lesion, face: tuple[int, int, int], axis: str) -> None:
    image, mask = lesion
    touching = mask.copy()
    touching[face] = True
    assert f"border of the image (along {axis})" in lesion_notes(image, touching)[0]


def test_one_slice_has_no_border_across(lesion: Lesion) -> None:
    image, mask = lesion
    grid = replace(image.grid, size=(*image.grid.size[:2], 1))
    assert lesion_notes(Image(image.voxels[3:4], grid, "CT", "HU"), mask[3:4]) == []


def test_a_scattered_mask_names_the_engine_for_it() -> None:
    mask = np.random.default_rng(5).random((20, 40, 40)) < 0.05
    mask[[0, -1]] = mask[:, [0, -1]] = mask[:, :, [0, -1]] = False
    image = Image(np.zeros(mask.shape, np.int16), Grid((40, 40, 20), (1.0, 1.0, 2.0)))
    assert "--engine exact" in lesion_notes(image, mask)[0]


def test_padding_in_a_lesion_is_said(lesion: Lesion) -> None:
    image, mask = lesion
    voxels = image.voxels.copy()
    voxels[np.nonzero(mask)[0][0], :, :20] = -3024
    assert "padding" in " ".join(lesion_notes(image.with_voxels(voxels), mask))


def test_a_lesion_outside_of_the_range_a_model_was_made_for_is_said(lesion: Lesion, tiny_model: Path) -> None:
    image, mask = lesion
    card = load_card(tiny_model)
    assert lesion_warnings(image, mask, card) == []
    voxels = image.voxels.copy()
    voxels[np.nonzero(mask)[0][0], :, :20] = 1900  # bone, or contrast agent
    (note,) = lesion_warnings(image.with_voxels(voxels), mask, card)
    assert "outside of -1024 to 1500 HU, for which the model 'tiny' was made" in note


@pytest.mark.parametrize(
    ("width", "levels"), [(25.0, None), (1000.0, "(one|2) grey level"), (0.01, r"\d{4,} grey levels")], ids=str
)
def test_bins_that_do_not_suit_the_values_are_said_with_some_that_do(
    lesion: Lesion, width: float, levels: str | None
) -> None:
    image, mask = lesion
    notes = grey_level_notes(image, mask, FeatureSettings(bin_width=width))
    if levels is None:
        assert not notes
        return
    assert re.search(levels, notes[0])
    proposed = float(re.search(r"about ([\d.e-]+)", notes[0])[1])
    assert not grey_level_notes(image, mask, FeatureSettings(bin_width=proposed))
    assert not grey_level_notes(image, mask, FeatureSettings(bin_width=None, bin_count=32))


def test_bins_are_judged_on_what_preprocessing_and_filters_make(lesion: Lesion) -> None:
    image, mask = lesion
    normalised = FeatureSettings(engine="exact", preprocessing=Preprocessing(normalisation=Normalisation()))
    assert "after preprocessing" in grey_level_notes(image, mask, normalised)[0]
    scaled = FeatureSettings(engine="exact", preprocessing=Preprocessing(normalisation=Normalisation(scale=3000)))
    assert not grey_level_notes(image, mask, scaled)
    even = image.with_voxels(np.where(mask, image.voxels, image.voxels + 840))  # noise alone, which the filter smooths
    smooth = FeatureSettings(engine="exact", filters=(Original(), LaplacianOfGaussian(sigma=(3.0,))))
    (note,) = grey_level_notes(even, mask, smooth)
    assert re.search(r"log-sigma-3-0-mm-3D \((one grey level|2 grey levels) from", note)
    assert not grey_level_notes(image, mask, replace(smooth, classes=("shape",)))


def test_a_lesion_of_one_value_and_a_count_without_end_are_said(lesion: Lesion) -> None:
    image, mask = lesion
    counted = FeatureSettings(bin_width=None, bin_count=32)
    flat = image.with_voxels(np.full_like(image.voxels, 7))
    assert "32 makes one grey level" in grey_level_notes(flat, mask, counted)[0]
    assert "there is no texture" in grey_level_notes(flat, mask, FeatureSettings())[0]
    assert "a count of 32 would do" in grey_level_notes(image, mask, replace(counted, bin_count=5000))[0]


def test_a_shape_that_takes_long_names_the_engine_for_it(monkeypatch: pytest.MonkeyPatch, lesion: Lesion) -> None:
    image, mask = lesion
    settings = FeatureSettings(engine="pyradiomics")
    assert surface_points(mask) == len(marching_cubes(np.pad(mask, 1), 0.5)[0])
    assert slow_shape_notes(mask, settings) == []
    monkeypatch.setattr(slow_shape, "LONG_SECONDS", 1e-9)
    assert "--engine exact" in feature_warnings(image, mask, settings)[-1]
    for quick in (replace(settings, engine="exact"), replace(settings, classes=("glcm",))):
        assert slow_shape_notes(mask, quick) == []


@pytest.mark.parametrize("spread", [1e-4, 0.003, 1.0, 47.0, 3e5])
def test_a_proposed_width_gives_about_32_levels(spread: float) -> None:
    assert 16 <= spread / proposed_width(10.0, 10.0 + spread) <= 64


@pytest.mark.parametrize(
    "change", [lambda v: v + 1024, lambda v: v / 1000, lambda v: v * 10], ids=["shift", "0-1", "x10"]
)
def test_an_image_on_another_scale_than_its_original_is_said(lesion: Lesion, change) -> None:
    image, mask = lesion
    names = ("original", "bicubic", "enhanced")
    masks = dict.fromkeys(names, mask)
    good = dict.fromkeys(names, image) | {"enhanced": image.with_voxels(image.voxels * 1.3 - 10.0)}
    assert version_notes(good, masks) == []
    other = image.with_voxels(change(image.voxels.astype(float)))
    (note,) = version_notes(good | {"enhanced": other}, masks)
    assert "The enhanced image looks to be on another scale than the bicubic one" in note
    (note,) = version_notes(dict.fromkeys(names, other) | {"original": image}, masks)
    assert "The bicubic image looks to be on another scale than the original one" in note


@pytest.mark.parametrize(
    ("spacing", "axis", "guessed"),
    [
        ((0.8, 0.8, 4.0), 2, False),
        ((4.0, 0.8, 0.8), 0, False),
        ((0.8, 0.8, 0.625), 2, True),
        ((1.0, 1.0, 0.9), 2, True),
        ((0.9, 1.0, 1.0), 0, True),
        ((1.0, 1.0, 1.0), 2, True),
        ((0.7, 0.9, 1.2), 2, False),
        ((0.7, 1.2, 0.9), 1, False),
    ],
    ids=str,
)
def test_slices_can_be_thinner_than_pixels(spacing: tuple[float, float, float], axis: int, guessed: bool) -> None:
    grid = Grid((20, 21, 22), spacing)
    assert through_plane_axis(grid) == axis
    assert bool(guessed_plane_note(grid, "scan")) == guessed


def test_a_stated_plane_goes_by_the_world() -> None:
    grid = Grid((20, 21, 22), (1.0, 1.0, 1.0), direction=(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    assert [axis_of_plane(grid, plane) for plane in ("sagittal", "coronal", "axial")] == [2, 0, 1]
    oblique = Grid((20, 21, 22), (1.0, 1.0, 1.0), direction=oblique_direction())
    assert sorted(axis_of_plane(oblique, plane) for plane in ("sagittal", "coronal", "axial")) == [0, 1, 2]
