"""Local intensity: the mean in a sphere of 1 cm^3."""

from __future__ import annotations

import numpy as np

from ...grid import BoolArray
from ...io.image import Image
from ..companion.intensity import peaks


def local_intensity(image: Image, mask: BoolArray) -> dict[str, float]:
    """Compute the local and the global intensity peak (9ST6).

    Args:
        image: The image; voxels around the lesion enter, as far as the image reaches.
        mask: The lesion's intensities; boolean [k, j, i], not empty.

    Returns:
        ``peak_loc``: the mean about the brightest voxel, of several the highest. ``peak_glob``: the highest mean about
        any voxel of the lesion.
    """
    brightest = mask & (image.voxels == image.voxels[mask].max())
    return {"peak_loc": float(np.max(peaks(image, brightest))), "peak_glob": float(np.max(peaks(image, mask)))}
