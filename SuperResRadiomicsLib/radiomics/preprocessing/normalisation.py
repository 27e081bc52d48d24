"""Normalisation: intensities in standard deviations of the whole image."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import ImageError, SettingsError
from ...io.image import Image
from ...io.whole_image import WholeImage


@dataclass(frozen=True)
class Normalisation:
    """Subtract the whole image's mean, divide by its standard deviation.

    An interpolated image and an enhanced one are normalised by the figures of the image they were made from.

    Attributes:
        scale: Factor applied at the end.
        outliers: Values farther from the mean than so many standard deviations are set to that many; None keeps them.

    Raises:
        SettingsError: One of them is not positive.
    """

    scale: float = 1
    outliers: float | None = None

    def __post_init__(self) -> None:
        for what, value in (("scale", self.scale), ("limit of outliers", self.outliers)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise SettingsError(f"The {what} of the normalisation is {value}. Give a positive number.")

    def apply(self, image: Image) -> Image:
        """Normalise; the result is in double precision.

        Raises:
            ImageError: All voxels are equal.
        """
        whole = image.whole_without_foreground
        if whole.lowest == whole.highest:
            raise ImageError(
                f"Every voxel of '{image.name}' has the same value: it cannot be normalised. "
                "Choose another image or leave out the normalisation."
            )
        normalised = image.with_voxels(self._scaled(image.voxels.astype(np.float64), whole))
        if image.cut_from is None:
            return normalised
        low, high, mean = (float(self._scaled(value, whole)) for value in (whole.lowest, whole.highest, whole.mean))
        figures = replace(whole, lowest=low, highest=high, mean=mean, deviation=self.scale, foreground=None)
        return replace(normalised, cut_from=figures)

    def _scaled(self, values: Any, whole: WholeImage) -> Any:
        """Values in standard deviations of the whole image."""
        scaled = (values - whole.mean) / whole.deviation
        if self.outliers is not None:
            scaled = np.clip(scaled, -self.outliers, self.outliers)
        return scaled * self.scale
