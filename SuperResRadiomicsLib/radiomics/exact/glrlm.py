"""pyradiomics' features of gray level runs, averaged over directions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array, FloatArray
from .emphasis import mean_over_directions, size_statistics, without_empty_sizes

STATISTICS = {
    "GrayLevelNonUniformity": "level nonuniformity",
    "GrayLevelNonUniformityNormalized": "level nonuniformity normalised",
    "GrayLevelVariance": "level variance",
    "HighGrayLevelRunEmphasis": "high",
    "LongRunEmphasis": "large",
    "LongRunHighGrayLevelEmphasis": "large high",
    "LongRunLowGrayLevelEmphasis": "large low",
    "LowGrayLevelRunEmphasis": "low",
    "RunEntropy": "entropy",
    "RunLengthNonUniformity": "size nonuniformity",
    "RunLengthNonUniformityNormalized": "size nonuniformity normalised",
    "RunPercentage": "percentage",
    "RunVariance": "size variance",
    "ShortRunEmphasis": "small",
    "ShortRunHighGrayLevelEmphasis": "small high",
    "ShortRunLowGrayLevelEmphasis": "small low",
}
"""Each feature by the name that `emphasis` has for it."""


def run_features(runs: Array, levels: npt.NDArray[np.int64], weights: FloatArray | None = None) -> dict[str, float]:
    """Compute the 16 features.

    Args:
        runs: Counts (g, l, a) by level, length (from 1) and direction.
        levels: Gray levels (g,).
        weights: Of the directions (a,), to add their matrices; None takes the mean of their features.
    """
    if weights is not None:
        runs = (runs @ weights)[:, :, None]
    counts, lengths = without_empty_sizes(runs, np.arange(1, runs.shape[1] + 1))
    if counts.shape[2] > 1:
        counts = counts[:, :, counts.any(axis=(0, 1))]
    statistics = size_statistics(counts, levels, lengths)
    return mean_over_directions({name: statistics[key] for name, key in STATISTICS.items()})


def crossed_once(directions: npt.NDArray[np.int64], places: tuple[Array, ...]) -> npt.NDArray[np.bool_]:
    """Find directions along which every line meets the lesion in one voxel at most; pyradiomics leaves these out.

    Args:
        directions: Steps (a, 3) of -1, 0 or 1.
        places: Indices of the lesion's voxels along each axis, three arrays (n,).
    """
    return np.array([_is_crossed_once(step, np.stack(places)) for step in directions], dtype=bool)


def _is_crossed_once(step: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> bool:
    axis = int(np.flatnonzero(step)[0])
    feet = places - step[:, None] * (places[axis] * step[axis])
    feet -= feet.min(axis=1, keepdims=True)
    line = np.ravel_multi_index(tuple(feet), tuple(feet.max(axis=1) + 1))
    return np.unique(line).size == line.size
