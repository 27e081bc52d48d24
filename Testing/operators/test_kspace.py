"""Acquisition of a smaller k-space matrix and the noise of magnitude images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest, rice

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.operators import BlurDecimate, KSpaceTruncation, rician_noise

LENGTHS = st.integers(1, 11)
FACTORS = st.sampled_from([1, 2, 3, 4])


@settings(max_examples=40)
@given(FACTORS, LENGTHS, LENGTHS, st.integers(0, 10**6))
def test_adjoint_identity(factor: int, height: int, width: int, pick: int) -> None:
    random = np.random.default_rng(pick)
    operator = KSpaceTruncation(factor)
    fine = random.normal(size=(2, height * factor, width * factor))
    coarse = random.normal(size=(2, height, width))
    left, right = np.vdot(operator.forward(fine), coarse), np.vdot(fine, operator.adjoint(coarse))
    assert left == pytest.approx(right, rel=1e-10, abs=1e-10)


@settings(max_examples=40)
@given(FACTORS, LENGTHS, LENGTHS, st.integers(0, 10**6))
def test_every_coarse_image_is_measured_back_from_its_pseudo_inverse(
    factor: int, height: int, width: int, pick: int
) -> None:
    operator = KSpaceTruncation(factor)
    coarse = np.random.default_rng(pick).normal(size=(height, width))
    fine = operator.pseudo_inverse(coarse)
    assert np.allclose(operator.forward(fine), coarse)
    # In the range of the adjoint, so it is the one of least energy: the Moore-Penrose inverse.
    assert np.allclose(operator.pseudo_inverse(operator.forward(fine)), fine)


@settings(max_examples=20)
@given(FACTORS, LENGTHS, LENGTHS)
def test_a_constant_stays_a_constant(factor: int, height: int, width: int) -> None:
    fine = np.full((height * factor, width * factor), 812.0)
    assert np.allclose(KSpaceTruncation(factor).forward(fine), 812.0)


@pytest.mark.parametrize("length", [32, 36, 34, 30])
def test_low_frequencies_are_sampled_at_the_centres_of_the_coarse_pixels(length: int) -> None:
    def wave(position: np.ndarray, cycles: int) -> np.ndarray:
        return np.cos(2 * np.pi * cycles * position / length + 0.4)

    centre = np.arange(length // 2) * 2 + 0.5
    for cycles in (0, 1, 3, 7):
        fine = np.outer(wave(np.arange(length), 2), wave(np.arange(length), cycles))
        assert np.allclose(KSpaceTruncation(2).forward(fine), np.outer(wave(centre, 2), wave(centre, cycles)))


@pytest.mark.parametrize(("length", "cycles"), [(32, 9), (32, 16), (30, 8), (36, 10)])
def test_frequencies_outside_are_not_measured(length: int, cycles: int) -> None:
    fine = np.tile(np.cos(2 * np.pi * cycles * np.arange(length) / length + 0.4), (length, 1))
    assert np.allclose(KSpaceTruncation(2).forward(fine), 0.0)


def test_it_is_the_cropped_transform_with_half_a_pixel_of_phase() -> None:
    factor, length, coarse = 2, 18, 9
    fine = np.random.default_rng(0).normal(size=(length, length))
    spectrum = np.fft.fftshift(np.fft.fft2(fine))
    start = length // 2 - coarse // 2
    cropped = spectrum[start : start + coarse, start : start + coarse] / factor**2
    phase = np.exp(2j * np.pi * np.fft.fftshift(np.fft.fftfreq(coarse)) * (factor - 1) / 2 / factor)
    expected = np.fft.ifft2(np.fft.ifftshift(cropped * np.outer(phase, phase)))
    assert np.allclose(expected.imag, 0)
    assert np.allclose(KSpaceTruncation(factor).forward(fine), expected.real)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("coarse_length", [9, 12])
def test_blocks_stay_centred(factor: int, coarse_length: int) -> None:
    block = np.zeros((coarse_length, coarse_length))
    block[4, 5] = 1.0
    coarse = KSpaceTruncation(factor).forward(np.kron(block, np.ones((factor, factor))))
    assert np.unravel_index(coarse.argmax(), coarse.shape) == (4, 5)
    reach = np.arange(1, coarse_length // 2)
    assert np.allclose(coarse[4, (5 + reach) % coarse_length], coarse[4, (5 - reach) % coarse_length])


def test_the_centroid_of_a_smooth_blob_stays_in_place() -> None:
    row, column = np.indices((64, 48))
    fine = np.exp(-((row - 30.2) ** 2 + (column - 21.7) ** 2) / (2 * 4.0**2))
    for factor in (2, 4):
        coarse = KSpaceTruncation(factor).forward(fine)
        row_c, column_c = (factor * i + (factor - 1) / 2 for i in np.indices(coarse.shape))
        assert np.average(row_c, weights=coarse) == pytest.approx(30.2, abs=1e-2)
        assert np.average(column_c, weights=coarse) == pytest.approx(21.7, abs=1e-2)


def test_a_shift_by_whole_coarse_pixels_and_a_flip_pass_through() -> None:
    operator = KSpaceTruncation(3)
    fine = np.random.default_rng(0).normal(size=(24, 27))
    coarse = operator.forward(fine)
    assert np.allclose(operator.forward(np.roll(fine, (6, -3), (0, 1))), np.roll(coarse, (2, -1), (0, 1)))
    assert np.allclose(operator.forward(fine[::-1]), coarse[::-1])
    assert np.allclose(operator.forward(fine.T), coarse.T)


def test_energy_within_the_band_is_kept() -> None:
    operator = KSpaceTruncation(2)
    coarse = np.random.default_rng(0).normal(size=(15, 21))
    fine = operator.pseudo_inverse(coarse)
    assert np.mean(fine**2) == pytest.approx(np.mean(coarse**2), rel=1e-10)


def test_an_edge_rings_where_averaging_does_not() -> None:
    fine = np.zeros((64, 64))
    fine[:, 21:44] = 1.0
    assert KSpaceTruncation(2).forward(fine).min() < -0.03
    assert BlurDecimate(2).forward(fine).min() == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_types_stay_floating(dtype: type) -> None:
    image = np.arange(64, dtype=dtype).reshape(8, 8)
    expected = np.float64 if dtype is np.float64 else np.float32
    random = np.random.default_rng(0)
    assert KSpaceTruncation(2).forward(image).dtype == expected
    assert KSpaceTruncation(2).pseudo_inverse(image).dtype == expected
    assert rician_noise(image, np.float64(2.0), random).dtype == expected


@pytest.mark.parametrize("signal", [0.0, 20.0, 200.0])
def test_noise_has_the_rician_distribution(signal: float) -> None:
    sigma = 25.0
    noisy = rician_noise(np.full((160, 160), signal, np.float32), sigma, np.random.default_rng(3))
    theory = rice(signal / sigma, scale=sigma)
    assert noisy.min() >= 0
    assert noisy.mean() == pytest.approx(theory.mean(), rel=0.01)
    assert noisy.std() == pytest.approx(theory.std(), rel=0.02)
    assert kstest(noisy.ravel(), theory.cdf).pvalue > 1e-3


def test_noise_in_k_space_and_in_the_image_is_the_same_noise() -> None:
    """It arises in the samples of k-space; an orthonormal transform leaves its strength as it is."""
    image = np.random.default_rng(0).uniform(0, 100, size=(96, 80))
    in_image = rician_noise(image, 10.0, np.random.default_rng(1))
    real, imaginary = 10.0 * np.random.default_rng(2).standard_normal((2, *image.shape))
    in_kspace = np.abs(np.fft.ifft2(np.fft.fft2(image, norm="ortho") + real + 1j * imaginary, norm="ortho"))
    assert ks_2samp((in_image - image).ravel(), (in_kspace - image).ravel()).pvalue > 1e-3
    for noisy in (in_image, in_kspace):
        error = noisy - image
        neighbours = np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1]
        assert abs(neighbours) < 0.04


def test_noise_follows_its_generator() -> None:
    image = np.random.default_rng(0).uniform(-5, 100, size=(2, 9, 11))
    first, again, other = (rician_noise(image, 3.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.allclose(rician_noise(image, 0.0, np.random.default_rng(1)), np.abs(image))


def test_mistakes() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(SettingsError, match="at least 1"):
        KSpaceTruncation(0)
    with pytest.raises(SettingsError, match="not divisible by the factor 2"):
        KSpaceTruncation(2).forward(np.zeros((4, 5)))
    with pytest.raises(SettingsError, match="height, width"):
        KSpaceTruncation(2).forward(np.zeros(4))
    with pytest.raises(SettingsError, match="complex"):
        rician_noise(np.zeros((4, 4), complex), 1.0, random)
    for sigma in (-1.0, np.nan, np.inf):
        with pytest.raises(SettingsError, match="zero or positive"):
            rician_noise(np.zeros((4, 4)), sigma, random)
