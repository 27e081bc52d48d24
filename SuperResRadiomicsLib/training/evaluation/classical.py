"""Interpolation and denoising without learning, from scikit-image, for comparison.

BM3D, the classical denoiser that Moummad et al. 2022 name, is not offered: its authors' package
allows non-commercial use only. Wavelet shrinkage and non-local means stand here instead, under
their own names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom
from scipy.special import ive

from ...errors import MissingDependencyError, SettingsError
from ...grid.types import FloatArray
from ...operators.kspace import check_sigma

Float32Array = npt.NDArray[np.float32]
PATCH_PX, DISTANCE_PX = 5, 6
"""Side of the patches that non-local means compares, and how far apart they may lie."""
STRENGTH = 0.8
"""Decay of non-local means over the noise's standard deviation, as scikit-image advises with a known sigma."""
TOTAL_VARIATION_WEIGHT = 0.3
"""Of 0.1, 0.2, 0.3 and 0.5 the best PSNR on the ten validation frames of HC18."""
HIGHEST_SNR = 30.0
"""From here on Rician and normal bias agree to better than 1e-3 sigma."""


def bilinear(coarse: FloatArray, factor: int) -> Float32Array:
    """Interpolate the last two axes bilinearly; coarse and fine cover the same field of view.

    Args:
        coarse: (..., h, w).
        factor: Fine pixels a coarse pixel along each axis.

    Returns:
        float32 (..., h * factor, w * factor); beyond the outermost centres the edge value.

    Raises:
        SettingsError: A factor below 1 or fewer than two axes.
    """
    image = _slices(coarse)
    if factor < 1:
        raise SettingsError(f"The factor is {factor}; it must be a whole number of at least 1.")
    return zoom(image, [1.0] * (image.ndim - 2) + [factor, factor], order=1, mode="nearest", grid_mode=True)


def bilinear_non_local_means(coarse: FloatArray, factor: int, sigma: float) -> Float32Array:
    """Apply non-local means, then bilinear interpolation: the noisy baseline of Zhu et al. 2018.

    Their order is not stated; before interpolation the noise is white, as the method assumes.

    Args:
        coarse: (..., h, w).
        factor: Fine pixels a coarse pixel along each axis.
        sigma: Standard deviation of the noise in units of the image; 0 for interpolation alone.

    Returns:
        float32 (..., h * factor, w * factor).

    Raises:
        SettingsError: A sigma that is negative or not finite; see `bilinear`.
        MissingDependencyError: scikit-image is not installed.
    """
    return bilinear(_denoised(coarse, sigma, _non_local_means), factor)


def rician_non_local_means(image: FloatArray, sigma: float) -> Float32Array:
    """Apply non-local means to a magnitude image and take away the Rician bias, see `without_rician_bias`.

    Args:
        image: (..., height, width), nowhere negative.
        sigma: Standard deviation of each of the two channels' noise, in units of the image.

    Returns:
        float32 of the same shape.

    Raises:
        SettingsError: A sigma that is negative or not finite, or fewer than two axes.
        MissingDependencyError: scikit-image is not installed.
    """
    return without_rician_bias(_denoised(image, sigma, _non_local_means), sigma)


def rician_wavelet(image: FloatArray, sigma: float) -> Float32Array:
    """Apply BayesShrink wavelet thresholds (Chang et al. 2000, doi:10.1109/83.862633), take away the Rician bias.

    Arguments, result and errors as in `rician_non_local_means`; PyWavelets is needed too.
    """
    return without_rician_bias(_denoised(image, sigma, _wavelet), sigma)


def total_variation(image: FloatArray, weight: float = TOTAL_VARIATION_WEIGHT) -> Float32Array:
    """Smooth speckle and leave edges: least squares with a penalty on total variation (Chambolle 2004).

    Args:
        image: (..., height, width) in shares of its window.
        weight: Of the penalty; the default is the best on the validation patients of the simulated low-end ultrasound.

    Returns:
        float32 of the same shape.

    Raises:
        SettingsError: Fewer than two axes.
        MissingDependencyError: scikit-image is not installed.
    """
    array = _slices(image)
    with _needs("scikit-image"):
        from skimage.restoration import denoise_tv_chambolle
    flat = array.reshape(-1, *array.shape[-2:])
    return np.stack([denoise_tv_chambolle(each, weight) for each in flat]).reshape(array.shape).astype(np.float32)


def without_rician_bias(mean: FloatArray, sigma: float) -> Float32Array:
    """Find the amplitude whose magnitude image has this mean (Koay & Basser 2006, doi:10.1016/j.jmr.2006.01.016).

    A denoised magnitude image estimates the mean E|A + n₁ + i n₂|, which exceeds A; in air it
    is sigma·√(π/2), not zero. What is often used, √(m² - 2σ²), is right for a mean of squares
    and takes away too much from a square of means.

    Args:
        mean: Any shape, in units of the image.
        sigma: Standard deviation of each of the two channels' noise.

    Returns:
        float32 of the same shape; zero where the mean is at or below that of air.

    Raises:
        SettingsError: A sigma that is negative or not finite.
    """
    check_sigma(sigma)
    measured = np.asarray(mean, np.float64)
    if sigma == 0:
        return measured.astype(np.float32)
    amplitudes, means = _rician_means()
    ratio = measured / sigma
    strong = np.sqrt(np.maximum(ratio**2 - 1, 0))
    return (sigma * np.where(ratio < means[-1], np.interp(ratio, means, amplitudes), strong)).astype(np.float32)


@lru_cache(maxsize=1)
def _rician_means() -> tuple[FloatArray, FloatArray]:
    """Amplitudes and the mean magnitudes that belong to them, both over sigma."""
    amplitude = np.linspace(0, HIGHEST_SNR, 6001)
    t = amplitude**2 / 4
    mean = math.sqrt(math.pi / 2) * ((1 + 2 * t) * ive(0, t) + 2 * t * ive(1, t))
    return amplitude, mean


def _denoised(image: FloatArray, sigma: float, method: Callable[[Float32Array, float], FloatArray]) -> Float32Array:
    check_sigma(sigma)
    array = _slices(image)
    if sigma == 0:
        return array
    flat = array.reshape(-1, *array.shape[-2:])
    return np.stack([method(slice_, sigma) for slice_ in flat]).reshape(array.shape).astype(np.float32)


def _non_local_means(image: Float32Array, sigma: float) -> FloatArray:
    with _needs("scikit-image"):
        from skimage.restoration import denoise_nl_means
    return denoise_nl_means(
        image, PATCH_PX, DISTANCE_PX, h=STRENGTH * sigma, sigma=sigma, fast_mode=True, preserve_range=True
    )


def _wavelet(image: Float32Array, sigma: float) -> FloatArray:
    with _needs("scikit-image and PyWavelets"):
        import pywt  # noqa: F401 - scikit-image needs it for this and does not install it
        from skimage.restoration import denoise_wavelet
    return denoise_wavelet(image, sigma=sigma, method="BayesShrink", mode="soft", rescale_sigma=False)


@contextmanager
def _needs(packages: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"This baseline needs {packages}. Install the training packages in a clone of the repository: "
            "pip install '.[train]'."
        ) from error


def _slices(image: FloatArray) -> Float32Array:
    array = np.asarray(image, np.float32)
    if array.ndim < 2:
        raise SettingsError(f"An image of shape {array.shape} has no slices; it must be (..., height, width).")
    return array
