"""Local binary patterns within slices (Ojala et al., Pattern Recognition 29 (1996) 51), by scikit-image."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import MissingDependencyError, SettingsError
from ...grid import Triple
from ...io.image import Image
from .image_filter import ImageFilter

METHODS = ("default", "ror", "uniform", "nri_uniform", "var")


@dataclass(frozen=True, kw_only=True)
class LocalBinaryPattern2D(ImageFilter):
    """Patterns of the neighbours on a circle; with texture in 3D in slices of equal k, as in pyradiomics.

    Attributes:
        radius: Of the circle, in pixels.
        samples: Number of neighbours on it.
        method: One of ``METHODS``.
    """

    image_type: ClassVar[str] = "LBP2D"
    parameters: ClassVar[dict[str, str]] = {
        "lbp2DRadius": "radius",
        "lbp2DSamples": "samples",
        "lbp2DMethod": "method",
    }

    radius: float = 1
    samples: int = 8
    method: str = "uniform"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise SettingsError(f"The radius of LBP2D is {self.radius} pixels. Give a positive number.")
        if not isinstance(self.samples, int) or self.samples < 1:
            raise SettingsError(f"LBP2D has {self.samples} samples. Give a whole number from 1.")
        if self.method not in METHODS:
            raise SettingsError(f"The method of LBP2D is '{self.method}'. Choose one of: {', '.join(METHODS)}.")

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the circle, and the pixels between which it is interpolated."""
        pixels = math.ceil(self.radius) + 1
        return pixels, pixels, pixels

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield ``lbp-2D``, in the voxel type of the image (as in pyradiomics)."""
        pattern = _import_pattern()
        axis = 0 if planar_axis is None else 2 - planar_axis
        slices = np.swapaxes(image.voxels, 0, axis)
        found = np.empty_like(slices)
        with warnings.catch_warnings():
            # scikit-image advises against real numbers; they are what a normalised image has.
            warnings.simplefilter("ignore", UserWarning)
            for number, plane in enumerate(slices):
                found[number] = pattern(plane, P=self.samples, R=self.radius, method=self.method)
        yield "lbp-2D", image.with_voxels(np.ascontiguousarray(np.swapaxes(found, 0, axis)))


def _import_pattern() -> Any:
    try:
        from skimage.feature import local_binary_pattern
    except ImportError as error:
        raise MissingDependencyError(
            "Local binary patterns were asked for, but scikit-image is not installed. Install it with: "
            "pip install scikit-image, or leave out the image type LBP2D."
        ) from error
    return local_binary_pattern
