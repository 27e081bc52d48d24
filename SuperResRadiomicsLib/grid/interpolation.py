"""Interpolation and reduction between arrays that cover one field of view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .types import Array

KEYS_A = -0.5
"""Parameter of the cubic convolution kernel; -0.5 is third-order accurate (Keys 1981)."""


def cubic_taps(source_size: int, target_size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Compute the taps of Keys' cubic convolution along one axis, edges clamped.

    Both axes cover the same length, so target sample t lies at (t + 1/2) n / m - 1/2
    of the source (Keys 1981, doi:10.1109/TASSP.1981.1163711, with a = -1/2).

    Returns:
        Source indices and weights, both (target_size, 4); each row of weights sums to 1.
    """
    position = (np.arange(target_size) + 0.5) * (source_size / target_size) - 0.5
    first = np.floor(position).astype(np.intp) - 1
    index = first[:, None] + np.arange(4)
    distance = np.abs(position[:, None] - index)
    a = KEYS_A
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    weights = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    return np.clip(index, 0, source_size - 1), weights.astype(np.float32)


def interpolate_bicubic(
    voxels: Array, target_shape: Sequence[int], part: Sequence[slice] | None = None
) -> npt.NDArray[np.float32]:
    """Interpolate by Keys' cubic convolution along every axis whose length changes.

    The value of a voxel depends on its neighbourhood only, to the last bit: a part of a
    volume gets the numbers that the whole volume has there.

    Args:
        voxels: Array of any dimension.
        target_shape: Lengths wanted; both arrays cover the same field of view.
        part: The slices of the target that are wanted, one an axis; all without it.

    Returns:
        float32 array of ``target_shape``, or of the part's.
    """
    wanted = [range(n)[s] for n, s in zip(target_shape, part or [slice(None)] * voxels.ndim, strict=True)]
    kept = [n == m for n, m in zip(voxels.shape, target_shape, strict=True)]
    result = voxels[tuple(slice(w.start, w.stop) if k else slice(None) for w, k in zip(wanted, kept, strict=True))]
    result = np.asarray(result, dtype=np.float32)
    # The slowest axis first: whole rows are then combined, and the array grows last.
    for axis, (target_size, span) in enumerate(zip(target_shape, wanted, strict=True)):
        if not kept[axis]:
            index, weights = cubic_taps(voxels.shape[axis], target_size)
            result = _apply_taps(result, axis, index[span.start : span.stop], weights[span.start : span.stop])
    return result


def _apply_taps(
    array: npt.NDArray[np.float32], axis: int, index: npt.NDArray[np.intp], weights: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    along = [1] * array.ndim
    along[axis] = -1
    result: npt.NDArray[np.float32] | None = None
    for tap in range(index.shape[1]):
        term = np.take(array, index[:, tap], axis=axis)
        term *= weights[:, tap].reshape(along)
        result = term if result is None else np.add(result, term, out=result)
    assert result is not None
    return result


def reduce_area(slices: Array, target_shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Shrink slices by the mean over the area of each new pixel, whole or not.

    Args:
        slices: (slice, height, width).
        target_shape: Height and width wanted, neither above the slices' own; both cover the
            same field of view.

    Returns:
        float32 array (slice, *target_shape); the mean of each slice is kept.
    """
    rows, columns = (_area_weights(n, m) for n, m in zip(slices.shape[1:], target_shape, strict=True))
    return rows @ slices.astype(np.float32, copy=False) @ columns.T


def _area_weights(source_size: int, target_size: int) -> npt.NDArray[np.float32]:
    """Share that each source pixel has in the length of each target pixel, (target, source)."""
    edges = np.arange(target_size + 1) * (source_size / target_size)
    pixels = np.arange(source_size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0.0, 1.0) * (target_size / source_size)).astype(np.float32)
