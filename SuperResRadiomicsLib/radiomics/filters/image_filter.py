"""What all image filters have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ...errors import ImageError, SettingsError
from ...grid import Triple
from ...io.image import Image


@dataclass(frozen=True, kw_only=True)
class ImageFilter(ABC):
    """Makes the images on which features are computed from the (preprocessed) image.

    Attributes:
        image_type: Name of the filter in pyradiomics' parameter files.
        parameters: Field of the filter by the name of the setting in those files.
        bin_width: Width of a gray level bin on this filter's images, or None for the width of all.
        bin_count: Number of bins on this filter's images, likewise.

    Raises:
        SettingsError: A parameter is outside what is allowed.
    """

    image_type: ClassVar[str]
    parameters: ClassVar[dict[str, str]] = {}
    scales: ClassVar[bool] = False
    """Whether the filter scales its result to the range of the whole image."""

    bin_width: float | None = None
    bin_count: int | None = None

    def __post_init__(self) -> None:
        if self.bin_width is not None and self.bin_count is not None:
            raise SettingsError(
                f"{self.image_type} has a bin width of {self.bin_width} and a bin count of {self.bin_count}. "
                "Give one of them, or neither to use the bins of all images."
            )
        check_bins(self.bin_width, self.bin_count)

    @property
    def has_own_bins(self) -> bool:
        """Whether its images have other bins than the others."""
        return self.bin_width is not None or self.bin_count is not None

    @property
    def wraps(self) -> bool:
        """Whether the filter continues an image beyond its border by the voxels of the other end."""
        return False

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Say how far the filter looks on voxels of a spacing.

        Args:
            spacing: Voxel size in mm along i, j, k.

        Returns:
            Along i, j, k: voxels farther than this from the lesion do not enter. Figures of the whole
            image (`Image.whole`) may.
        """
        return 0, 0, 0

    @abstractmethod
    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Make the filtered images.

        Args:
            image: The image, in its own voxel type.
            planar_axis: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices of 2D texture; None in 3D.

        Yields:
            Name (the first part of a feature's key) and image, on the grid of the given one.

        Raises:
            ImageError: The filter is not defined for this image.
            SettingsError: The parameters do not fit this image.
            MissingDependencyError: A package that the filter needs is not installed.
        """

    def describe(self) -> dict[str, Any]:
        """Describe type and parameters for the header of a table; what is not set is left out."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return {"image_type": self.image_type, **given}


def check_bins(width: float | None, count: int | None) -> None:
    """Refuse a bin width or a bin count that makes no bins; None is none of either.

    Raises:
        SettingsError: The width is not positive, or the count no whole number of at least 2.
    """
    if width is not None and not (math.isfinite(width) and width > 0):
        raise SettingsError(f"The bin width is {width}. Give a positive number in the image's unit.")
    if count is not None and not (isinstance(count, int) and count >= 2):
        raise SettingsError(f"The bin count is {count}. Give a whole number of at least 2.")


def largest_magnitude(image: Image, image_type: str) -> float:
    """Find the largest magnitude in a whole image, to whose range a filter scales its result.

    Raises:
        ImageError: It is 0.
    """
    largest = image.whole_without_foreground.largest_magnitude
    if largest == 0:
        raise ImageError(f"Every voxel of the image is 0, and {image_type} of such an image is not defined.")
    return largest
