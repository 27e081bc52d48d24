"""Interpolation and denoising without training, which trained networks are compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import rice

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.metrics import psnr
from SuperResRadiomicsLib.operators import BlurDecimate, rician_noise
from SuperResRadiomicsLib.training.evaluation.classical import (
    bilinear,
    bilinear_non_local_means,
    rician_non_local_means,
    rician_wavelet,
    total_variation,
    without_rician_bias,
)
from Testing.training.shapes import shapes


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_bilinear_interpolation_keeps_the_field_of_view(factor: int) -> None:
    coarse = np.random.default_rng(0).normal(size=(7, 9)).astype(np.float32)
    fine = bilinear(coarse, factor)
    position = [(np.arange(n * factor) + 0.5) / factor - 0.5 for n in coarse.shape]
    rows = np.stack([np.interp(position[0], np.arange(7), column) for column in coarse.T], axis=1)
    expected = np.stack([np.interp(position[1], np.arange(9), row) for row in rows])
    assert np.allclose(fine, expected, atol=1e-5)
    assert np.array_equal(bilinear_non_local_means(coarse, factor, 0.0), fine)
    assert np.allclose(bilinear(np.stack([coarse, coarse]), factor)[1], fine)


def test_non_local_means_beats_bilinear_interpolation_of_noise() -> None:
    fine = shapes(0, 128)
    coarse = BlurDecimate(2).forward(fine) + np.float32(15) * np.random.default_rng(0).normal(size=(64, 64)).astype(
        np.float32
    )
    with_means = psnr(fine, bilinear_non_local_means(coarse, 2, 15.0), 300)
    assert with_means > psnr(fine, bilinear(coarse, 2), 300) + 0.5


def test_total_variation_takes_speckle_and_leaves_edges() -> None:
    truth = np.zeros((2, 64, 64), dtype=np.float32)
    truth[:, :, 32:] = 0.7
    speckled = truth + np.float32(0.1) * np.random.default_rng(0).normal(size=truth.shape).astype(np.float32)
    smooth = total_variation(speckled)
    assert smooth.dtype == np.float32 and psnr(truth, smooth, 1.0) > psnr(truth, speckled, 1.0) + 8
    assert np.allclose(smooth[1], total_variation(speckled[1]), atol=1e-6), "slice by slice"


@pytest.mark.parametrize("signal", [0.0, 0.5, 1.0, 3.0, 10.0, 29.0, 31.0, 36.0])
def test_the_rician_bias_is_taken_away(signal: float) -> None:
    sigma = 4.0
    mean = rice(signal, scale=sigma).mean()
    assert without_rician_bias(np.array([mean]), sigma)[0] == pytest.approx(signal * sigma, abs=5e-3 * sigma)


def test_less_than_the_mean_of_air_is_air() -> None:
    assert not without_rician_bias(np.array([0.0, 1.2]), 1.0).any()
    assert without_rician_bias(np.array([5.0]), 0.0)[0] == 5.0


@pytest.mark.parametrize("denoise", [rician_non_local_means, rician_wavelet])
def test_rician_denoising_beats_the_noisy_image_and_leaves_no_bias_in_air(
    denoise: Callable[[np.ndarray, float], np.ndarray],
) -> None:
    truth = np.zeros((96, 96), np.float32)
    truth[24:72, 24:72] = 300 + gaussian_filter(np.random.default_rng(0).normal(size=(48, 48)), 4) * 400
    noisy = rician_noise(truth, 30.0, np.random.default_rng(1))
    denoised = denoise(noisy, 30.0)
    assert denoised.dtype == np.float32
    assert psnr(truth, denoised, 300) > psnr(truth, noisy, 300) + 5
    air = truth == 0
    assert denoised[air].mean() < 0.3 * noisy[air].mean()
    assert np.array_equal(denoise(noisy[None], 30.0)[0], denoised)
    assert np.array_equal(denoise(noisy, 0.0), noisy)


@pytest.mark.parametrize("sigma", [-1.0, np.nan])
def test_sigma_must_be_a_standard_deviation(sigma: float) -> None:
    for method in (rician_non_local_means, rician_wavelet, without_rician_bias):
        with pytest.raises(SettingsError, match="standard deviation"):
            method(np.zeros((8, 8)), sigma)
    with pytest.raises(SettingsError, match="standard deviation"):
        bilinear_non_local_means(np.zeros((8, 8)), 2, sigma)


def test_images_must_be_slices_and_factors_whole() -> None:
    with pytest.raises(SettingsError, match="height, width"):
        rician_wavelet(np.zeros(8), 1.0)
    with pytest.raises(SettingsError, match="factor"):
        bilinear(np.zeros((8, 8)), 0)
