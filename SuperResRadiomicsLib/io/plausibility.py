"""Does a lesion's mask look like one? Sentences for the user, said before anything is computed."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..grid import BoolArray, box_of_mask, shift_box
from .image import Image

FEWEST_VOXELS = 64
"""Lesions of fewer voxels are said to have no texture to speak of: our own choice, a cube of 4 x 4 x 4."""
MANY_PIECES = 100
HU_RANGE = (-1024.0, 3071.0)
"""What 12 bits hold: values outside are padding or metal."""


def lesion_notes(image: Image, mask: BoolArray) -> list[str]:
    """Note what is worth saying of a lesion on an image before it is measured.

    Args:
        image: The image.
        mask: bool [k, j, i] of its shape, not empty.

    Returns:
        Sentences on a lesion that is tiny, touches the image's border, is scattered over many pieces, or holds values
        that no tissue has.
    """
    count = int(np.count_nonzero(mask))
    return [
        *_size_notes(count),
        *_border_notes(image, mask),
        *_piece_notes(mask, count),
        *_range_notes(image, mask, count),
    ]


def _size_notes(count: int) -> list[str]:
    if count >= FEWEST_VOXELS:
        return []
    return [
        f"The lesion has only {count} voxels. Texture of fewer than {FEWEST_VOXELS} voxels is mostly chance; do not "
        "rely on it."
    ]


def _border_notes(image: Image, mask: BoolArray) -> list[str]:
    box = shift_box(box_of_mask(mask), image.held.start)
    touched = [
        "ijk"[axis]
        for axis, size in enumerate(image.whole_grid.size)
        if size > 1 and (box.start[axis] == 0 or box.stop[axis] == size)
    ]
    if not touched:
        return []
    return [f"The lesion touches the border of the image (along {', '.join(touched)}): it may be cut off."]


def _piece_notes(mask: BoolArray, count: int) -> list[str]:
    pieces = int(ndimage.label(mask[box_of_mask(mask).slices], np.ones((3, 3, 3)))[1])
    if pieces <= MANY_PIECES:
        return []
    return [
        f"The mask is scattered: {count} voxels in {pieces} pieces. Is it one lesion? The engine pyradiomics can take "
        "very long for such masks; the engine exact (--engine exact) gives the same values in seconds."
    ]


def _range_notes(image: Image, mask: BoolArray, count: int) -> list[str]:
    if image.unit != "HU":
        return []
    values = image.voxels[mask]
    outside = int(((values < HU_RANGE[0]) | (values > HU_RANGE[1])).sum())
    if not outside:
        return []
    return [
        f"{outside / count:.1%} of the lesion's voxels lie outside of {HU_RANGE[0]:g} to {HU_RANGE[1]:g} HU: padding "
        "beyond the scanner's field of view, or metal, is taken for tissue."
    ]
