"""Colour images whose colours are all grey, as ultrasound is often stored."""

from __future__ import annotations

import numpy as np

from ..errors import ImageError
from ..grid import Array

ROUNDING = 3
"""Levels by which JPEG's own colour space lets equal channels differ."""
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue; ITU-R BT.601."""


def grey_of(voxels: Array, name: str) -> tuple[Array, list[str]]:
    """Take the grey values of a colour image, and note what to say of them.

    Args:
        voxels: Array [..., channel] with three channels, or four (the last one, opacity, is left out).
        name: What messages call the image.

    Raises:
        ImageError: It has another number of channels, or colours.
    """
    channels = voxels.shape[-1]
    if channels not in (3, 4) or voxels.dtype.kind not in "iu":
        raise ImageError(
            f"'{name}' has {channels} values in each voxel (a colour or vector image). One grey value is needed: "
            "convert it to a scalar image first."
        )
    colours = voxels[..., :3]
    spread = int((colours.max(axis=-1).astype(np.int64) - colours.min(axis=-1)).max())
    if spread == 0:
        return np.ascontiguousarray(colours[..., 0]), [
            f"'{name}' is stored in colour but is grey; one channel is taken."
        ]
    if spread <= ROUNDING:
        grey = np.rint(colours @ np.array(LUMINANCE)).astype(voxels.dtype)
        return grey, [f"'{name}' is stored in colour but is grey to {spread} levels; its luminance is taken."]
    raise ImageError(
        f"'{name}' has {channels} values in each voxel (a colour image; they differ by up to {spread}). One grey value "
        "is needed: convert it to a scalar image first, without colour overlays such as Doppler or callipers."
    )
