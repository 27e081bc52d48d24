"""Scans of many kinds: linear, centred, with adjoints; blurs of the strength asked for; correlated noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.operators import (
    Acquisition,
    BlurDecimate,
    KSpaceTruncation,
    correlated_noise,
    derived_seed,
    sample_latents,
    sample_noise,
    streak_noise,
)
from SuperResRadiomicsLib.operators.acquisition import COARSE_SAMPLINGS
from SuperResRadiomicsLib.operators.kernels import BLUR_FAMILIES, blur_kernel

KINDS = [(family, sampling) for family in BLUR_FAMILIES for sampling in COARSE_SAMPLINGS]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.sampled_from([1, 2, 3, 4]),
    st.floats(0, 2.5),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(0, 10**6),
)
def test_adjoint_identity(kind: tuple[str, str], factor: int, blur: float, size: tuple[int, int], pick: int) -> None:
    random = np.random.default_rng(pick)
    operator = Acquisition(factor, blur, *kind)
    fine = random.normal(size=(2, size[0] * factor, size[1] * factor))
    coarse = random.normal(size=(2, *size))
    left, right = np.vdot(operator.forward(fine), coarse), np.vdot(fine, operator.adjoint(coarse))
    assert left == pytest.approx(right, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_constant_stays_and_an_impulse_stays_centred(kind: tuple[str, str], factor: int) -> None:
    operator = Acquisition(factor, 0.8, *kind)
    assert np.allclose(operator.forward(np.full((12, 24), -730.0)), -730.0)
    fine = np.zeros((15 * factor, 15 * factor))
    middle = slice(7 * factor, 8 * factor)
    fine[middle, middle] = 1.0
    coarse = operator.forward(fine)
    assert np.allclose(coarse, coarse[::-1]) and np.allclose(coarse, coarse.T)
    assert np.unravel_index(coarse.argmax(), coarse.shape) == (7, 7)


def test_the_special_cases_are_the_operators_of_their_own() -> None:
    fine = np.random.default_rng(0).normal(size=(3, 24, 20))
    assert np.allclose(Acquisition(2, 0.7).forward(fine), BlurDecimate(2, 0.7).forward(fine))
    assert np.allclose(Acquisition(2, sampling="k-space").forward(fine), KSpaceTruncation(2).forward(fine))
    odd = Acquisition(3, sampling="point").forward(fine[:, :, :18])
    assert np.allclose(odd, fine[:, 1::3, 1:18:3]), "the centre of three pixels is a pixel"


def test_samplings_differ_in_what_they_keep_of_fine_detail() -> None:
    """A grating of 5 fine pixels a period, beyond the mean's half-amplitude, before the coarse grid's limit."""
    position = np.arange(120)
    fine = np.broadcast_to(np.cos(2 * np.pi * position / 5), (120, 120)).copy()
    kept = {name: np.std(Acquisition(2, sampling=name).forward(fine)[20:40, 10:50]) for name in COARSE_SAMPLINGS}
    assert kept["average"] < kept["point"] < kept["k-space"]
    sharp, plain = (np.std(Acquisition(2, 0.6, family).forward(fine)[20:40, 10:50]) for family in ("sharp", "gaussian"))
    assert sharp > 1.1 * plain


@given(st.sampled_from(["gaussian", "box", "exponential"]), st.floats(0.7, 3.0))
def test_a_blur_has_the_standard_deviation_asked_for(family: str, blur: float) -> None:
    kernel = blur_kernel(family, blur)
    offset = np.arange(kernel.size) - kernel.size // 2
    assert kernel.sum() == pytest.approx(1) and kernel.min() >= 0
    # Tails are cut off, and a narrow Gaussian that is read at whole pixels is a little narrower.
    assert np.sqrt(np.sum(kernel * offset**2)) == pytest.approx(blur, rel=0.02)


def test_a_sharp_kernel_overshoots_at_edges() -> None:
    edge = np.repeat([[0.0] * 20 + [1.0] * 20], 40, axis=0)
    assert Acquisition(1, 0.6, "sharp").forward(edge).max() > 1.04
    assert Acquisition(1, 0.6, "gaussian").forward(edge).max() <= 1.0 + 1e-12


def test_mistakes_are_refused() -> None:
    with pytest.raises(SettingsError, match="allowed are gaussian, box, exponential, sharp"):
        Acquisition(2, 0.5, "round")
    with pytest.raises(SettingsError, match="allowed are average, point, lanczos, k-space"):
        Acquisition(2, sampling="nearest")
    with pytest.raises(SettingsError, match="blur is -1"):
        Acquisition(2, -1.0)
    with pytest.raises(SettingsError, match="factor is 0"):
        Acquisition(0)
    with pytest.raises(SettingsError, match="not divisible"):
        Acquisition(2).forward(np.zeros((5, 4)))


@pytest.mark.parametrize("correlation", [0.0, 0.35, 0.7, 0.9])
def test_correlated_noise_has_unit_variance_and_the_correlation_asked_for(correlation: float) -> None:
    rng = np.random.default_rng(3)
    noise = correlated_noise((40, 64, 64), correlation, rng)
    assert noise.dtype == np.float32 and noise.std() == pytest.approx(1, abs=0.01)
    neighbours = float(np.mean(noise * np.roll(noise, 1, axis=-1)))
    tap = np.exp(-0.5 * (np.arange(-9, 10) / correlation) ** 2) if correlation else (np.arange(19) == 9) * 1.0
    expected = np.sum(tap[1:] * tap[:-1]) / np.sum(tap**2)
    assert neighbours == pytest.approx(expected, abs=0.02)


def test_sample_noise_agrees_between_boxes_and_differs_between_samples_and_channels() -> None:
    grid, box = Grid((12, 10, 4), (1.0, 1.0, 3.0)), Box((3, 2, 1), (9, 10, 3))
    whole = sample_noise(grid, 7, 0, 3)
    assert whole.shape == (3, 4, 10, 12)
    assert np.array_equal(whole[:, 1:3, 2:10, 3:9], sample_noise(grid, 7, 0, 3, box))
    assert np.array_equal(whole[:2], sample_noise(grid, 7, 0, 2)), "a channel does not depend on their number"
    others = [sample_noise(grid, 7, 1, 3), sample_noise(grid, 8, 0, 3), whole[[1, 2, 0]]]
    assert all(abs(np.corrcoef(whole.ravel(), other.ravel())[0, 1]) < 0.1 for other in others)


def test_latents_depend_on_seed_and_sample_alone() -> None:
    first = sample_latents(7, 0, 4)
    assert first.shape == (4,) and np.array_equal(first, sample_latents(7, 0, 4))
    assert not np.array_equal(first, sample_latents(7, 1, 4)) and not np.array_equal(first, sample_latents(8, 0, 4))
    many = np.concatenate([sample_latents(7, sample, 4) for sample in range(0, 1000, 2)])
    assert abs(many.mean()) < 0.1 and many.std() == pytest.approx(1, abs=0.05)
    assert sample_latents(7, 0, 0).shape == (0,)


def test_latents_of_a_pair_of_samples_cancel() -> None:
    for pair in range(3):
        first, second = sample_latents(7, 2 * pair, 4), sample_latents(7, 2 * pair + 1, 4)
        assert np.array_equal(second, -first) and np.all(first != 0)
    assert not np.array_equal(sample_latents(7, 0, 4), sample_latents(7, 2, 4))


def test_derived_seeds_are_the_same_everywhere() -> None:
    assert derived_seed(7, 0, 1) == 11461652373557861988
    assert derived_seed(-1, 2) == derived_seed(2**64 - 1, 2)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_streaks_have_unit_variance_and_run_along_their_direction(degrees: int) -> None:
    noise = streak_noise((60, 48, 64), math.radians(degrees), 8.0, 1.0, np.random.default_rng(degrees))
    assert noise.std() == pytest.approx(1, rel=0.03) and noise.dtype == np.float32
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    rows, columns = np.fft.fftfreq(48)[:, None], np.fft.fftfreq(64)
    turned = np.abs((np.degrees(np.arctan2(rows, columns)) - degrees + 90) % 180 - 90)
    assert power[turned > 60].sum() > 0.8 * power.sum(), "they vary across their direction; white noise has a third"
    assert power[np.hypot(rows, columns) > 0.35].sum() < 0.02 * power.sum(), "and are smooth across it, too"
