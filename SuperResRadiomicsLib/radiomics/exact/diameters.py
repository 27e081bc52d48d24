"""Largest distances between the vertices of a mask's surface."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import BoolArray, FloatArray
from . import kernels


def largest_distances(mask: BoolArray, spacing: npt.ArrayLike) -> tuple[FloatArray, float]:
    """Measure the surface through the middles of the edges between voxels inside and outside.

    Args:
        mask: Boolean array [k, j, i], false on its border, true somewhere.
        spacing: Voxel size in mm along k, j, i.

    Returns:
        Largest distances between two vertices of equal k, of equal j and of equal i, and between any two; in mm.
    """
    scale = np.asarray(spacing, dtype=np.float64) / 2
    kernel = kernels.chosen()
    in_planes, outer = [], None
    for axis in range(3):
        across = np.ascontiguousarray(np.moveaxis(mask, axis, 0))
        largest, outlines = kernel.planes(across, *np.delete(scale, axis))
        in_planes.append(largest)
        outer = outlines if outer is None else outer
    assert outer is not None
    return np.array(in_planes), kernel.span(outer, scale)
