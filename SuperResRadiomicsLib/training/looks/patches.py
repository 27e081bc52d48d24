"""Square pieces of lesions, and their power by frequency and direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from ...grid import BoolArray, FloatArray

Values = npt.NDArray[np.float64]
SIDE = 32
"""Side of a piece in pixels."""
STEP = 16
LEAST_SHARE = 0.25
"""Pieces of which less belongs to the lesion are left out."""


def lesion_patches(image: FloatArray, mask: BoolArray) -> Values:
    """Cut pieces that hold enough of a lesion; the one in its middle where none does.

    Args:
        image: (slice, height, width); sides of at least `SIDE`.
        mask: Like it; not empty.

    Returns:
        (pieces, `SIDE`, `SIDE`), at the same places for all images with this mask.
    """
    places = []
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        for top in range(0, mask.shape[1] - SIDE + 1, STEP):
            for left in range(0, mask.shape[2] - SIDE + 1, STEP):
                if mask[number, top : top + SIDE, left : left + SIDE].mean() >= LEAST_SHARE:
                    places.append((int(number), top, left))
    if not places:
        places = [_middle(mask)]
    return np.stack([image[n, t : t + SIDE, w : w + SIDE] for n, t, w in places]).astype(np.float64)


def _middle(mask: BoolArray) -> tuple[int, int, int]:
    number = int(mask.sum(axis=(1, 2)).argmax())
    centre = np.argwhere(mask[number]).mean(axis=0)
    top, left = (
        int(np.clip(round(at - SIDE / 2), 0, length - SIDE)) for at, length in zip(centre, mask.shape[1:], strict=True)
    )
    return number, top, left


def power(patches: Values) -> Values:
    """Compute the power of each piece by frequency: (pieces, `SIDE`, `SIDE`), in squared units of the image.

    The mean is taken off and a Hann window laid on; of white noise every value is its variance on average, but near
    frequency zero.
    """
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    centred = patches - patches.mean(axis=(-2, -1), keepdims=True)
    return np.asarray(np.abs(fft.fft2(centred * window)) ** 2 / np.sum(window**2))


def frequencies() -> tuple[Values, Values]:
    """Give the radius in cycles per pixel and the direction in radians (0 to pi) of each value of `power`."""
    axis = np.fft.fftfreq(SIDE)
    rows, columns = axis[:, None], axis[None, :]
    return np.hypot(rows, columns), np.arctan2(rows, columns) % np.pi
