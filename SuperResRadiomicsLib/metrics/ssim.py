"""Structural similarity."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from .checks import BoolArray, FloatArray, check, mean_inside

SIGMA, TRUNCATE = 1.5, 3.5
RADIUS = int(TRUNCATE * SIGMA + 0.5)
K1, K2 = 0.01, 0.03


def ssim(reference: FloatArray, image: FloatArray, data_range: float, where: BoolArray | None = None) -> float:
    """Compute the structural similarity of slices, and average it.

    Gaussian weights of sigma 1.5 pixels and population covariance, as in Wang et al. 2004
    (doi:10.1109/TIP.2003.819861). Without ``where`` the border of 5 pixels, where the
    window leaves the image, does not count.

    Args:
        reference: True values, (..., height, width).
        image: Values to judge, same shape.
        data_range: Width of the intensity window.
        where: Pixels whose local similarity counts.

    Returns:
        Mean over pixels, in [-1, 1].

    Examples:
        >>> image = np.random.default_rng(0).random((1, 32, 32))
        >>> round(ssim(image, image, 1.0), 3), round(ssim(image, 0.5 * image, 1.0), 3)
        (1.0, 0.642)
    """
    check(reference, image, where)
    return mean_inside(ssim_map(reference, image, data_range), where, RADIUS)


def ssim_map(reference: FloatArray, image: FloatArray, data_range: float) -> FloatArray:
    """Compute the local structural similarity of every pixel; see `ssim`."""
    luminance, structure = ssim_factors(reference, image, data_range)
    return luminance * structure


def ssim_factors(reference: FloatArray, image: FloatArray, data_range: float) -> tuple[FloatArray, FloatArray]:
    """Compute the two factors of `ssim_map`: luminance, and contrast with structure."""
    x, y = reference.astype(np.float64), image.astype(np.float64)
    mean_x, mean_y = _local_mean(x), _local_mean(y)
    variance_x = _local_mean(x * x) - mean_x**2
    variance_y = _local_mean(y * y) - mean_y**2
    covariance = _local_mean(x * y) - mean_x * mean_y
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (variance_x + variance_y + c2)


def _local_mean(values: FloatArray) -> FloatArray:
    sigma = [0.0] * (values.ndim - 2) + [SIGMA, SIGMA]
    return gaussian_filter(values, sigma, truncate=TRUNCATE)
