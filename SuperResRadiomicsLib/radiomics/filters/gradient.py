"""The magnitude of the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import SimpleITK as sitk

from ...grid import Triple, to_sitk
from ...io.image import Image
from .image_filter import ImageFilter


@dataclass(frozen=True, kw_only=True)
class Gradient(ImageFilter):
    """Magnitude of the gradient by central differences (ITK).

    Attributes:
        use_spacing: Divide by the voxel spacing: change per mm instead of change per voxel.
    """

    image_type: ClassVar[str] = "Gradient"
    parameters: ClassVar[dict[str, str]] = {"gradientUseSpacing": "use_spacing"}

    use_spacing: bool = True

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the neighbours only."""
        return 1, 1, 1

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield ``gradient`` (32-bit, as ITK makes it)."""
        gradient = sitk.GradientMagnitudeImageFilter()
        gradient.SetUseImageSpacing(self.use_spacing)
        filtered = gradient.Execute(to_sitk(image.voxels, image.grid))
        yield "gradient", image.with_voxels(sitk.GetArrayFromImage(filtered))
