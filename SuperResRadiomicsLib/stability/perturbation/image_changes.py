"""The same lesion scanned in another place, or with other noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...grid import BoolArray, FloatArray, in_plane_axes
from ...io.image import Image, cast_like
from ...operators import positional_noise
from .change import not_empty

_HALF_NORMAL_MEDIAN = 0.6744897501960817
"""Median of the magnitude of standard normal noise."""


@dataclass(frozen=True)
class Translation:
    """The voxel grid lies elsewhere (Zwanenburg et al. 2019).

    Attributes:
        shift: Fractions of a voxel along i, j, k by which image and mask move.
    """

    shift: tuple[float, float, float]

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`; linear interpolation, the image's edge goes on outside."""
        offset = -np.array(self.shift[::-1], dtype=np.float64)
        return _resampled(image, mask, np.eye(3), offset, f"The shift by {self.shift}")


@dataclass(frozen=True)
class Rotation:
    """The voxel grid is turned within slices about the lesion's centre (Zwanenburg et al. 2019).

    Attributes:
        degrees: Counter-clockwise on a screen whose rows run downwards.
    """

    degrees: float

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`; linear interpolation, the image's edge goes on outside."""
        first, second = in_plane_axes(image.grid)
        spacing = np.array(image.grid.spacing[::-1])
        angle = np.deg2rad(self.degrees)
        turn = np.eye(3)
        row, column = 2 - second, 2 - first
        turn[row, row] = turn[column, column] = np.cos(angle)
        turn[row, column], turn[column, row] = np.sin(angle), -np.sin(angle)
        # Turned in millimetres: within slices, voxels need not be square.
        matrix = turn * spacing[None, :] / spacing[:, None]
        centre = np.array(ndimage.center_of_mass(mask))
        return _resampled(image, mask, matrix, centre - matrix @ centre, f"The rotation by {self.degrees} degrees")


@dataclass(frozen=True)
class NoiseAddition:
    """White noise as strong as the image's own (Zwanenburg et al. 2019).

    Attributes:
        seed: Of the noise.
        strength: In standard deviations of the image's noise; see `estimate_noise`.
    """

    seed: int
    strength: float = 1.0

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`."""
        sigma = self.strength * estimate_noise(image)
        noisy = image.voxels + np.float32(sigma) * positional_noise(image.grid, self.seed)
        return image.with_voxels(cast_like(noisy, image.voxels.dtype)), mask


def estimate_noise(image: Image) -> float:
    """Estimate the standard deviation of white noise within slices, in the image's unit.

    The median magnitude of the diagonal Haar details over that of a standard normal variable
    (Donoho & Johnstone 1994, doi:10.1093/biomet/81.3.425); flat regions outside the body (details
    of exactly 0) are left out.

    Examples:
        >>> from SuperResRadiomicsLib import Grid, Image
        >>> noise = np.random.default_rng(0).normal(scale=5.0, size=(4, 64, 64))
        >>> round(estimate_noise(Image(noise, Grid((64, 64, 4), (1.0, 1.0, 3.0)))))
        5
    """
    first, second = in_plane_axes(image.grid)
    slices = np.moveaxis(image.voxels, (2 - second, 2 - first), (1, 2)).astype(np.float64)
    if min(slices.shape[1:]) < 2:
        return 0.0
    rows, columns = (size // 2 * 2 for size in slices.shape[1:])
    even = slices[:, :rows, :columns]
    details = (even[:, ::2, ::2] - even[:, 1::2, ::2] - even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 2
    seen = np.abs(details[details != 0])
    return float(np.median(seen)) / _HALF_NORMAL_MEDIAN if seen.size else 0.0


def _resampled(
    image: Image, mask: BoolArray, matrix: FloatArray, offset: FloatArray, what: str
) -> tuple[Image, BoolArray]:
    """Output voxel p shows input voxel ``matrix @ p + offset``."""
    voxels = ndimage.affine_transform(image.voxels.astype(np.float64), matrix, offset, order=1, mode="nearest")
    moved = ndimage.affine_transform(mask.astype(np.float64), matrix, offset, order=1, mode="constant") >= 0.5
    return image.with_voxels(cast_like(voxels, image.voxels.dtype)), not_empty(moved, what)
