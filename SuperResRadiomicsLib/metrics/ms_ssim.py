"""Multi-scale structural similarity."""

from __future__ import annotations

import math

import numpy as np

from ..errors import SettingsError
from .checks import BoolArray, FloatArray, check
from .ssim import RADIUS, ssim_factors

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales, the finest first."""
SMALLEST_SIDE = (2 * RADIUS + 1) * 2 ** (len(EXPONENTS) - 1)


def ms_ssim(reference: FloatArray, image: FloatArray, data_range: float, where: BoolArray | None = None) -> float:
    """Compute the multi-scale structural similarity of slices, and average it.

    Wang et al. 2003 (doi:10.1109/ACSSC.2003.1292216): contrast and structure at five scales, luminance
    at the coarsest, each averaged over the slice (negative means count as zero), raised to
    the published exponents and multiplied. Between scales 2 x 2 pixels are averaged; an odd last row or
    column is dropped. The window is that of `ssim`.

    A region goes through the same averaging: at every scale a pixel counts as much as the
    share of it that lies in the region. Slices then weigh as much as their region has pixels.

    Args:
        reference: True values, (..., height, width), each side at least 176 pixels.
        image: Values to judge, same shape.
        data_range: Width of the intensity window.
        where: Pixels that count; without it all except, at each scale, the border of 5.

    Returns:
        In [0, 1].

    Raises:
        SettingsError: Shapes that differ, an empty region, or slices that are too small.

    Examples:
        >>> image = np.random.default_rng(0).random((1, 176, 176))
        >>> round(ms_ssim(image, image, 1.0), 3)
        1.0
    """
    check(reference, image, where)
    height, width = reference.shape[-2:]
    if min(height, width) < SMALLEST_SIDE:
        raise SettingsError(
            f"The images have {height} x {width} pixels; multi-scale similarity needs at least {SMALLEST_SIDE} on each "
            "side. Use ssim, or larger images."
        )
    x, y = _as_slices(reference), _as_slices(image)
    if where is None:
        return float(_of_slices(x, y, data_range).mean())
    region = _as_slices(where)
    counts = region.sum(axis=(1, 2))
    used = counts > 0
    return float(np.average(_of_slices(x[used], y[used], data_range, region[used]), weights=counts[used]))


def _of_slices(x: FloatArray, y: FloatArray, data_range: float, region: FloatArray | None = None) -> FloatArray:
    """MS-SSIM of each slice, (slice,)."""
    result = np.ones(len(x))
    for number, exponent in enumerate(EXPONENTS):
        if number:
            x, y = _halve(x), _halve(y)
            region = None if region is None else _halve(region)
        luminance, structure = ssim_factors(x, y, data_range)
        local = luminance * structure if number == len(EXPONENTS) - 1 else structure
        shares = _inside(local.shape) if region is None else region
        mean = (local * shares).sum(axis=(1, 2)) / shares.sum(axis=(1, 2))
        result *= np.maximum(mean, 0) ** exponent
    return result


def _as_slices(values: FloatArray | BoolArray) -> FloatArray:
    return values.reshape(math.prod(values.shape[:-2]), *values.shape[-2:]).astype(np.float64)


def _inside(shape: tuple[int, ...]) -> FloatArray:
    """1 where the window stays in the image, 0 in the border."""
    inside = np.zeros(shape)
    inside[..., RADIUS : shape[-2] - RADIUS, RADIUS : shape[-1] - RADIUS] = 1
    return inside


def _halve(values: FloatArray) -> FloatArray:
    count, height, width = values.shape
    even = values[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
