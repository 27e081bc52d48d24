"""What the filters of the image biomarker standard have in common: how an image is continued beyond its border.

Source of all of them: reference manual of the Image Biomarker Standardisation Initiative, part 2 (arXiv 2006.05470). In
2D they work within the slices of 2D texture, in 3D on the volume.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import SettingsError
from ...grid import FloatArray
from ...io.image import Image
from .image_filter import ImageFilter

BOUNDARIES = {"zero": "constant", "nearest": "nearest", "periodic": "wrap", "mirror": "reflect"}
"""How an image goes on beyond its border, and SciPy's name for that. ``mirror`` repeats the outer voxel."""
PADDING = {"zero": "constant", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}
"""numpy's names."""
SPACING_TOLERANCE = 1e-3
"""Relative difference of voxel sizes that count as equal."""


@dataclass(frozen=True, kw_only=True)
class BoundedFilter(ImageFilter):
    """A filter of the standard.

    Attributes:
        boundary: One of ``BOUNDARIES``.
    """

    parameters: ClassVar[dict[str, str]] = {"boundary": "boundary"}

    boundary: str = "mirror"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.boundary not in BOUNDARIES:
            raise SettingsError(
                f"The boundary of {self.image_type} is '{self.boundary}'. Choose one of: {', '.join(BOUNDARIES)}."
            )

    @property
    def wraps(self) -> bool:
        """Whether the image is periodic."""
        return self.boundary == "periodic"

    @property
    @abstractmethod
    def name(self) -> str:
        """First part of the features' keys; no underscore."""

    @abstractmethod
    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter an image or a slice.

        Args:
            voxels: float64, two- or three-dimensional: [j, i] or [k, j, i] where no axis is turned.
            spacing: Voxel size in mm along the axes of ``voxels``.

        Returns:
            The response, of the same shape.
        """

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield the response map in double precision."""
        voxels = image.voxels.astype(np.float64)
        spacing = image.grid.spacing[::-1]
        if planar_axis is None:
            yield self.name, image.with_voxels(self.response(voxels, spacing))
            return
        axis = 2 - planar_axis
        within = tuple(size for n, size in enumerate(spacing) if n != axis)
        slices = [self.response(plane, within) for plane in np.moveaxis(voxels, axis, 0)]
        yield self.name, image.with_voxels(np.ascontiguousarray(np.moveaxis(np.stack(slices), 0, axis)))


def in_voxels(length: float, spacing: tuple[float, ...], image_type: str) -> float:
    """Convert a length in mm to voxels, which must be as long along every axis.

    Raises:
        SettingsError: They are not.
    """
    if max(spacing) > min(spacing) * (1 + SPACING_TOLERANCE):
        raise SettingsError(
            f"{image_type} has lengths in mm and needs voxels that are equally long along each of its axes; they are "
            f"{' x '.join(f'{size:g}' for size in spacing)} mm. Resample to one spacing, or compute in 2D."
        )
    return length / spacing[0]


def longest_reach(voxels: int) -> tuple[int, int, int]:
    """Reach so many voxels along every axis."""
    return voxels, voxels, voxels


def whole_numbers(value: object, least: int, what: str) -> None:
    """Refuse what is no whole number from a least one.

    Raises:
        SettingsError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingsError(f"The {what} is {value}. Give a whole number from {least}.")


def positive(value: float, what: str) -> None:
    """Refuse what is no positive number.

    Raises:
        SettingsError: It is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise SettingsError(f"The {what} is {value}. Give a positive number.")
