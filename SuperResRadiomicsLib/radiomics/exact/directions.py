"""Directions between neighbours, in pyradiomics' order."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt


def directions(shape: tuple[int, ...], distances: tuple[int, ...], planar_axis: int | None) -> npt.NDArray[np.int64]:
    """List the steps from a voxel to its neighbours at the distances by the infinity norm, one of each opposite pair.

    Args:
        shape: Extent of the lesion's box in voxels, [k, j, i]; longer steps are left out.
        distances: In voxels.
        planar_axis: Axis of ``shape`` along which no step goes, or None.

    Returns:
        Steps (a, 3) along k, j, i; the first component that is not zero is positive.

    Examples:
        >>> len(directions((8, 8, 8), (1,), None)), len(directions((8, 8, 8), (1,), planar_axis=0))
        (13, 4)
    """
    reach = [0 if axis == planar_axis else min(max(distances), extent - 1) for axis, extent in enumerate(shape)]
    along = [range(farthest, -farthest - 1, -1) for farthest in reach]
    steps = [step for step in product(*along) if max(map(abs, step)) in distances]
    return np.array(steps[: len(steps) // 2], dtype=np.int64).reshape(-1, 3)
