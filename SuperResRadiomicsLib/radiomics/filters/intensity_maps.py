"""Filters that map each intensity to another, scaled to the range of the image.

m is the largest magnitude in the whole image; an interpolated image and an enhanced one share that of the image they
were made from, so that their features differ by their voxels and not by the scale. Formulas: documentation of
pyradiomics, ``imageoperations``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...grid import FloatArray
from ...io.image import Image
from .image_filter import ImageFilter, largest_magnitude


@dataclass(frozen=True, kw_only=True)
class IntensityMap(ImageFilter):
    """A function of the intensity and of the largest magnitude in the whole image."""

    scales: ClassVar[bool] = True

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield the image in double precision, under the lower-case name of the filter."""
        largest = largest_magnitude(image, self.image_type)
        yield self.image_type.lower(), image.with_voxels(self.map(image.voxels.astype(np.float64), largest))

    @staticmethod
    @abstractmethod
    def map(x: FloatArray, m: float) -> FloatArray:
        """Map the intensities ``x``; ``m`` is the largest magnitude."""


@dataclass(frozen=True, kw_only=True)
class Square(IntensityMap):
    """(x / sqrt(m))^2."""

    image_type: ClassVar[str] = "Square"

    @staticmethod
    def map(x: FloatArray, m: float) -> FloatArray:
        """Map the intensities ``x``; ``m`` is the largest magnitude."""
        return (1 / np.sqrt(m) * x) ** 2


@dataclass(frozen=True, kw_only=True)
class SquareRoot(IntensityMap):
    """sqrt(m |x|) with the sign of x."""

    image_type: ClassVar[str] = "SquareRoot"

    @staticmethod
    def map(x: FloatArray, m: float) -> FloatArray:
        """Map the intensities ``x``; ``m`` is the largest magnitude."""
        return np.sign(x) * np.sqrt(np.abs(x) * m)


@dataclass(frozen=True, kw_only=True)
class Logarithm(IntensityMap):
    """c log(|x| + 1) with the sign of x, and c so that the largest magnitude stays m."""

    image_type: ClassVar[str] = "Logarithm"

    @staticmethod
    def map(x: FloatArray, m: float) -> FloatArray:
        """Map the intensities ``x``; ``m`` is the largest magnitude."""
        logarithm = np.sign(x) * np.log(np.abs(x) + 1)
        return logarithm * (m / np.log(m + 1))


@dataclass(frozen=True, kw_only=True)
class Exponential(IntensityMap):
    """exp(x log(m) / m)."""

    image_type: ClassVar[str] = "Exponential"

    @staticmethod
    def map(x: FloatArray, m: float) -> FloatArray:
        """Map the intensities ``x``; ``m`` is the largest magnitude."""
        return np.exp(np.log(m) / m * x)
