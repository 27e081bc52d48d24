"""The class ``imagequality``: how much fine detail and noise an image holds beside its coarse content.

Moummad et al. (Cancers 14 (2022) 36, section 2.4) call two features "IQ wavelets" and describe them as "the ratio
between high and low wavelet frequencies", of the whole image and of the lesion. No formula is published. What stands
here is our definition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import MissingDependencyError
from ...grid import Array, BoolArray, box_of_mask
from ...io.image import Image

WAVELET, PADDING = "db2", "symmetric"
FILTER_LENGTH = 4
"""Of db2. A smaller box holds no place where the filter sees the image alone."""

NAMES = ("WaveletGlobal", "WaveletLocal")


def image_quality(image: Image, mask: BoolArray, through_plane: int) -> dict[str, float]:
    """Compute the two features: sum of HH^2 over sum of LL^2.

    HH and LL are the diagonal detail and the approximation of one level of the discrete wavelet transform of each
    slice; the sums go over all slices. Factors on the intensity cancel. An offset does not: CT numbers and their
    values shifted by 1024 differ.

    Args:
        image: The image.
        mask: The lesion; bool [k, j, i], not empty.
        through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices.

    Returns:
        ``WaveletGlobal`` over the whole image that was given, ``WaveletLocal`` over the box of the lesion. NaN where
        all voxels are 0, or the slices have fewer than ``FILTER_LENGTH`` voxels along an axis.

    Raises:
        MissingDependencyError: PyWavelets is not installed.
    """
    axis = 2 - through_plane
    return {
        "WaveletGlobal": detail_ratio(image.voxels, axis),
        "WaveletLocal": detail_ratio(image.voxels[box_of_mask(mask).slices], axis),
    }


def detail_ratio(voxels: Array, axis: int) -> float:
    """Sum of HH^2 over sum of LL^2 of the slices perpendicular to an axis of the array."""
    pywt = _import_pywt()
    if min(np.delete(voxels.shape, axis)) < FILTER_LENGTH:
        return math.nan
    detail = content = 0.0
    for plane in np.moveaxis(voxels, axis, 0):
        low, (_, _, high) = pywt.dwt2(plane.astype(np.float64), WAVELET, mode=PADDING)
        detail += float(np.sum(high**2))
        content += float(np.sum(low**2))
    return detail / content if content > 0 else math.nan


def _import_pywt() -> Any:
    try:
        import pywt
    except ImportError as error:
        raise MissingDependencyError(
            "The feature class imagequality was asked for, but PyWavelets is not installed. Install it with: "
            "pip install PyWavelets (the extras cli, study and pyradiomics bring it), or leave the class out."
        ) from error
    return pywt
