"""A low-end ultrasound scan of the same tissue: each part of the physics, alone and together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.stats import kstest, rayleigh

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.metrics import psnr, ssim
from SuperResRadiomicsLib.operators import LowEndUltrasound, misregister
from SuperResRadiomicsLib.operators.ultrasound import random_displacement, sector

NOTHING = LowEndUltrasound(
    axial_px=0,
    lateral_px=0,
    speckle_strength=0,
    attenuation_db=0,
    gain_db=0,
    noise_db=-200,
    grey_levels=256,
    misregistration_px=0,
)
"""Every part switched off; source and result have the same dynamic range."""


def a_frame(seed: int = 0) -> np.ndarray:
    """Tissue with a cyst in a fan, black outside."""
    texture = gaussian_filter(np.random.default_rng(seed).normal(size=(128, 128)), 1.5)
    row, column = np.indices(texture.shape)
    frame = 110 + 25 * texture / texture.std()
    frame[np.hypot(row - 70, column - 64) < 14] = 0
    outside = np.abs(column - 64) > 20 + row * 0.3
    return np.where(outside, 0, frame.clip(0, 255)).astype(np.float32)


def test_switched_off_it_gives_the_frame_back() -> None:
    frame = np.rint(a_frame())
    assert np.abs(NOTHING.degrade(frame, np.random.default_rng(0)) - frame).max() <= 0.5


def test_the_default_looks_like_the_frame_but_worse() -> None:
    frame = a_frame()
    degraded = LowEndUltrasound().degrade(frame, np.random.default_rng(0))
    assert degraded.dtype == np.float32 and degraded.shape == frame.shape
    assert degraded.min() >= 0 and degraded.max() <= 255
    assert 0.3 < ssim(frame, degraded, 255) < 0.7
    assert 15 < psnr(frame, degraded, 255) < 25


def test_it_follows_its_generator() -> None:
    operator, frame = LowEndUltrasound(), a_frame()
    first, again, other = (operator.degrade(frame, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_outside_stays_black_and_the_cyst_shows_noise() -> None:
    frame = a_frame()
    degraded = replace(LowEndUltrasound(), noise_db=-55).degrade(frame, np.random.default_rng(0))
    row, column = np.indices(frame.shape)
    assert degraded[np.abs(column - 64) > 21 + row * 0.3].max() == 0
    assert degraded[np.hypot(row - 70, column - 64) < 8].mean() > 5
    assert not LowEndUltrasound().degrade(np.zeros((16, 16)), np.random.default_rng(0)).any()


def test_the_sector_has_no_holes() -> None:
    frame = a_frame()
    row, column = np.indices(frame.shape)
    inside = sector(frame, 2.0)
    assert inside[np.hypot(row - 70, column - 64) < 14].all()
    assert not inside[np.abs(column - 64) > 21 + row * 0.3].any()


def test_attenuation_falls_linearly_in_decibels() -> None:
    operator = replace(NOTHING, attenuation_db=12.0, source_dynamic_range_db=60.0, dynamic_range_db=60.0)
    degraded = operator.degrade(np.full((101, 8), 200.0), np.random.default_rng(0))
    slope = np.polyfit(np.arange(101), degraded.mean(axis=1), 1)[0]
    assert slope == pytest.approx(-12.0 / 100 * 255 / 60, rel=0.01)
    assert degraded[0, 0] == pytest.approx(200, abs=0.5)


def test_gain_and_dynamic_range_scale_the_grey_values() -> None:
    frame = np.full((8, 8), 178.5)  # 30% below white: -18 dB of 60
    brighter = replace(NOTHING, gain_db=6.0).degrade(frame, np.random.default_rng(0))
    assert np.allclose(brighter, 255 * (1 - 12 / 60), atol=0.5)
    harder = replace(NOTHING, dynamic_range_db=36.0).degrade(frame, np.random.default_rng(0))
    assert np.allclose(harder, 255 * (1 - 18 / 36), atol=0.51)


def test_the_grey_values_are_as_few_as_asked() -> None:
    degraded = replace(LowEndUltrasound(), grey_levels=16).degrade(a_frame(), np.random.default_rng(0))
    assert np.allclose(degraded % 17, 0)


def test_fully_developed_speckle_is_rayleigh() -> None:
    operator = replace(NOTHING, speckle_strength=1.0, grey_levels=10**6, gain_db=-20.0)
    degraded = operator.degrade(np.full((200, 200), 255.0), np.random.default_rng(0))
    amplitude = 10 ** ((degraded / 255 - 1) * 60 / 20) * 10
    theory = rayleigh(scale=np.sqrt(0.5))
    seen = amplitude[degraded > 0].ravel()
    assert kstest(seen, theory.cdf).statistic < 0.02
    assert np.mean(amplitude**2) == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
def test_speckle_keeps_the_mean_power_at_every_depth(strength: float) -> None:
    operator = replace(
        NOTHING, speckle_strength=strength, axial_px=1.0, lateral_px=1.0, lateral_widening=3.0, gain_db=-20.0
    )
    degraded = replace(operator, grey_levels=10**6).degrade(np.full((64, 2048), 255.0), np.random.default_rng(0))
    power = 10 ** ((degraded / 255 - 1) * 60 / 10) * 100
    assert power[:16].mean() == pytest.approx(1.0, rel=0.08)
    assert power[-16:].mean() == pytest.approx(1.0, rel=0.08)


def test_the_point_spread_function_has_its_widths_and_widens() -> None:
    operator = replace(NOTHING, axial_px=1.5, lateral_px=2.0, lateral_widening=2.0, grey_levels=10**6)
    frame = np.full((121, 81), 1.0)
    frame[20, 40] = frame[100, 40] = 255.0
    degraded = replace(operator, background=0.0).degrade(frame, np.random.default_rng(0))
    power = 10 ** ((degraded / 255 - 1) * 60 / 10)
    power = np.clip(power - np.median(power), 0, None)
    for row in (20, 100):
        spot = power[row - 10 : row + 11, 20:61]
        across, along = np.arange(-20, 21), np.arange(-10, 11)
        lateral = np.sqrt(np.average(across**2, weights=spot[10]))
        axial = np.sqrt(np.average(along**2, weights=spot[:, 20]))
        assert lateral == pytest.approx(2.0 * (1 + row / 120), rel=0.05)

        assert axial == pytest.approx(1.5, rel=0.05)


def test_the_noise_floor_lies_where_it_is_said() -> None:
    operator = replace(NOTHING, noise_db=-30.0, axial_px=1.0, lateral_px=1.0, grey_levels=10**6)
    frame = np.full((128, 128), 3.0)
    degraded = operator.degrade(frame, np.random.default_rng(0))
    power = np.mean(10 ** ((degraded / 255 - 1) * 60 / 10))
    assert 10 * np.log10(power) == pytest.approx(-30.0, abs=0.3)


@pytest.mark.parametrize("smoothness", [5.0, 24.0, 300.0])
def test_no_pixel_moves_farther_than_allowed(smoothness: float) -> None:
    displacement = random_displacement((90, 130), 3.0, smoothness, np.random.default_rng(0))
    assert displacement.shape == (2, 90, 130)
    length = np.hypot(*displacement)
    assert 0.1 < length.max() <= 3.0
    steepest = np.abs(np.diff(displacement, axis=1)).max()
    assert steepest <= 2 * 3.0 / smoothness


def test_the_image_moves_by_the_displacement() -> None:
    image = gaussian_filter(np.random.default_rng(0).normal(size=(60, 70)), 2.0).astype(np.float32)
    moved = misregister(image, 2.0, 20.0, np.random.default_rng(7))
    displacement = random_displacement(image.shape, 2.0, 20.0, np.random.default_rng(7))
    expected = map_coordinates(image, np.indices(image.shape) + displacement, order=3, mode="nearest")
    assert np.allclose(moved, expected, atol=1e-5)
    assert not np.allclose(moved, image, atol=1e-2)
    assert np.array_equal(misregister(image, 0.0, 20.0, np.random.default_rng(7)), image)


def test_a_constant_stays_a_constant_when_moved() -> None:
    assert np.allclose(misregister(np.full((40, 50), 7.0), 4.0, 10.0, np.random.default_rng(0)), 7.0, atol=1e-4)


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("source_dynamic_range_db", 0.0),
        ("dynamic_range_db", -1.0),
        ("lateral_widening", 0.0),
        ("smoothness_px", 0.0),
        ("axial_px", -0.1),
        ("lateral_px", -0.1),
        ("attenuation_db", -1.0),
        ("misregistration_px", -1.0),
        ("background", -1.0),
        ("speckle_strength", 1.1),
        ("noise_db", 0.0),
        ("grey_levels", 1),
        ("gain_db", float("nan")),
    ],
)
def test_bad_constants_are_named(constant: str, value: float) -> None:
    with pytest.raises(SettingsError, match=constant):
        replace(LowEndUltrasound(), **{constant: value})


def test_bad_images() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(SettingsError, match=r"\[0, 255\]"):
        LowEndUltrasound().degrade(np.full((8, 8), 256.0), random)
    with pytest.raises(SettingsError, match=r"\[0, 255\]"):
        LowEndUltrasound().degrade(np.full((8, 8), np.nan), random)
    with pytest.raises(SettingsError, match="one slice"):
        LowEndUltrasound().degrade(np.zeros((2, 8, 8)), random)
    with pytest.raises(SettingsError, match="one slice"):
        misregister(np.zeros(8), 1.0, 8.0, random)
    with pytest.raises(SettingsError, match="zero or positive"):
        misregister(np.zeros((8, 8)), -1.0, 8.0, random)
    with pytest.raises(SettingsError, match="above 0"):
        misregister(np.zeros((8, 8)), 1.0, 0.0, random)
