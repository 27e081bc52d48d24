"""An enhanced lesion in its whole image, for those who want it."""

from __future__ import annotations

import numpy as np

from ..errors import GridError
from ..grid import Box, whole
from ..io.image import Image
from .result import Enhancement
from .twin import interpolated


def paste(enhancement: Enhancement, image: Image) -> Image:
    """Put an enhanced region into the interpolation of the whole image that it was taken from.

    Args:
        enhancement: The enhanced region.
        image: The whole image that was enhanced.

    Returns:
        The whole image on the refined grid. Outside the region it has the bits of the bicubic
        twin, inside those of the enhanced image.

    Raises:
        GridError: It is another image than the one that was enhanced.
    """
    _check_same(enhancement.original, image)
    refined = enhancement.enhanced.whole_grid
    voxels = interpolated(image, refined, whole(refined))
    voxels[enhancement.region.slices] = enhancement.enhanced.voxels
    return image.with_voxels(voxels, refined, enhancement.enhanced.name)


def _check_same(original: Image, image: Image) -> None:
    if image.cut_from is not None or not original.whole_grid.matches(image.grid):
        raise GridError(
            f"'{image.name}' is not the whole image that was enhanced: that one has size {original.whole_grid.size}. "
            "Give the image that the lesion was enhanced in."
        )
    held: Box = original.held
    if not np.array_equal(image.voxels[held.slices], original.voxels):
        raise GridError(
            f"'{image.name}' has other voxels than the image that was enhanced. Give the image that the lesion was "
            "enhanced in."
        )
