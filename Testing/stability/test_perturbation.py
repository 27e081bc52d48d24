"""Perturbations: what each must keep, what it must change, and that it repeats to the bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.stability.perturbation import (
    Closing,
    ContourRandomisation,
    NoiseAddition,
    Opening,
    Rotation,
    Translation,
    VolumeChange,
    describe,
    estimate_noise,
)

ALL = [
    Opening(),
    Closing(),
    VolumeChange(0.2),
    VolumeChange(-0.2),
    ContourRandomisation(3),
    Translation((0.25, 0.5, 0.0)),
    Rotation(7.0),
    NoiseAddition(5),
]


@pytest.fixture
def lesion() -> tuple[Image, np.ndarray]:
    grid = Grid((32, 28, 12), (0.8, 1.0, 2.5))
    k, j, i = np.indices(grid.shape)
    mask = ((i - 15) * 0.8) ** 2 + (j - 13.0) ** 2 + ((k - 6) * 2.5) ** 2 < 60
    voxels = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=grid.shape), 1.5) * 300
    return Image((voxels + 20 * np.random.default_rng(1).normal(size=grid.shape)).astype(np.int16), grid, "CT"), mask


@pytest.mark.parametrize("perturbation", ALL, ids=lambda p: describe(p)["kind"])
def test_the_same_every_time_and_recorded(perturbation, lesion):
    image, mask = lesion
    before = image.voxels.copy(), mask.copy()
    first, second = perturbation.apply(image, mask), perturbation.apply(image, mask)
    assert np.array_equal(first[0].voxels, second[0].voxels) and np.array_equal(first[1], second[1])
    assert np.array_equal(image.voxels, before[0]) and np.array_equal(mask, before[1]), "inputs stay as they are"
    assert first[0].grid == image.grid and first[0].voxels.dtype == image.voxels.dtype
    assert first[1].dtype == bool and first[1].shape == mask.shape
    overlap = 2 * (first[1] & mask).sum() / (first[1].sum() + mask.sum())
    assert 0.8 < overlap <= 1
    assert json.loads(json.dumps(describe(perturbation)))["kind"]


def test_opening_removes_spikes_and_closing_fills_holes(lesion):
    image, mask = lesion
    spike, hole = mask.copy(), mask.copy()
    spike[6, 13, 28:] = True
    hole[6, 13, 15] = False
    assert not Opening().apply(image, spike)[1][6, 13, 29]
    assert Closing().apply(image, hole)[1][6, 13, 15]
    opened, closed = Opening().apply(image, mask)[1], Closing().apply(image, mask)[1]
    assert not (opened & ~mask).any() and not (mask & ~closed).any()
    assert np.array_equal(Opening().apply(image, opened)[1], opened), "idempotent"


def test_closing_does_not_eat_what_touches_the_border():
    image = Image(np.zeros((3, 6, 6), np.int16), Grid((6, 6, 3), (1, 1, 1)), "CT")
    everything = np.ones((3, 6, 6), bool)
    assert Closing().apply(image, everything)[1].all()


def test_a_single_slice_keeps_a_flat_lesion(lesion):
    image, mask = lesion
    flat = Image(image.voxels[6:7], Grid((32, 28, 1), (0.8, 1.0, 2.5)), "CT")
    assert Opening().apply(flat, mask[6:7])[1].any()


@pytest.mark.parametrize("fraction", [-0.5, -0.1, 0.0, 0.3, 1.0])
def test_volume_changes_by_the_fraction(lesion, fraction):
    image, mask = lesion
    changed = VolumeChange(fraction).apply(image, mask)[1]
    assert changed.sum() == round(mask.sum() * (1 + fraction))
    assert not (mask & ~changed).any() if fraction >= 0 else not (changed & ~mask).any()


def test_growth_is_even_in_millimetres(lesion):
    """Slices are 2.5 mm apart: a thin shell grows within slices and not across them."""
    image, mask = lesion
    grown = VolumeChange(0.05).apply(image, mask)[1]
    assert not (grown & ~mask.any(axis=(1, 2))[:, None, None]).any()


def test_the_outline_wanders_as_far_as_it_says(lesion):
    image, mask = lesion
    assert np.array_equal(ContourRandomisation(1, deviation_mm=0).apply(image, mask)[1], mask)
    changed = [(ContourRandomisation(1, mm).apply(image, mask)[1] ^ mask).sum() for mm in (0.5, 1.0, 2.0)]
    assert 0 < changed[0] < changed[1] < changed[2]
    assert (ContourRandomisation(1).apply(image, mask)[1] != ContourRandomisation(2).apply(image, mask)[1]).any()


def test_a_shift_by_whole_voxels_is_a_roll(lesion):
    image, mask = lesion
    moved, where = Translation((3.0, -2.0, 1.0)).apply(image, mask)
    inner = (slice(3, -3), slice(4, -4), slice(5, -5))
    assert np.array_equal(moved.voxels[inner], np.roll(image.voxels, (1, -2, 3), (0, 1, 2))[inner])
    assert np.array_equal(where, np.roll(mask, (1, -2, 3), (0, 1, 2)))


def test_no_shift_and_no_turn_change_nothing(lesion):
    image, mask = lesion
    for nothing in (Translation((0, 0, 0)), Rotation(0)):
        same, where = nothing.apply(image, mask)
        assert np.array_equal(same.voxels, image.voxels) and np.array_equal(where, mask)


def test_a_turn_keeps_shapes_in_millimetres():
    """Pixels of 1 x 2 mm: a bar turned by 90 degrees is as long in mm as before."""
    grid = Grid((41, 21, 3), (1.0, 2.0, 5.0))
    mask = np.zeros(grid.shape, bool)
    mask[1, 10, 10:31] = True  # 21 mm long, 2 mm wide
    turned = Rotation(90).apply(Image(mask.astype(np.int16), grid, "CT"), mask)[1]
    rows, columns = np.flatnonzero(turned.any(axis=(0, 2))), np.flatnonzero(turned.any(axis=(0, 1)))
    assert (rows.size * 2.0, columns.size * 1.0) == pytest.approx((21, 2), abs=2.0)
    assert rows.mean() == pytest.approx(10) and columns.mean() == pytest.approx(20)


def test_noise_is_estimated_and_added():
    grid = Grid((128, 128, 4), (1, 1, 3))
    smooth = np.broadcast_to(np.linspace(0, 500, 128), grid.shape)
    noisy = smooth + 12 * np.random.default_rng(2).normal(size=grid.shape)
    image = Image(noisy.astype(np.float32), grid, "CT")
    assert estimate_noise(image) == pytest.approx(12, rel=0.03)
    added = NoiseAddition(1).apply(image, np.ones(grid.shape, bool))[0]
    assert estimate_noise(added) == pytest.approx(12 * np.sqrt(2), rel=0.03)
    padded = np.zeros((4, 256, 128), np.float32)
    padded[:, :128] = noisy
    padded_image = Image(padded, Grid((128, 256, 4), (1, 1, 3)), "CT")
    assert estimate_noise(padded_image) == pytest.approx(12, rel=0.03), "an empty background has no noise"


@pytest.mark.parametrize(
    ("perturbation", "message"), [(Opening(), "Opening leaves"), (Translation((20, 0, 0)), "leaves no voxel")]
)
def test_what_leaves_nothing_is_an_error(perturbation, message):
    image = Image(np.zeros((5, 9, 9), np.int16), Grid((9, 9, 5), (1, 1, 1)), "CT")
    mask = np.zeros((5, 9, 9), bool)
    mask[2, 4, 4] = True
    with pytest.raises(MaskError, match=message):
        perturbation.apply(image, mask)


@pytest.mark.parametrize("make", [lambda: VolumeChange(-1.0), lambda: ContourRandomisation(0, smoothness_mm=0)])
def test_parameters_out_of_range(make):
    with pytest.raises(SettingsError):
        make()
