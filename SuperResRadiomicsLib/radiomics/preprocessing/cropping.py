"""Cropping to the lesion and a margin before filters see the image."""

from __future__ import annotations

import numpy as np

from ...errors import SettingsError
from ...grid import BoolArray, Box, box_of_mask, crop_grid
from ...io.image import Image

DEFAULT_MARGIN = 5
"""pyradiomics' padDistance."""


def check_margin(margin: int) -> None:
    """Refuse a margin that is not a whole number of voxels.

    Raises:
        SettingsError: It is negative or not whole.
    """
    if not isinstance(margin, int) or margin < 0:
        raise SettingsError(f"The margin around the lesion is {margin} voxels. Give a whole number from 0.")


def crop_to_lesion(image: Image, mask: BoolArray, margin: int) -> tuple[Image, BoolArray]:
    """Crop to the lesion's box and a margin in voxels, as far as the image reaches."""
    box = box_of_mask(mask)
    start = [max(0, a - margin) for a in box.start]
    stop = [min(n, b + margin) for b, n in zip(box.stop, image.grid.size, strict=True)]
    return _cropped(image, mask, start, stop)


def crop_to_reach(image: Image, mask: BoolArray, reach: int) -> tuple[Image, BoolArray]:
    """Crop to the lesion's box and all voxels that a filter of this reach looks at.

    Along an axis on which the image ends within the reach it is kept whole: what a filter does beyond the border
    (repeat, wrap around) depends on where the image ends.
    """
    box = box_of_mask(mask)
    start, stop = [], []
    for a, b, n in zip(box.start, box.stop, image.grid.size, strict=True):
        inside = a >= reach and b + reach <= n
        start.append(a - reach if inside else 0)
        stop.append(b + reach if inside else n)
    return _cropped(image, mask, start, stop)


def _cropped(image: Image, mask: BoolArray, start: list[int], stop: list[int]) -> tuple[Image, BoolArray]:
    box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    voxels = np.ascontiguousarray(image.voxels[box.slices])
    return image.with_voxels(voxels, crop_grid(image.grid, box)), mask[box.slices]
