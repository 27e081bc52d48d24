"""How wide edges are along one axis."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from ..errors import SettingsError
from .checks import BoolArray, FloatArray

EDGE_SHARE = 0.01
"""The steepest places of the reference, as a share of what counts, are its edges."""


def edge_width(
    reference: FloatArray, image: FloatArray, axis: int, spacing: float, reach: int, where: BoolArray | None = None
) -> float:
    """Measure the median width of edges across an axis: contrast over the steepest slope.

    Edges are where the reference is steepest along the axis. In the image, contrast and slope are taken within
    ``reach`` voxels of them, so that an edge that moved a little is still found. A sharp step has a width of one
    voxel. Noise makes slopes steeper: compare images of like noise.

    Args:
        reference: Says where the edges are, any dimension.
        image: Values to judge, same shape.
        axis: Across which the edges are looked at.
        spacing: Distance of voxels along it, mm.
        reach: Voxels to both sides.
        where: What counts of the reference; everything without it.

    Returns:
        Width in mm; NaN where nothing varies.

    Raises:
        SettingsError: Shapes that differ, or a reach below 1.

    Examples:
        >>> step = np.repeat([0.0, 100.0], 8)
        >>> ramp = np.clip(np.arange(16.0) * 25 - 137.5, 0, 100)
        >>> edge_width(step, step, 0, 0.5, 4), edge_width(step, ramp, 0, 0.5, 4)
        (0.5, 2.0)
    """
    if reference.shape != image.shape:
        raise SettingsError(f"The shapes differ: {reference.shape} and {image.shape}. Compare images of one grid.")
    if reach < 1:
        raise SettingsError(f"The reach is {reach} voxels; at least 1 is needed.")
    steep = np.abs(_slope(reference, axis))
    counted = steep if where is None else steep[_between(where, axis)]
    if counted.size == 0 or counted.max() == 0:
        return float("nan")
    edges = steep >= max(float(np.quantile(counted, 1 - EDGE_SHARE)), float(np.nextafter(0, 1)))
    edges &= steep == maximum_filter1d(steep, 2 * reach + 1, axis=axis)
    if where is not None:
        edges &= _between(where, axis)
    window = 2 * reach + 1
    values = image.astype(np.float64)
    contrast = maximum_filter1d(values, window, axis=axis) - minimum_filter1d(values, window, axis=axis)
    steepest = maximum_filter1d(np.abs(_slope(values, axis)), window, axis=axis)
    first = [slice(None)] * values.ndim
    first[axis] = slice(0, -1)
    found = contrast[tuple(first)][edges] / np.where(steepest[edges] > 0, steepest[edges], np.nan)
    return float(np.nanmedian(found) * spacing) if np.isfinite(found).any() else float("nan")


def _slope(values: FloatArray, axis: int) -> FloatArray:
    """Differences of neighbours, one fewer along the axis."""
    return np.diff(values.astype(np.float64), axis=axis)


def _between(where: BoolArray, axis: int) -> BoolArray:
    """Mark the differences both of whose voxels count."""
    moved = np.moveaxis(where, axis, 0)
    return np.moveaxis(moved[1:] & moved[:-1], 0, axis)
