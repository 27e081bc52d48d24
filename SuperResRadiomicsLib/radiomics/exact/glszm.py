"""pyradiomics' features of gray level zones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array
from .emphasis import size_statistics

STATISTICS = {
    "GrayLevelNonUniformity": "level nonuniformity",
    "GrayLevelNonUniformityNormalized": "level nonuniformity normalised",
    "GrayLevelVariance": "level variance",
    "HighGrayLevelZoneEmphasis": "high",
    "LargeAreaEmphasis": "large",
    "LargeAreaHighGrayLevelEmphasis": "large high",
    "LargeAreaLowGrayLevelEmphasis": "large low",
    "LowGrayLevelZoneEmphasis": "low",
    "SizeZoneNonUniformity": "size nonuniformity",
    "SizeZoneNonUniformityNormalized": "size nonuniformity normalised",
    "SmallAreaEmphasis": "small",
    "SmallAreaHighGrayLevelEmphasis": "small high",
    "SmallAreaLowGrayLevelEmphasis": "small low",
    "ZoneEntropy": "entropy",
    "ZonePercentage": "percentage",
    "ZoneVariance": "size variance",
}
"""Each feature by the name that `emphasis` has for it."""


def zone_features(zone_ranks: Array, zone_sizes: Array, levels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the 16 features.

    Args:
        zone_ranks: For each zone the place of its level among ``levels``, from 1; (z,).
        zone_sizes: Its number of voxels; (z,).
        levels: Gray levels (g,).
    """
    sizes = np.flatnonzero(np.bincount(zone_sizes))
    # Counting takes a fifth of the time that sorting the zones would.
    place_of_size = np.zeros(sizes[-1] + 1, dtype=np.int64)
    place_of_size[sizes] = np.arange(sizes.size)
    cell = (zone_ranks.astype(np.int64) - 1) * sizes.size + place_of_size[zone_sizes]
    counts = np.bincount(cell, minlength=levels.size * sizes.size).reshape(levels.size, sizes.size, 1)
    statistics = size_statistics(counts, levels, sizes)
    return {name: float(statistics[key][0]) for name, key in STATISTICS.items()}
