"""Sharpness relative to a reference."""

from __future__ import annotations

import numpy as np

from .checks import BoolArray, FloatArray, check


def sharpness(reference: FloatArray, image: FloatArray, where: BoolArray | None = None) -> float:
    """Divide the mean gradient magnitude of the image by that of the reference.

    The gradient (central differences in the plane, one-sided at the edges) is taken rather
    than the variance of the Laplacian, which noise rules even more. Noise raises it too: a
    value above 1 says sharper or noisier.

    Args:
        reference: True values, (..., height, width).
        image: Values to judge, same shape.
        where: Pixels whose gradient counts; all without it.

    Returns:
        1 where both are equally sharp, 0 for a flat image; NaN for a flat reference.

    Raises:
        SettingsError: Shapes that differ, or an empty region.

    Examples:
        >>> edge = np.repeat([[0.0, 0.0, 1.0, 1.0]], 4, axis=0)
        >>> sharpness(edge, 0.5 * edge)
        0.5
    """
    check(reference, image, where)
    true, given = (_mean_gradient(values, where) for values in (reference, image))
    return given / true if true > 0 else float("nan")


def _mean_gradient(values: FloatArray, where: BoolArray | None) -> float:
    rows, columns = np.gradient(values.astype(np.float64), axis=(-2, -1))
    magnitude = np.hypot(rows, columns)
    return float(magnitude.mean() if where is None else magnitude[where].mean())
