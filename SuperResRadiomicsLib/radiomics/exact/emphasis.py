"""What the features of runs, zones and dependences have in common.

Each of the three matrices counts something by gray level and by size: length of a run, voxels of
a zone, dependent neighbours. Their features are the same sums under different names.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array, FloatArray
from .firstorder import EPSILON


def size_statistics(
    counts: Array, levels: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> dict[str, FloatArray]:
    """Compute the features of matrices of counts by gray level and size.

    Args:
        counts: (g, s, a): by level, size and direction (a = 1 where there are none).
        levels: Gray levels (g,), from 1.
        sizes: Sizes (s,), from 1.

    Returns:
        Arrays (a,) by names of our own: "small low" weighs small sizes and low levels. NaN for a
        direction without counts.
    """
    matrix = counts.astype(np.float64)
    by_level, by_size = matrix.sum(axis=1), matrix.sum(axis=0)
    total = by_level.sum(axis=0)
    total[total == 0] = np.nan
    level, size = levels.astype(np.float64), sizes.astype(np.float64)
    weights = {"low": level**-2, "high": level**2}
    reach = {"small": size**-2, "large": size**2}
    probability = matrix / total
    joint = {}
    for extent, of_size in reach.items():
        by_level_weighted = of_size @ matrix  # (g, a)
        for emphasis, of_level in weights.items():
            joint[f"{extent} {emphasis}"] = of_level @ by_level_weighted / total
    return {
        **{emphasis: weight @ by_level / total for emphasis, weight in weights.items()},
        **{emphasis: weight @ by_size / total for emphasis, weight in reach.items()},
        **joint,
        "level nonuniformity": np.sum(by_level**2, axis=0) / total,
        "level nonuniformity normalised": np.sum(by_level**2, axis=0) / total**2,
        "size nonuniformity": np.sum(by_size**2, axis=0) / total,
        "size nonuniformity normalised": np.sum(by_size**2, axis=0) / total**2,
        "level variance": _variance(by_level / total, level),
        "size variance": _variance(by_size / total, size),
        "entropy": -np.sum(probability * np.log2(probability + EPSILON), axis=(0, 1)),
        "percentage": total / (size @ by_size),
    }


def _variance(probability: FloatArray, values: FloatArray) -> FloatArray:
    """Variance of values (n,) of probabilities (n, a)."""
    mean = values @ probability
    return np.sum(probability * (values[:, None] - mean) ** 2, axis=0)


def without_empty_sizes(counts: Array, sizes: npt.NDArray[np.int64]) -> tuple[Array, npt.NDArray[np.int64]]:
    """Leave out the sizes (second axis) that do not occur."""
    present = counts.any(axis=(0, 2))
    return counts[:, present], sizes[present]


def mean_over_directions(features: dict[str, FloatArray]) -> dict[str, float]:
    """Average each feature (a,) over the directions in which it is defined; NaN where it is in none."""
    values = np.stack(list(features.values()))
    means = values.mean(axis=1) if values.size else np.full(len(values), np.nan)
    for row in np.flatnonzero(np.isnan(means)):
        defined = values[row][~np.isnan(values[row])]
        if defined.size:
            means[row] = defined.mean()
    return dict(zip(features, means.tolist(), strict=True))
