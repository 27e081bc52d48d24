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
    voxels: Array,
    target_shape: Sequence[int],
    part: Sequence[slice] | None = None,
    source_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> npt.NDArray[np.float32]:
    """Interpolate by Keys' cubic convolution along every axis whose length changes.

    The value of a voxel depends on its neighbourhood only, to the last bit: a part of a
    volume gets the numbers that the whole volume has there, also where only that part and
    two voxels around it are at hand.

    Args:
        voxels: Array of any dimension.
        target_shape: Lengths wanted; source and target cover the same field of view.
        part: The slices of the target that are wanted, one an axis; all without it.
        source_shape: Lengths of the source, where ``voxels`` is a part of it.
        start: Where in the source that part starts. Beyond it its outermost voxels are repeated.

    Returns:
        float32 array of ``target_shape``, or of the part's.

    Examples:
        >>> interpolate_bicubic(np.array([0.0, 1.0, 2.0, 3.0]), [8])[2:6].tolist()
        [0.7265625, 1.25, 1.75, 2.2734375]
    """
    sizes = voxels.shape if source_shape is None else tuple(source_shape)
    first = (0,) * voxels.ndim if start is None else tuple(start)
    wanted = [range(n)[s] for n, s in zip(target_shape, part or [slice(None)] * voxels.ndim, strict=True)]
    taps: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]] | None] = []
    needed: list[slice] = []
    for axis, span in enumerate(wanted):
        if sizes[axis] == target_shape[axis]:
            taps.append(None)
            needed.append(slice(span.start - first[axis], span.stop - first[axis]))
            continue
        index, weights = cubic_taps(sizes[axis], target_shape[axis])
        index = np.clip(index[span.start : span.stop] - first[axis], 0, voxels.shape[axis] - 1)
        needed.append(slice(int(index.min()), int(index.max()) + 1))
        taps.append((index - needed[axis].start, weights[span.start : span.stop]))
    result = np.asarray(voxels[tuple(needed)], dtype=np.float32)
    # The slowest axis first: whole rows are then combined, and the array grows last.
    for axis, along in enumerate(taps):
        if along is not None:
            result = _apply_taps(result, axis, *along)
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

    Examples:
        >>> reduce_area(np.arange(16.0).reshape(1, 4, 4), (2, 2)).tolist()
        [[[2.5, 4.5], [10.5, 12.5]]]
    """
    rows, columns = (_area_weights(n, m) for n, m in zip(slices.shape[1:], target_shape, strict=True))
    return rows @ slices.astype(np.float32, copy=False) @ columns.T


def _area_weights(source_size: int, target_size: int) -> npt.NDArray[np.float32]:
    """Share that each source pixel has in the length of each target pixel, (target, source)."""
    edges = np.arange(target_size + 1) * (source_size / target_size)
    pixels = np.arange(source_size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0.0, 1.0) * (target_size / source_size)).astype(np.float32)
