"""The box of a lesion whose pixels a network marked."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

from ..grid import BoolArray, FloatArray

PIXEL_THRESHOLD = 0.15
"""Probability from which a pixel belongs to the lesion. Chosen on validation slices, where it holds most lesions of all
thresholds whose boxes have at most 1.6 times the area of the lesion's own: a low one keeps what is only likely."""
MARGIN = 0.05
"""Margin on every side of the lesion, as a share of its side: a box that cuts it is worse than one too large."""


def lesion_box(probabilities: FloatArray) -> FloatArray:
    """Find the box of the largest marked lesion, with its margin.

    The largest is the connected part whose probabilities add up to most. Where no pixel reaches
    `PIXEL_THRESHOLD`, the most likely ones are the lesion.

    Args:
        probabilities: (rows, columns), each that a pixel of the slice belongs to a lesion.

    Returns:
        Centre row, centre column, height and width as shares of the slice's height and width; where the
        margin leaves the slice, the box does too.

    Examples:
        >>> slice_ = np.zeros((20, 40))
        >>> slice_[5:10, 10:30] = 0.9
        >>> lesion_box(slice_).tolist()
        [0.375, 0.5, 0.275, 0.55]
    """
    part = _largest_part(probabilities >= min(PIXEL_THRESHOLD, probabilities.max()), probabilities)
    sizes = np.array(probabilities.shape)
    first, last = (np.array([getattr(side, end) for side in part]) / sizes for end in ("start", "stop"))
    return np.concatenate([(first + last) / 2, (1 + 2 * MARGIN) * (last - first)])


def _largest_part(marked: BoolArray, weights: FloatArray) -> tuple[slice, ...]:
    """Rows and columns of the connected part of a mask whose weights add up to most."""
    numbers, _ = label(marked)
    sums = np.bincount(numbers.ravel(), weights.ravel())
    return find_objects(numbers)[int(np.argmax(sums[1:]))]
