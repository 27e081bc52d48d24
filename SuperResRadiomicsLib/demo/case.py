"""What the demo works on: an image, a lesion mask, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from ..grid import BoolArray
from ..io.image import Image


@dataclass(frozen=True)
class SampleCase:
    """One lesion.

    Attributes:
        image: The image.
        mask: The lesion, bool [k, j, i] on the image's grid.
        source: What it is, in words.
        credit: Whose it is and under which licence.
    """

    image: Image
    mask: BoolArray
    source: str
    credit: str
