"""The figures of a whole image, found a few slices at a time, so that nobody waits in between.

The values are those of `SuperResRadiomicsLib.io.whole_image.WholeImage.of`: percentiles are exact, found by
counting into bins and then looking only into the bins that hold them.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from ..grid import Array, Grid
from .whole_image import FOREGROUND_SHARE, PERCENTILES, WholeImage

VOXELS_PER_STEP = 250_000
BINS = 4096

Steps = Generator[None, None, Any]


def survey(voxels: Array, grid: Grid, modality: str) -> Generator[None, None, WholeImage]:
    """Look at every voxel of an image, some of them between any two yields.

    Args:
        voxels: [k, j, i], finite; only read.
        grid: The image's grid.
        modality: ``CT``, ``MR``, ``US`` or ``unknown``.

    Returns:
        What `WholeImage.of` gives, as the generator's value.

    Examples:
        >>> steps = survey(np.arange(24.0).reshape(2, 3, 4), Grid((4, 3, 2), (1.0, 1.0, 1.0)), "CT")
        >>> try:
        ...     while True:
        ...         next(steps)
        ... except StopIteration as end:
        ...     print(end.value.mean)
        11.5
    """
    lowest, highest, mean, deviation = yield from _moments(voxels)
    foreground = None
    if modality != "CT":
        foreground = yield from _foreground(voxels, lowest, highest)
    return WholeImage(grid, lowest, highest, mean, deviation, foreground)


def _slabs(voxels: Array) -> Iterator[Array]:
    """Cut a volume into slabs of some slices."""
    step = max(1, VOXELS_PER_STEP // max(1, voxels[0].size))
    for start in range(0, len(voxels), step):
        yield voxels[start : start + step]


def _moments(voxels: Array) -> Steps:
    """Lowest, highest, mean and standard deviation; slice by slice in the same order as `WholeImage.of`."""
    values = np.empty(voxels[0].shape, dtype=np.float64)
    shift = float(voxels.flat[0])
    lowest, highest, total, squares = math.inf, -math.inf, 0.0, 0.0
    for slab in _slabs(voxels):
        for plane in slab:
            np.subtract(plane, shift, out=values)
            flat = values.ravel()
            total += float(flat.sum())
            squares += float(flat @ flat)
        lowest, highest = min(lowest, float(slab.min())), max(highest, float(slab.max()))
        yield
    count = voxels.size
    variance = max(0.0, squares - total * total / count) / max(1, count - 1)
    return lowest, highest, shift + total / count, math.sqrt(variance)


def _foreground(voxels: Array, lowest: float, highest: float) -> Steps:
    """Find the percentiles of the foreground, as `foreground_range` does."""
    (top,) = yield from _percentiles(voxels, 99, -math.inf, lowest, highest)
    threshold = FOREGROUND_SHARE * top
    found = yield from _percentiles(voxels, PERCENTILES, threshold, max(lowest, threshold), highest)
    return found or (0.0, 0.0)


def _percentiles(
    voxels: Array, percentages: float | tuple[float, ...], threshold: float, lowest: float, highest: float
) -> Steps:
    """Percentiles of the voxels above a threshold, by linear interpolation as in numpy; empty where there are none."""
    if not highest > lowest:
        return (highest,) * np.size(percentages) if highest > threshold else ()
    counts = np.zeros(BINS, dtype=np.int64)
    for slab in _slabs(voxels):
        counts += np.bincount(_bins(_above(slab, threshold), lowest, highest), minlength=BINS)
        yield
    total = int(counts.sum())
    if total == 0:
        return ()
    # As numpy does it, whose places in an array of single precision are of single precision.
    hundred = voxels.dtype.type(100) if voxels.dtype.kind == "f" else 100
    places = np.atleast_1d((total - 1) * np.true_divide(percentages, hundred))
    ends = np.cumsum(counts)
    ranks = [rank for place in places for rank in _neighbours(place, total)]
    wanted = {int(np.searchsorted(ends, rank, side="right")) for rank in ranks}
    kept: dict[int, list[Array]] = {number: [] for number in wanted}
    for slab in _slabs(voxels):
        values = _above(slab, threshold)
        numbers = _bins(values, lowest, highest)
        for number, found in kept.items():
            found.append(values[numbers == number])
        yield
    ordered = {number: np.sort(np.concatenate(found)) for number, found in kept.items()}
    return tuple(_interpolated(place, total, ends, ordered) for place in places)


def _above(slab: Array, threshold: float) -> Array:
    return slab.ravel() if threshold == -math.inf else slab[slab > threshold]


def _bins(values: Array, lowest: float, highest: float) -> Array:
    """Find the number of each value's bin; larger values never have smaller numbers."""
    scaled = (values.astype(np.float64) - lowest) * (BINS / (highest - lowest))
    return np.clip(scaled, 0, BINS - 1).astype(np.intp)


def _neighbours(place: Any, total: int) -> tuple[int, int]:
    first = min(int(np.floor(place)), total - 1)
    return first, min(first + 1, total - 1)


def _interpolated(place: Any, total: int, ends: Array, ordered: dict[int, Array]) -> float:
    values = []
    for rank in _neighbours(place, total):
        number = int(np.searchsorted(ends, rank, side="right"))
        before = int(ends[number - 1]) if number else 0
        values.append(ordered[number][rank - before])
    return float(np.quantile(np.array(values), place - np.floor(place)))
