"""pyradiomics' features of gray level dependence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array
from .emphasis import size_statistics, without_empty_sizes

STATISTICS = {
    "DependenceEntropy": "entropy",
    "DependenceNonUniformity": "size nonuniformity",
    "DependenceNonUniformityNormalized": "size nonuniformity normalised",
    "DependenceVariance": "size variance",
    "GrayLevelNonUniformity": "level nonuniformity",
    "GrayLevelVariance": "level variance",
    "HighGrayLevelEmphasis": "high",
    "LargeDependenceEmphasis": "large",
    "LargeDependenceHighGrayLevelEmphasis": "large high",
    "LargeDependenceLowGrayLevelEmphasis": "large low",
    "LowGrayLevelEmphasis": "low",
    "SmallDependenceEmphasis": "small",
    "SmallDependenceHighGrayLevelEmphasis": "small high",
    "SmallDependenceLowGrayLevelEmphasis": "small low",
}
"""Each feature by the name that `emphasis` has for it."""


def dependence_features(dependence: Array, levels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the 14 features.

    Args:
        dependence: Number of voxels (g, d) by level and number of neighbours of equal level, from 0.
            A voxel counts as its own dependent, so that sizes start from 1.
        levels: Gray levels (g,).
    """
    counts, sizes = without_empty_sizes(dependence[:, :, None], np.arange(1, dependence.shape[1] + 1))
    statistics = size_statistics(counts, levels, sizes)
    return {name: float(statistics[key][0]) for name, key in STATISTICS.items()}
