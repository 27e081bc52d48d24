"""Resegmentation: leave voxels out of the lesion by their intensity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import MaskError, SettingsError
from ...grid import BoolArray
from ...io.image import Image

MODES = ("absolute", "relative", "sigma")


@dataclass(frozen=True)
class Resegmentation:
    """Keep the lesion's voxels within a range of intensities.

    Attributes:
        limits: One number: least intensity; two: least and greatest, both included.
        mode: What they count: ``absolute`` intensities, ``relative`` to the lesion's greatest one, ``sigma``:
            standard deviations from the lesion's mean.
        shape_too: Whether shape features also look at what is left; otherwise they see the lesion before, but
            (as in pyradiomics) only within the box of what is left.
        outliers: Then also leave out voxels farther from the mean of what is left than so many standard deviations
            (of all its voxels); None keeps them. pyradiomics knows one of the two steps only.

    Raises:
        SettingsError: A value is outside what is allowed.
    """

    limits: tuple[float, ...]
    mode: str = "absolute"
    shape_too: bool = False
    outliers: float | None = None

    def __post_init__(self) -> None:
        if len(self.limits) not in (1, 2) or not all(map(math.isfinite, self.limits)):
            raise SettingsError(
                f"The range of the resegmentation is {', '.join(map(str, self.limits)) or 'empty'}. Give one or two "
                "finite numbers."
            )
        if self.mode not in MODES:
            raise SettingsError(f"The mode of the resegmentation is '{self.mode}'. Choose one of: {', '.join(MODES)}.")
        if self.outliers is not None and not (math.isfinite(self.outliers) and self.outliers > 0):
            raise SettingsError(f"The limit of outliers is {self.outliers}. Give a positive number of deviations.")

    def allowed(self) -> tuple[float | None, float | None]:
        """Say the least and the greatest intensity that a lesion may have; None where that depends on the lesion."""
        if self.mode != "absolute":
            return None, None
        low, *high = sorted(self.limits)
        return low, high[0] if high else None

    def apply(self, image: Image, mask: BoolArray) -> BoolArray:
        """Keep the part of the mask whose intensities are within the range.

        Raises:
            MaskError: At most one voxel is left.
        """
        intensities = image.voxels[mask]
        low, *high = self._thresholds(intensities)
        kept = intensities >= low
        if high:
            kept &= intensities <= high[0]
        if self.outliers is not None and kept.any():
            inside = intensities[kept].astype(np.float64)
            kept &= np.abs(intensities - inside.mean()) <= self.outliers * inside.std()
        if np.count_nonzero(kept) <= 1:
            raise MaskError(
                f"Of the lesion's {intensities.size} voxels in '{image.name}', {np.count_nonzero(kept)} are within the "
                f"range {', '.join(f'{t:g}' for t in (low, *high))} of the resegmentation. Choose a wider range."
            )
        left = np.zeros_like(mask)
        left[mask] = kept
        return left

    def _thresholds(self, intensities: np.ndarray) -> list[float]:
        limits = sorted(self.limits)
        if self.mode == "relative":
            return [np.max(intensities) * limit for limit in limits]
        if self.mode == "sigma":
            mean, deviation = np.mean(intensities), np.std(intensities)
            return [mean + deviation * limit for limit in limits]
        return limits
