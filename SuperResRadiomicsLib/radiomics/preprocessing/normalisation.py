"""Normalisation: intensities in standard deviations of the whole image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ...errors import ImageError, SettingsError
from ...grid import to_sitk
from ...io.image import Image


@dataclass(frozen=True)
class Normalisation:
    """Subtract the image's mean, divide by its standard deviation.

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
        if image.voxels.min() == image.voxels.max():
            raise ImageError(
                f"Every voxel of '{image.name}' has the same value: it cannot be normalised. "
                "Choose another image or leave out the normalisation."
            )
        voxels = sitk.GetArrayFromImage(sitk.Normalize(to_sitk(image.voxels, image.grid)))
        if self.outliers is not None:
            voxels = np.clip(voxels, -self.outliers, self.outliers)
        return image.with_voxels(voxels * self.scale)
