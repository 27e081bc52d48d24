"""Putting an enhanced block back into its volume without a visible edge."""

from __future__ import annotations

import numpy as np

from .box import Box, check_inside
from .grid import Grid, check_shape
from .types import FloatArray


def edge_ramps(box: Box, grid: Grid, width_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute weights along k, j, i that rise from the faces of a box to 1 over ``width_mm``.

    Their product is the feather of a paste. Faces on the border of the image get no ramp,
    since nothing lies beyond them to blend with.

    Returns:
        Three float64 arrays with the box's lengths along k, j, i; values in (0, 1].
    """
    ramps = []
    for axis in (2, 1, 0):
        length = box.size[axis]
        weight = np.ones(length)
        width = width_mm / grid.spacing[axis]
        rise = np.clip((np.arange(length) + 0.5) / max(width, 1e-6), 0.0, 1.0)
        smooth = rise * rise * (3 - 2 * rise)
        if box.start[axis] > 0:
            weight = np.minimum(weight, smooth)
        if box.stop[axis] < grid.size[axis]:
            weight = np.minimum(weight, smooth[::-1])
        ramps.append(weight)
    return ramps[0], ramps[1], ramps[2]


def paste(base: FloatArray, patch: FloatArray, box: Box, grid: Grid, feather_mm: float) -> FloatArray:
    """Put a patch back into a volume, blended over ``feather_mm`` inside the box's faces.

    Args:
        base: Floating-point volume [k, j, i] on ``grid``; not changed.
        patch: Voxels of the box.
        box: Where the patch belongs.
        grid: The grid of ``base``.
        feather_mm: Width of the blend.

    Returns:
        A new volume; outside the box it has the bits of ``base``.
    """
    check_shape(base, grid)
    check_inside(box, grid)
    k, j, i = edge_ramps(box, grid, feather_mm)
    weight = k[:, None, None] * j[:, None] * i
    result = base.copy()
    below = base[box.slices]
    result[box.slices] = below + weight * (patch - below)
    return result
