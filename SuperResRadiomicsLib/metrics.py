"""Image quality against a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from .errors import SettingsError

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]

SSIM_SIGMA, SSIM_TRUNCATE = 1.5, 3.5
SSIM_K1, SSIM_K2 = 0.01, 0.03


def psnr(reference: FloatArray, image: FloatArray, data_range: float, where: BoolArray | None = None) -> float:
    """Peak signal-to-noise ratio in dB.

    Args:
        reference: True values.
        image: Values to judge, same shape.
        data_range: Width of the intensity window (fixed, not the image's own range).
        where: Voxels that count; all without it.

    Returns:
        20 log10(range / RMSE); infinite for equal images.
    """
    _check(reference, image, where)
    error = np.square(reference.astype(np.float64) - image.astype(np.float64))
    mean = float(error.mean() if where is None else error[where].mean())
    return float("inf") if mean == 0 else float(10 * np.log10(data_range**2 / mean))


def ssim(reference: FloatArray, image: FloatArray, data_range: float, where: BoolArray | None = None) -> float:
    """Structural similarity of slices, averaged.

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
    """
    _check(reference, image, where)
    local = ssim_map(reference, image, data_range)
    if where is not None:
        return float(local[where].mean())
    border = int(SSIM_TRUNCATE * SSIM_SIGMA + 0.5)
    return float(local[..., border:-border, border:-border].mean())


def ssim_map(reference: FloatArray, image: FloatArray, data_range: float) -> FloatArray:
    """Local structural similarity of every pixel; see `ssim`."""
    x, y = reference.astype(np.float64), image.astype(np.float64)
    mean_x, mean_y = _local_mean(x), _local_mean(y)
    variance_x = _local_mean(x * x) - mean_x**2
    variance_y = _local_mean(y * y) - mean_y**2
    covariance = _local_mean(x * y) - mean_x * mean_y
    c1, c2 = (SSIM_K1 * data_range) ** 2, (SSIM_K2 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance * (2 * covariance + c2) / (variance_x + variance_y + c2)


def _local_mean(values: FloatArray) -> FloatArray:
    sigma = [0.0] * (values.ndim - 2) + [SSIM_SIGMA, SSIM_SIGMA]
    return gaussian_filter(values, sigma, truncate=SSIM_TRUNCATE)


def _check(reference: FloatArray, image: FloatArray, where: BoolArray | None) -> None:
    shapes = [reference.shape, image.shape] + ([] if where is None else [where.shape])
    if len(set(shapes)) > 1:
        raise SettingsError(f"Images to compare must have one shape; given were {shapes}.")
    if where is not None and not where.any():
        raise SettingsError("No voxel counts: the region for the metric is empty.")
