"""pyradiomics' features of neighbouring gray tone differences (Amadasun and King 1989)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import Array

FLAT_COARSENESS = 1e6
"""What pyradiomics gives where no voxel differs from its neighbours."""


def tone_features(difference: Array, counts: Array, levels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the 5 features.

    Args:
        difference: (g, c): for voxels of each level with c neighbours (from 0), the sum of
            magnitude of c * level - sum of the neighbours' levels.
        counts: Number of voxels of each level; (g,), none 0.
        levels: Gray levels (g,).
    """
    total = counts.sum()
    p = counts / total
    s = difference[:, 1:] @ (1 / np.arange(1, difference.shape[1]))
    i = levels.astype(np.float64)
    weighted = p * s
    activity, tones = float(weighted.sum()), float(s.sum())
    across = np.abs(i[:, None] - i)
    sums = p[:, None] + p
    rivals = float(np.abs((i * p)[:, None] - i * p).sum())
    present = levels.size
    contrast = float((np.outer(p, p) * across**2).sum()) * tones / total
    return {
        "Busyness": activity / rivals if rivals else 0.0,
        "Coarseness": 1 / activity if activity else FLAT_COARSENESS,
        "Complexity": float((across * (weighted[:, None] + weighted) / sums).sum() / total),
        "Contrast": contrast / (present * (present - 1)) if present > 1 else 0.0,
        "Strength": float((sums * across**2).sum()) / tones if tones else 0.0,
    }
