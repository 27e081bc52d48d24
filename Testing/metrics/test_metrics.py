"""Image quality against independent implementations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import pytorch_msssim
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.metrics import (
    error_after_degradation,
    local_normalised_cross_correlation,
    ms_ssim,
    psnr,
    sharpness,
    ssim,
)
from SuperResRadiomicsLib.operators import BlurDecimate


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    truth = random.normal(0, 300, (2, 40, 48)).astype(np.float32)
    return truth, truth + random.normal(0, 40, truth.shape).astype(np.float32)


def test_psnr_is_scikit_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, image = pair
    assert psnr(truth, image, 3072) == pytest.approx(peak_signal_noise_ratio(truth, image, data_range=3072), abs=1e-5)


def test_ssim_is_scikit_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, image = pair
    options = {"data_range": 3072, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = np.mean([structural_similarity(t, i, **options) for t, i in zip(truth, image, strict=True)])
    assert ssim(truth, image, 3072) == pytest.approx(expected, abs=1e-6)


def test_only_the_region_counts(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, image = pair
    region = np.zeros(truth.shape, dtype=bool)
    region[0, 10:20, 10:20] = True
    elsewhere = np.where(region, image, image + 500)
    assert psnr(truth, elsewhere, 3072, region) == psnr(truth, image, 3072, region)
    assert psnr(truth, truth, 3072) == float("inf")


def test_metric_mistakes(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, image = pair
    with pytest.raises(SettingsError, match="one shape"):
        psnr(truth, image[:1], 1.0)
    with pytest.raises(SettingsError, match="empty"):
        ssim(truth, image, 1.0, np.zeros(truth.shape, dtype=bool))


def structured(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Smooth random structure of about 300 HU."""
    values = gaussian_filter(np.random.default_rng(seed).normal(size=shape), (0,) * (len(shape) - 2) + (2, 2))
    return (300 * values / values.std()).astype(np.float32)


def degraded(truth: np.ndarray, seed: int = 1) -> np.ndarray:
    blurred = gaussian_filter(truth, (0,) * (truth.ndim - 2) + (1, 1))
    return blurred + np.random.default_rng(seed).normal(0, 30, truth.shape).astype(np.float32)


def test_ms_ssim_is_pytorch_msssims() -> None:
    truth = structured((3, 176, 208))
    image = degraded(truth)
    tensors = [torch.from_numpy(a.astype(np.float64))[:, None] for a in (truth, image)]
    expected = float(pytorch_msssim.ms_ssim(*tensors, data_range=3072.0))
    assert ms_ssim(truth, image, 3072) == pytest.approx(expected, abs=1e-6)
    assert 0.5 < expected < 0.999


def test_ms_ssim_of_odd_sides_is_torchmetrics() -> None:
    """pytorch_msssim mixes zeros into the border of odd sides; torchmetrics drops a row, as we do."""
    truth = structured((2, 197, 181))
    image = degraded(truth)
    tensors = [torch.from_numpy(a.astype(np.float64))[:, None] for a in (truth, image)]
    expected = multiscale_structural_similarity_index_measure(*tensors, data_range=3072.0, normalize="relu")
    assert ms_ssim(truth, image, 3072) == pytest.approx(float(expected), abs=2e-3)


def test_ms_ssim_of_a_region_far_from_the_change_is_one() -> None:
    truth = structured((2, 256, 256))
    region = np.zeros(truth.shape, dtype=bool)
    region[1, 8:24, 8:24] = True
    changed = truth.copy()
    changed[0] += 500
    changed[1, 200:, 200:] += 500
    assert ms_ssim(truth, changed, 3072, region) == pytest.approx(1, abs=1e-9)
    assert ms_ssim(truth, changed, 3072, ~region) < 0.999


def test_ms_ssim_refuses_small_slices() -> None:
    with pytest.raises(SettingsError, match=r"160 x 200 pixels.*at least 176"):
        ms_ssim(np.zeros((160, 200)), np.zeros((160, 200)), 1.0)


def naive_correlation(x: np.ndarray, y: np.ndarray, data_range: float, row: int, column: int) -> float:
    a, b = (v[row - 4 : row + 5, column - 4 : column + 5].astype(np.float64).ravel() for v in (x, y))
    guard = (1e-3 * data_range) ** 2
    covariance = np.mean((a - a.mean()) * (b - b.mean()))
    return (covariance + guard) / np.sqrt((a.var() + guard) * (b.var() + guard))


def test_local_correlation_is_the_naive_one() -> None:
    truth = structured((24, 30)) + 20_000  # far from zero: moments must not lose their digits
    image = degraded(truth)
    pixels = [(row, column) for row in range(4, 20) for column in range(4, 26)]
    expected = np.mean([naive_correlation(truth, image, 3072, *p) for p in pixels])
    assert local_normalised_cross_correlation(truth, image, 3072) == pytest.approx(expected, abs=1e-9)
    region = np.zeros(truth.shape, dtype=bool)
    region[10, 12] = region[15, 20] = True
    expected = np.mean([naive_correlation(truth, image, 3072, *p) for p in ((10, 12), (15, 20))])
    assert local_normalised_cross_correlation(truth, image, 3072, region) == pytest.approx(expected, abs=1e-9)


def test_local_correlation_ignores_brightness_and_contrast_and_sees_inversion() -> None:
    truth = structured((2, 40, 40))
    flat = np.full_like(truth, 7)
    assert local_normalised_cross_correlation(truth, 1.5 * truth + 200, 3072) == pytest.approx(1, abs=1e-3)
    assert local_normalised_cross_correlation(truth, -truth, 3072) == pytest.approx(-1, abs=1e-2)
    assert local_normalised_cross_correlation(flat, flat + 50, 3072) == 1
    assert abs(local_normalised_cross_correlation(truth, flat, 3072)) < 0.1


@given(arrays(np.float64, (2, 12, 12), elements=st.floats(-3000, 3000)), st.floats(-2, 2), st.floats(1, 1e4))
def test_local_correlation_stays_in_its_bounds(image: np.ndarray, factor: float, data_range: float) -> None:
    assert -1 <= local_normalised_cross_correlation(image, factor * image, data_range) <= 1


@pytest.mark.parametrize("window", [1, 4])
def test_local_correlation_needs_an_odd_window(window: int) -> None:
    with pytest.raises(SettingsError, match="odd"):
        local_normalised_cross_correlation(np.zeros((20, 20)), np.zeros((20, 20)), 1.0, window=window)


@pytest.mark.parametrize("metric", [ssim, local_normalised_cross_correlation])
def test_slices_smaller_than_the_window(metric: Callable[..., float]) -> None:
    with pytest.raises(SettingsError, match="8 x 40 pixels"):
        metric(np.zeros((8, 40)), np.zeros((8, 40)), 1.0)


def test_sharpness_falls_with_blur_and_scales_with_contrast() -> None:
    truth = structured((2, 64, 64))
    values = [sharpness(truth, gaussian_filter(truth, (0, sigma, sigma))) for sigma in (0, 0.5, 1, 2)]
    assert values[0] == 1 and all(np.diff(values) < 0)
    assert sharpness(truth, 3 * truth - 40) == pytest.approx(3, rel=1e-5)
    assert sharpness(truth, np.zeros_like(truth)) == 0
    assert np.isnan(sharpness(np.zeros_like(truth), truth))


def test_sharpness_of_a_ramp_and_of_a_region() -> None:
    ramp = np.tile(np.arange(20.0), (3, 10, 1))
    image = ramp.copy()
    image[:, :, 10:] *= 2
    left = np.zeros(ramp.shape, dtype=bool)
    left[..., :8] = True
    right = np.zeros(ramp.shape, dtype=bool)
    right[..., 12:] = True
    assert sharpness(ramp, image, left) == 1
    assert sharpness(ramp, image, right) == 2


def test_error_after_degradation() -> None:
    operator = BlurDecimate(2)
    measured = structured((2, 10, 12)).astype(np.float64)
    consistent = operator.pseudo_inverse(measured)
    assert error_after_degradation(measured, consistent, operator) == pytest.approx(0, abs=1e-9)
    assert error_after_degradation(measured, consistent + 5, operator) == pytest.approx(5)
    shifted = consistent.copy()
    shifted[0, :2, :2] += 8
    one = np.zeros(measured.shape, dtype=bool)
    one[0, 0, 0] = True
    assert error_after_degradation(measured, shifted, operator, one) == pytest.approx(8)
    assert error_after_degradation(measured, shifted, operator, ~one) == pytest.approx(0, abs=1e-9)
    with pytest.raises(SettingsError, match="one shape"):
        error_after_degradation(measured[:, :8], consistent, operator)
