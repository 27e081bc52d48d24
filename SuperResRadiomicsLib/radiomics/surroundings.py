"""More of a refined image than was enhanced: its bicubic surroundings, as far as features look."""

from __future__ import annotations

import numpy as np

from ..enhancement.twin import interpolated
from ..grid import BoolArray, Box, box_within, crop_grid, holds
from ..io.image import Image


def widened(image: Image, original: Image, box: Box) -> Image:
    """Continue a refined image by interpolation of the original.

    Outside its region an enhanced image is its bicubic twin, so this gives what the whole image has there, to the bit.

    Args:
        image: A part of a refined image.
        original: What it was made from, or as much of it as the box depends on.
        box: In voxels of the whole refined image; holds those of the part.

    Raises:
        RegionError: The original at hand is too small.
    """
    if holds(image.held, box):
        return image
    voxels = interpolated(original, image.whole_grid, box)
    voxels[box_within(image.held, box).slices] = image.voxels
    return image.with_voxels(voxels, crop_grid(image.whole_grid, box), cut_from=image.whole)


def widened_mask(mask: BoolArray, image: Image, box: Box) -> BoolArray:
    """Put the mask of a part on a box that holds it; arguments as for `widened`."""
    moved = np.zeros((box.size[2], box.size[1], box.size[0]), dtype=bool)
    moved[box_within(image.held, box).slices] = mask
    return moved
