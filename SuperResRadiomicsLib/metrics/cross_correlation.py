"""Local normalised cross-correlation."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

from ..errors import SettingsError
from .checks import BoolArray, FloatArray, check, mean_inside

WINDOW = 9
GUARD = 1e-3
"""Standard deviation, as share of the data range, below which a window counts as flat."""


def local_normalised_cross_correlation(
    reference: FloatArray,
    image: FloatArray,
    data_range: float,
    where: BoolArray | None = None,
    window: int = WINDOW,
) -> float:
    """Correlate two images within a window around each pixel, and average.

    (cov + e) / sqrt((var + e)(var' + e)) with population moments in a square window of equal
    weights and e = (0.001 data_range)^2. By the Cauchy-Schwarz inequality it stays in
    [-1, 1]; two flat windows agree (1), a flat one and a structured one do not (near 0). Blind
    to brightness and contrast (Avants et al. 2008, doi:10.1016/j.media.2007.06.004, without the square,
    which would take an inverted image for a good one).

    Args:
        reference: True values, (..., height, width).
        image: Values to judge, same shape.
        data_range: Width of the intensity window.
        where: Pixels whose windows count; without it all whose window lies in the image.
        window: Side of the window in pixels, odd.

    Returns:
        Mean over pixels, in [-1, 1].

    Raises:
        SettingsError: Shapes that differ, an empty region, an even window, or slices smaller than it.

    Examples:
        >>> image = np.random.default_rng(0).random((1, 32, 32))
        >>> round(local_normalised_cross_correlation(image, 0.5 * image + 3, 1.0), 2)
        1.0
    """
    check(reference, image, where)
    if window < 3 or window % 2 == 0:
        raise SettingsError(f"The window is {window} pixels; it must be odd and at least 3.")
    # Moments are differences of large numbers; without the mean they are smaller.
    x, y = (values.astype(np.float64) - float(np.mean(values)) for values in (reference, image))
    size = (1,) * (x.ndim - 2) + (window, window)
    mean_x, mean_y = uniform_filter(x, size), uniform_filter(y, size)
    variance_x = np.maximum(uniform_filter(x * x, size) - mean_x**2, 0)
    variance_y = np.maximum(uniform_filter(y * y, size) - mean_y**2, 0)
    covariance = uniform_filter(x * y, size) - mean_x * mean_y
    guard = (GUARD * data_range) ** 2
    local = (covariance + guard) / np.sqrt((variance_x + guard) * (variance_y + guard))
    # Rounding may leave the bounds in the last digit.
    return mean_inside(np.clip(local, -1, 1), where, window // 2)
