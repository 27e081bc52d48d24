"""Consistency with the measurement: what the enhanced image must still explain."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..grid.types import FloatArray
from ..models import Card
from ..operators import BlurDecimate, SliceProfile


def project(fine: FloatArray, measured: FloatArray, operator: BlurDecimate | SliceProfile) -> FloatArray:
    """Find the nearest image that averages exactly to the measured voxels.

    x + Aᵀ(AAᵀ)⁻¹(y - Ax), the projection onto the images that the measurement allows
    (range-null space decomposition, Wang et al. 2022, arXiv:2212.00490). It can only bring
    the image nearer to the truth where the measurement is free of noise.

    Args:
        fine: x, (..., height, width).
        measured: y, as A gives it: (..., height / factor, width / factor), or (..., height / factor, width).
        operator: A, without blur; of slices that touch, whose rows are fine slices.

    Returns:
        Array like ``fine``.

    Examples:
        >>> operator = BlurDecimate(2)
        >>> measured = np.array([[[10.0]]])
        >>> project(np.zeros((1, 2, 2)), measured, operator).tolist()
        [[[10.0, 10.0], [10.0, 10.0]]]
    """
    return fine + operator.pseudo_inverse(measured - operator.forward(fine))


def measurement_is_exact(card: Card, conditions: Mapping[str, float]) -> bool:
    """Say whether a model knows the measured voxels to be means over fine pixels, without blur or noise.

    Then its result is made to agree with them exactly. Of mixed samplings a scan without blur and noise is such a mean.

    Args:
        card: The model's.
        conditions: What it is told of the scan.
    """
    averaged = card.degradation.get("sampling", "average") in ("average", "mixed")
    noisy = max(card.degradation.get("noise", (0.0,))) > 0
    quiet = not any(conditions.values()) and (bool(card.conditions) or not noisy)
    return card.scale > 1 and averaged and quiet


class ResidualMeter:
    """Collects how far the degraded output is from the input, slab by slab."""

    def __init__(self) -> None:
        self._square_sum = 0.0
        self._largest = 0.0
        self._count = 0

    def add(self, fine: FloatArray, measured: FloatArray, operator: BlurDecimate | SliceProfile) -> None:
        """Take in ``measured - operator(fine)``; shapes as in `project`."""
        difference = np.abs(measured - operator.forward(fine.astype(np.float32, copy=False)))
        self._square_sum += float(np.square(difference, dtype=np.float64).sum())
        self._largest = max(self._largest, float(difference.max()))
        self._count += difference.size

    def include(self, other: ResidualMeter) -> None:
        """Take in what another meter collected."""
        self._square_sum += other._square_sum
        self._largest = max(self._largest, other._largest)
        self._count += other._count

    def summary(self) -> dict[str, float]:
        """Summarise as root mean square and largest absolute residual, in the image's unit."""
        return {"root_mean_square": math.sqrt(self._square_sum / max(1, self._count)), "largest": self._largest}
