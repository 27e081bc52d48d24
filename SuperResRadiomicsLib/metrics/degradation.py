"""How far an enhanced image, degraded again, is from what was measured."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .checks import BoolArray, FloatArray, check


class ForwardOperator(Protocol):
    """What turned the wanted image into the measured one."""

    def forward(self, fine: FloatArray) -> FloatArray:
        """Degrade (..., height, width)."""
        ...


def error_after_degradation(
    measured: FloatArray, enhanced: FloatArray, operator: ForwardOperator, where: BoolArray | None = None
) -> float:
    """Compute the root mean square of ``measured - operator.forward(enhanced)``.

    Needs no true image. Zero is necessary for a right image, never sufficient: every image
    that degrades to the measured one reaches it; where the measurement is noisy, a right
    image has the noise's standard deviation left.

    Args:
        measured: The coarse image, (..., h, w).
        enhanced: The fine image, of the shape that the operator maps to that of ``measured``.
        operator: The degradation, such as `operators.BlurDecimate`.
        where: Measured pixels that count, on the coarse grid; all without it.

    Returns:
        In the unit of the images.

    Raises:
        SettingsError: Shapes that do not fit, or an empty region.

    Examples:
        >>> from SuperResRadiomicsLib.operators import BlurDecimate
        >>> fine = np.arange(16.0).reshape(1, 4, 4)
        >>> halve = BlurDecimate(2)
        >>> error_after_degradation(halve.forward(fine), fine + 1, halve)
        1.0
    """
    # In double precision: the residual of a consistent image is rounding alone.
    degraded = operator.forward(enhanced.astype(np.float64))
    check(measured, degraded, where)
    square = np.square(measured.astype(np.float64) - degraded)
    return float(np.sqrt(square.mean() if where is None else square[where].mean()))
