"""PSNR and SSIM against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.metrics import psnr, ssim


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
