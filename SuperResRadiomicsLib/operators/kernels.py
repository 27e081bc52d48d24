"""Blur kernels of several families, and the matrices that apply a kernel along an axis."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..errors import SettingsError

KernelArray = npt.NDArray[np.float64]
BlurFamily = Literal["gaussian", "box", "exponential", "sharp"]
BLUR_FAMILIES: tuple[str, ...] = get_args(BlurFamily)
TRUNCATE = 4.0
"""Radius of the Gaussian kernel in standard deviations."""
NEGLIGIBLE_TAIL = 1e-4
"""Weight, as a share of the middle one, where the exponential kernel ends."""
NEGLIGIBLE_PX = 1e-3
"""A blur below this is none: its kernel is 1 at the centre to the last bit."""
SHARPENING, SHARPENING_PX = 0.5, 1.0
"""Strength and width of the edge enhancement of a sharp kernel."""


def blur_kernel(family: str, blur_px: float) -> KernelArray:
    """Make a blur kernel: weights at whole pixels, the middle one at the centre, of sum 1.

    All families but ``sharp`` have the standard deviation asked for, so that one number says how
    strong the blur is:

    - ``gaussian``: exp(-x²/2σ²).
    - ``box``: equal weights, the two outermost as much smaller as the standard deviation needs;
      0.816 px are three equal weights.
    - ``exponential``: r^|x|, with longer tails than the Gaussian's.
    - ``sharp``: the Gaussian, then edge enhancement g + a (g - g * Gaussian of 1 px) with a = 0.5,
      as sharp reconstruction kernels do: edges overshoot.

    Args:
        family: One of `BLUR_FAMILIES`.
        blur_px: Standard deviation σ in pixels; 0 for none.

    Raises:
        SettingsError: Another family, or a blur that is negative or not finite.

    Examples:
        >>> blur_kernel("box", 0.816496580927726).round(3).tolist()
        [0.333, 0.333, 0.333]
    """
    if family not in BLUR_FAMILIES:
        raise SettingsError(f"The blur family is '{family}'; allowed are {', '.join(BLUR_FAMILIES)}.")
    if not (math.isfinite(blur_px) and blur_px >= 0):
        raise SettingsError(f"The blur is {blur_px} pixels; it must be zero or positive.")
    if family == "sharp":
        return _sharp(blur_px)
    if blur_px < NEGLIGIBLE_PX:
        return np.ones(1)
    return {"gaussian": _gaussian, "box": _box, "exponential": _exponential}[family](blur_px)


def _gaussian(sigma: float) -> KernelArray:
    radius = max(1, math.ceil(TRUNCATE * sigma))
    offset = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    return kernel / kernel.sum()


def _box(sigma: float) -> KernelArray:
    variance = sigma**2
    # n(n + 1)/3 is the variance of 2n + 1 equal weights; the outermost weight e makes up for the rest.
    full = int((math.sqrt(1 + 12 * variance) - 1) / 2 + 1e-9)
    inner = full * (full + 1) * (2 * full + 1) / 3
    outer = max(0.0, (variance * (2 * full + 1) - inner) / (2 * ((full + 1) ** 2 - variance)))
    kernel = np.ones(2 * full + 1)
    if outer > 1e-9:
        kernel = np.concatenate([[outer], kernel, [outer]])
    return kernel / kernel.sum()


def _exponential(sigma: float) -> KernelArray:
    variance = sigma**2
    # r^|n| over all whole numbers has the variance 2r/(1 - r)^2.
    ratio = (variance + 1 - math.sqrt(2 * variance + 1)) / variance
    radius = max(1, math.ceil(math.log(NEGLIGIBLE_TAIL) / math.log(ratio)))
    kernel = ratio ** np.abs(np.arange(-radius, radius + 1))
    return kernel / kernel.sum()


def _sharp(sigma: float) -> KernelArray:
    narrow = blur_kernel("gaussian", sigma)
    wide = np.convolve(narrow, _gaussian(SHARPENING_PX))
    padding = (wide.size - narrow.size) // 2
    return (1 + SHARPENING) * np.pad(narrow, padding) - SHARPENING * wide


def kernel_matrix(length: int, kernel: KernelArray) -> sparse.csr_matrix:
    """Make the matrix that convolves an axis of some length with a kernel of odd size; edges are mirrored."""
    if kernel.size == 1:
        return sparse.eye(length, format="csr")
    radius = kernel.size // 2
    offset = np.arange(-radius, radius + 1)
    row = np.repeat(np.arange(length), offset.size)
    column = mirror(row + np.tile(offset, length), length)
    return sparse.csr_matrix((np.tile(kernel, length), (row, column)), shape=(length, length))


def mirror(index: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
    """Fold indices back into the image, edge pixels repeated (d c b a | a b c d | d c b a)."""
    folded = np.mod(index, 2 * length)
    return np.where(folded < length, folded, 2 * length - 1 - folded)
