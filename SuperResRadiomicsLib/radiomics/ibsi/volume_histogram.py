"""The intensity-volume histogram: which part of the lesion has at least an intensity."""

from __future__ import annotations

import math

import numpy as np

from ...grid import FloatArray
from ..exact import Bins
from ..limits import check_gray_levels

FINE_BINS = 1000
"""Bins of an intensity without a definite unit (manual, section 3.5)."""


def volume_histogram(
    intensities: FloatArray, bins: Bins | None, limits: tuple[float | None, float | None] = (None, None)
) -> dict[str, float]:
    """Compute the 7 features (P88C).

    Args:
        intensities: The lesion's voxels, float64 (n,), n >= 1.
        bins: Width or count of fine bins; None takes whole numbers as they are (of CT) and ``FINE_BINS`` bins of other
            intensities.
        limits: Least and greatest intensity that the lesion may have; its own where there is none.

    Returns:
        Values by short names without the family: volumes as fractions, intensities in the image's unit, or as numbers
        of bins where a count of them was taken. The area under the curve is not standardised; here it is that of the
        volume over the intensity as a fraction of its range, by trapezoids.

    Raises:
        SettingsError: The width gives too many bins.
    """
    low = float(intensities.min()) if limits[0] is None else limits[0]
    high = float(intensities.max()) if limits[1] is None else limits[1]
    axis, places = _axis(intensities, bins, low, high)
    counts = np.bincount(places, minlength=axis.size)
    # The fraction of voxels in this bin or a higher one.
    volume = counts[::-1].cumsum()[::-1] / intensities.size
    reach = axis[-1] - axis[0]
    fraction = (axis - axis[0]) / reach if reach else np.zeros(axis.size)
    v10, v90 = (_first(volume, fraction >= share) for share in (0.1, 0.9))
    i10, i90 = (_first(axis, volume <= share) for share in (0.1, 0.9))
    return {
        "v10": v10,
        "v90": v90,
        "i10": i10,
        "i90": i90,
        "diff_v10_v90": v10 - v90,
        "diff_i10_i90": i10 - i90,
        "auc": float(np.sum(np.diff(fraction) * (volume[1:] + volume[:-1]) / 2)),
    }


def _axis(intensities: FloatArray, bins: Bins | None, low: float, high: float) -> tuple[FloatArray, np.ndarray]:
    """Intensity of each bin (b,), and the bin of each voxel from 0 (n,)."""
    if bins is None and np.all(intensities == np.rint(intensities)):
        check_gray_levels(intensities, None)
        return np.arange(math.floor(low), math.ceil(high) + 1.0), (intensities - math.floor(low)).astype(np.int64)
    bins = bins or Bins(count=FINE_BINS)
    if bins.width is not None:
        size = max(1, math.ceil((high - low) / bins.width))
        places = np.floor((intensities - low) / bins.width).astype(np.int64)
        return low + (np.arange(size) + 0.5) * bins.width, np.clip(places, 0, size - 1)
    assert bins.count is not None
    lowest, highest = intensities.min(), intensities.max()
    places = np.floor(bins.count * (intensities - lowest) / ((highest - lowest) or 1)).astype(np.int64)
    return np.arange(1.0, bins.count + 1), np.minimum(places, bins.count - 1)


def _first(values: FloatArray, wanted: np.ndarray) -> float:
    """Take the first value that is wanted; NaN where none is."""
    places = np.flatnonzero(wanted)
    return float(values[places[0]]) if places.size else math.nan
