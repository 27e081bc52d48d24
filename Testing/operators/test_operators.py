"""Degradations: linear, with the right adjoint, and noise that knows its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.operators import BlurDecimate, positional_noise
from SuperResRadiomicsLib.operators.noise import _hash


@settings(max_examples=40)
@given(st.sampled_from([1, 2, 3, 4]), st.floats(0, 3), st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
def test_adjoint_identity(factor: int, blur: float, height: int, width: int, pick: int) -> None:
    random = np.random.default_rng(pick)
    operator = BlurDecimate(factor, blur)
    fine = random.normal(size=(2, height * factor, width * factor))
    coarse = random.normal(size=(2, height, width))
    left, right = np.vdot(operator.forward(fine), coarse), np.vdot(fine, operator.adjoint(coarse))
    assert left == pytest.approx(right, rel=1e-10, abs=1e-10)


@settings(max_examples=20)
@given(st.sampled_from([2, 3, 4]), st.floats(0, 2))
def test_a_constant_stays_a_constant(factor: int, blur: float) -> None:
    assert np.allclose(BlurDecimate(factor, blur).forward(np.full((12, 24), -730.0)), -730.0)


def test_without_blur_it_is_the_mean_of_blocks_and_has_an_exact_pseudo_inverse() -> None:
    operator = BlurDecimate(2)
    fine = np.random.default_rng(0).normal(size=(3, 8, 10))
    assert np.allclose(operator.forward(fine), fine.reshape(3, 4, 2, 5, 2).mean(axis=(2, 4)))
    coarse = np.random.default_rng(1).normal(size=(3, 4, 5))
    assert np.allclose(operator.forward(operator.pseudo_inverse(coarse)), coarse)


def test_blur_is_the_gaussian_of_scipy() -> None:
    fine = np.random.default_rng(0).normal(size=(40, 36))
    # SciPy rounds the radius, ours is rounded up: sigma 1.5 gives radius 6 in both.
    expected = gaussian_filter(fine, 1.5, mode="reflect", truncate=4.0)
    assert np.allclose(BlurDecimate(1, 1.5).forward(fine), expected, atol=1e-12)


def test_decimation_keeps_an_impulse_centred() -> None:
    fine = np.zeros((21, 21))
    fine[9:12, 9:12] = 1.0
    coarse = BlurDecimate(3, 0.8).forward(fine)
    assert np.allclose(coarse, coarse[::-1]) and np.allclose(coarse, coarse.T)
    assert np.unravel_index(coarse.argmax(), coarse.shape) == (3, 3)


def test_operator_mistakes() -> None:
    with pytest.raises(SettingsError, match="not divisible"):
        BlurDecimate(2).forward(np.zeros((5, 4)))
    with pytest.raises(SettingsError, match="blur"):
        BlurDecimate(2, -0.1)
    with pytest.raises(SettingsError, match="factor"):
        BlurDecimate(0)
    with pytest.raises(SettingsError, match="pure area averaging"):
        BlurDecimate(2, 0.5).pseudo_inverse(np.zeros((4, 4)))


@given(st.integers(0, 2**70), st.integers(0, 10**6))
def test_noise_of_a_box_is_the_box_of_the_noise(seed: int, pick: int) -> None:
    grid = Grid((9, 7, 5), (1.0, 1.0, 2.0))
    random = np.random.default_rng(pick)
    start = [int(random.integers(0, n)) for n in grid.size]
    stop = [int(random.integers(a + 1, n + 1)) for a, n in zip(start, grid.size, strict=True)]
    box = Box(tuple(start), tuple(stop))  # type: ignore[arg-type]
    assert np.array_equal(positional_noise(grid, seed, box), positional_noise(grid, seed)[box.slices])


def test_noise_is_standard_normal_white_and_depends_on_the_seed() -> None:
    grid = Grid((64, 64, 16), (1.0, 1.0, 1.0))
    noise = positional_noise(grid, 7)
    assert kstest(noise.ravel()[::3], "norm").pvalue > 1e-3
    assert abs(np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise.ravel(), positional_noise(grid, 8).ravel())[0, 1]) < 0.02


def test_the_noise_is_hashed_by_splitmix64() -> None:
    """The first numbers of the published generator for the seed 1234567 (Steele et al. 2014)."""
    states = np.uint64(1234567) + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert _hash(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_no_two_voxels_of_an_oblong_grid_share_their_noise() -> None:
    noise = positional_noise(Grid((31, 7, 5), (1.0, 1.0, 1.0)), 4)
    assert np.unique(noise).size == noise.size
