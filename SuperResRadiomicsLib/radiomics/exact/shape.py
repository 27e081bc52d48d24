"""pyradiomics' shape features of a mask."""

from __future__ import annotations

import math

import numpy as np

from ...grid import BoolArray, FloatArray, Triple
from .diameters import largest_distances
from .mesh import surface


def shape_features(mask: BoolArray, spacing: Triple) -> dict[str, float]:
    """Compute the 14 features.

    Args:
        mask: Boolean array [k, j, i] with at least one voxel.
        spacing: Voxel size in mm along i, j, k.

    Returns:
        Values by pyradiomics' names, lengths in mm.
    """
    scale = np.array(spacing[::-1], dtype=np.float64)
    padded = np.pad(mask, 1)
    mesh = surface(padded, scale)
    in_planes, largest = largest_distances(padded, scale)
    least, minor, major = _axis_lengths(mask, scale)
    return {
        "Elongation": minor / major,
        "Flatness": least / major,
        "LeastAxisLength": least,
        "MajorAxisLength": major,
        "Maximum2DDiameterColumn": float(in_planes[1]),
        "Maximum2DDiameterRow": float(in_planes[2]),
        "Maximum2DDiameterSlice": float(in_planes[0]),
        "Maximum3DDiameter": largest,
        "MeshVolume": mesh.volume,
        "MinorAxisLength": minor,
        "Sphericity": (36 * math.pi * mesh.volume**2) ** (1 / 3) / mesh.area,
        "SurfaceArea": mesh.area,
        "SurfaceVolumeRatio": mesh.area / mesh.volume,
        "VoxelVolume": np.count_nonzero(mask) * math.prod(spacing),
    }


def _axis_lengths(mask: BoolArray, scale: FloatArray) -> tuple[float, float, float]:
    """Least, minor and major axis: four standard deviations of the voxels along the principal axes."""
    variances = np.linalg.eigvalsh(_covariance(mask) * np.outer(scale, scale))
    least, minor, major = 4 * np.sqrt(np.maximum(variances, 0))
    return float(least), float(minor), float(major)


def _covariance(mask: BoolArray) -> FloatArray:
    """Covariance of the voxels' indices, from whole numbers and therefore without rounding of sums."""
    count = int(np.count_nonzero(mask))
    covariance = np.empty((3, 3))
    for first in range(3):
        for second in range(first, 3):
            table = mask.sum(axis=tuple(axis for axis in range(3) if axis not in (first, second)))
            x = np.arange(mask.shape[first])
            y = np.arange(mask.shape[second])
            if first == second:
                sums = int(table @ x), int(table @ x), int(table @ (x * x))
            else:
                sums = int(table.sum(axis=1) @ x), int(table.sum(axis=0) @ y), int(x @ table @ y)
            centred = (count * sums[2] - sums[0] * sums[1]) / count**2
            covariance[first, second] = covariance[second, first] = centred
    return covariance
