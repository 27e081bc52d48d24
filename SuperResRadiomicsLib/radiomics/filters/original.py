"""No filter: the image as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...io.image import Image
from .image_filter import ImageFilter

ORIGINAL = "original"


@dataclass(frozen=True, kw_only=True)
class Original(ImageFilter):
    """The image as it is."""

    image_type: ClassVar[str] = "Original"

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield the image itself."""
        yield ORIGINAL, image


UNFILTERED = (Original(),)
"""Only the image as it is."""
