"""Peak signal-to-noise ratio."""

from __future__ import annotations

import numpy as np

from .checks import BoolArray, FloatArray, check


def psnr(reference: FloatArray, image: FloatArray, data_range: float, where: BoolArray | None = None) -> float:
    """Compute the peak signal-to-noise ratio in dB.

    Args:
        reference: True values.
        image: Values to judge, same shape.
        data_range: Width of the intensity window (fixed, not the image's own range).
        where: Voxels that count; all without it.

    Returns:
        20 log10(range / RMSE); infinite for equal images.

    Examples:
        >>> psnr(np.zeros((1, 8, 8)), np.full((1, 8, 8), 0.1), data_range=1.0)
        20.0
    """
    check(reference, image, where)
    error = np.square(reference.astype(np.float64) - image.astype(np.float64))
    mean = float(error.mean() if where is None else error[where].mean())
    return float("inf") if mean == 0 else float(10 * np.log10(data_range**2 / mean))
