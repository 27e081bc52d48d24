"""Weights by which the matrices of all directions are added, after pyradiomics' ``weightingNorm``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray, Triple


def pair_weights(steps: npt.NDArray[np.int64], spacing: Triple, norm: str | None) -> FloatArray | None:
    """Weight the directions of a co-occurrence matrix: near neighbours count most.

    Args:
        steps: To the neighbours along k, j, i; (a, 3).
        spacing: Voxel size in mm along i, j, k.
        norm: From ``WEIGHTING_NORMS``, or None where the matrices are not added.

    Returns:
        (a,), or None.
    """
    if norm in (None, "no_weighting"):
        return None if norm is None else np.ones(len(steps))
    return np.exp(-(_lengths(steps, spacing, norm) ** 2))


def run_weights(steps: npt.NDArray[np.int64], spacing: Triple, norm: str | None) -> FloatArray | None:
    """Weight the directions of a run length matrix by the length of a step; see `pair_weights`."""
    if norm in (None, "no_weighting"):
        return None if norm is None else np.ones(len(steps))
    return _lengths(steps, spacing, norm)


def _lengths(steps: npt.NDArray[np.int64], spacing: Triple, norm: str | None) -> FloatArray:
    """Lengths of steps in mm; (a,)."""
    extents = np.abs(steps) * np.array(spacing[::-1])
    if norm == "manhattan":
        return np.sum(extents, axis=1)
    if norm == "euclidean":
        return np.sqrt(np.sum(extents**2, axis=1))
    return np.max(extents, axis=1, initial=0)
