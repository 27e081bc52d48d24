"""Spatial autocorrelation of intensities: do neighbours resemble one another?"""

from __future__ import annotations

import math

import numpy as np

from ...grid import BoolArray, FloatArray, Triple


def spatial_autocorrelation(intensities: FloatArray, mask: BoolArray, spacing: Triple) -> tuple[float, float]:
    """Compute Moran's I (N365) and Geary's C (NPT7), each pair of voxels weighted by one over its distance.

    The sums over all pairs are convolutions with the weights, exact but for rounding.

    Args:
        intensities: Of the voxels of the mask, in its order; float64 (n,).
        mask: Boolean array [k, j, i].
        spacing: Voxel size in mm along i, j, k.

    Returns:
        Both; NaN where there is one voxel, or all are equal.

    Examples:
        >>> line = np.ones((1, 1, 3), dtype=bool)
        >>> [round(value, 3) for value in spatial_autocorrelation(np.array([1.0, 2.0, 3.0]), line, (1.0, 1.0, 1.0))]
        [-0.3, 0.8]
    """
    from scipy.signal import fftconvolve  # takes long to import

    deviation = intensities - intensities.mean()
    total = float(deviation @ deviation)
    if not total:
        return math.nan, math.nan
    weights = _inverse_distances(mask.shape, spacing)
    field = np.zeros(mask.shape)
    field[mask] = deviation
    weight = fftconvolve(mask.astype(np.float64), weights, mode="same")[mask]
    products = float(fftconvolve(field, weights, mode="same")[mask] @ deviation)
    # The sum over pairs of (x_i - x_j)^2, weighted, falls apart into squares and products.
    differences = 2 * (float(weight @ deviation**2) - products)
    count, all_weights = intensities.size, float(weight.sum())
    return count / all_weights * products / total, (count - 1) / (2 * all_weights) * differences / total


def _inverse_distances(shape: tuple[int, ...], spacing: Triple) -> FloatArray:
    """One over the distance from the middle, in mm, for all steps within a box of a shape; 0 in the middle."""
    k, j, i = (np.arange(1.0 - extent, extent) * step for extent, step in zip(shape, reversed(spacing), strict=True))
    squares = k[:, None, None] ** 2 + j[:, None] ** 2 + i**2
    squares[tuple(extent - 1 for extent in shape)] = np.inf
    return 1 / np.sqrt(squares)
