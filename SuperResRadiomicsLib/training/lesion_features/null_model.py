"""Texture without knowledge of it: the bicubic image with white noise of a level that the image itself tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import convolve

from ...grid import BoolArray, FloatArray

_LAPLACIANS = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])


@dataclass(frozen=True)
class NullModel:
    """The added noise as a straight line of the noise estimated in the degraded image.

    Attributes:
        constant: In HU.
        slope: Added HU for each HU estimated.
    """

    constant: float
    slope: float

    def level(self, estimate: float) -> float:
        """Find the standard deviation of the noise to add, in HU."""
        return max(0.0, self.constant + self.slope * estimate)


def fit_null_model(estimates: Sequence[float], errors: Sequence[float]) -> NullModel:
    """Fit by least squares over training patients.

    Args:
        estimates: Noise estimated in each degraded lesion, in HU.
        errors: Root mean square error of each bicubic lesion, in HU: what is missing there.
    """
    if len(estimates) < 2 or np.ptp(estimates) == 0:
        return NullModel(float(np.mean(errors)), 0.0)
    slope, constant = np.polyfit(estimates, errors, 1)
    return NullModel(float(constant), float(slope))


def estimate_noise(coarse: FloatArray, mask: BoolArray) -> float:
    """Estimate the standard deviation of the noise in a lesion, by the difference of two Laplacians.

    Immerkaer 1996 (doi:10.1006/cviu.1996.0060). Texture counts as noise, which is what a null model needs.

    Args:
        coarse: (slice, height, width) in HU.
        mask: Like it; the lesion, not empty.
    """
    response = convolve(coarse.astype(np.float64), _LAPLACIANS[None], mode="reflect")
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(response[mask]).mean())
