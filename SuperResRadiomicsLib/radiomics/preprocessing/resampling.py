"""Resampling to another voxel spacing, of the lesion and its surroundings only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ...errors import MaskError, SettingsError
from ...grid import BoolArray, Triple, box_of_mask, resample_sitk, shift_box, spaced_grid, to_sitk
from ...io.image import Image
from .cropping import DEFAULT_MARGIN, check_margin, crop_to_lesion, cut_both, reached_box

INTERPOLATORS = (
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)
"""In the order of their numbers in SimpleITK, from 1."""

SUPPORT = 16
"""Voxels around a place that its interpolation looks at, at most: nothing is left then of the spline's coefficients,
which fall as 0.268^n, and the other kernels are shorter."""
SPLINE_SIZE = 4
"""ITK's spline needs so many voxels along each axis."""


@dataclass(frozen=True)
class Resampling:
    """Resample the image by interpolation and the mask by nearest neighbour, as pyradiomics does.

    Integer images stay integer: their resampled intensities lose their fractions, as ITK makes them.

    Attributes:
        spacing: New voxel size in mm along i, j, k; 0 keeps the image's. Along an axis on which the lesion is one
            voxel thick the image's is kept in any case.
        interpolator: One of ``INTERPOLATORS``.
        margin: Voxels of the new grid kept around the lesion, for filters.

    Raises:
        SettingsError: A value is outside what is allowed.
    """

    spacing: Triple
    interpolator: str = "sitkBSpline"
    margin: int = DEFAULT_MARGIN

    def __post_init__(self) -> None:
        if len(self.spacing) != 3 or not all(math.isfinite(s) and s >= 0 for s in self.spacing):
            raise SettingsError(
                f"The spacing to resample to is {', '.join(map(str, self.spacing)) or 'empty'}. Give three numbers of "
                "mm (i, j, k); 0 keeps the image's spacing along that axis."
            )
        if self.interpolator not in INTERPOLATORS:
            raise SettingsError(
                f"The interpolator is '{self.interpolator}'. Choose one of: {', '.join(INTERPOLATORS)}."
            )
        check_margin(self.margin)

    def new_spacing(self, spacing: Triple) -> Triple:
        """Compute the spacing that an image of the given one will have."""
        i, j, k = (new or old for new, old in zip(self.spacing, spacing, strict=True))
        return i, j, k

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """Resample an image and its mask.

        Raises:
            SettingsError: The image is too small for the interpolator.
            MaskError: Nothing of the lesion is left on the new grid.
        """
        box = box_of_mask(mask)
        i, j, k = (
            new if extent > 1 else old
            for new, old, extent in zip(self.new_spacing(image.spacing), image.spacing, box.size, strict=True)
        )
        if np.allclose(image.spacing, (i, j, k)):
            return crop_to_lesion(image, mask, self.margin)
        self._check_size(image)
        lesion = shift_box(box, image.held.start)
        target = spaced_grid(image.whole_grid, (i, j, k), lesion, self.margin)
        box = reached_box(lesion, image.whole_grid, self._source_reach(image.spacing, (i, j, k)))
        near, part = cut_both(image, mask, box)
        voxels = resample_sitk(to_sitk(near.voxels, near.grid), target, getattr(sitk, self.interpolator))
        label = resample_sitk(to_sitk(part.astype(np.uint8), near.grid), target, sitk.sitkNearestNeighbor)
        moved = sitk.GetArrayFromImage(label).astype(bool)
        if not moved.any():
            raise MaskError(
                f"Nothing of the lesion in '{image.name}' is left on voxels of {i:g} x {j:g} x {k:g} mm. "
                "Resample to a smaller spacing."
            )
        return image.with_voxels(sitk.GetArrayFromImage(voxels), target), moved

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Find how far around the lesion voxels of an image of a spacing enter, along i, j, k."""
        return self._source_reach(spacing, self.new_spacing(spacing))

    def _source_reach(self, old: Triple, new: Triple) -> tuple[int, int, int]:
        i, j, k = (math.ceil((self.margin + 2) * n / o) + SUPPORT for o, n in zip(old, new, strict=True))
        return i, j, k

    def _check_size(self, image: Image) -> None:
        if self.interpolator == "sitkBSpline" and min(image.whole_grid.size) < SPLINE_SIZE:
            raise SettingsError(
                f"sitkBSpline needs at least {SPLINE_SIZE} voxels along each axis; '{image.name}' has "
                f"{' x '.join(map(str, image.grid.size))} (i, j, k). Choose sitkLinear."
            )
