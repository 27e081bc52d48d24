"""Putting an enhanced block into its image without a visible edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .box import Box, box_within
from .grid import Grid
from .types import FloatArray


def edge_ramps(box: Box, grid: Grid, width_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Make the weights along k, j, i that rise from the faces of a box to 1 over ``width_mm``.

    Their product says how much of a block enters the image. Faces on the border of the image
    get no ramp, since nothing lies beyond them to blend with.

    Returns:
        Three float64 arrays with the box's lengths along k, j, i; values in (0, 1].

    Examples:
        >>> ramp = edge_ramps(Box((4, 0, 0), (12, 1, 1)), Grid((20, 1, 1), (1.0, 1.0, 1.0)), 2.0)[2]
        >>> ramp.round(3).tolist()
        [0.156, 0.844, 1.0, 1.0, 1.0, 1.0, 0.844, 0.156]
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


def blend_weight(ramps: Sequence[npt.NDArray[Any]], box: Box, part: Box) -> npt.NDArray[np.float32]:
    """Multiply the ramps of a box over a part of it.

    Args:
        ramps: As from `edge_ramps` for ``box``.
        box: The whole block.
        part: Voxels within it, counted like the box's.

    Returns:
        float32 [k, j, i] of the part.
    """
    inside = box_within(part, box).slices
    k, j, i = (ramp[along].astype(np.float32) for ramp, along in zip(ramps, inside, strict=True))
    return k[:, None, None] * j[:, None] * i


def blend(base: npt.NDArray[Any], patch: npt.NDArray[Any], weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Go from ``base`` (weight 0, to the last bit) to ``patch`` (weight 1); arrays of one shape."""
    return base + weight * (patch - base)
