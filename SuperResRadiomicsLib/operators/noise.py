"""Noise that is a function of seed and position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..grid import Box, Grid, whole

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def positional_noise(grid: Grid, seed: int, box: Box | None = None) -> npt.NDArray[np.float32]:
    """Draw standard normal noise that tiles, crops and repeats agree on.

    Every voxel's value comes from a hash of the seed and of its position in the whole
    grid (SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195) through the
    Box-Muller transform, so a box of the volume gets what the volume would get there.

    Args:
        grid: The whole grid.
        seed: Any integer.
        box: The part wanted; without it all of the grid.

    Returns:
        float32 [k, j, i] of the box, mean 0, standard deviation 1.
    """
    part = box or whole(grid)
    k, j, i = (np.arange(part.start[a], part.stop[a], dtype=np.uint64) for a in (2, 1, 0))
    width, height = np.uint64(grid.size[0]), np.uint64(grid.size[1])
    position = (k[:, None, None] * height + j[:, None]) * width + i
    start = _hash(np.array(seed % 2**64, dtype=np.uint64))
    first = _uniform(_hash(position * np.uint64(2) + start))
    second = _uniform(_hash(position * np.uint64(2) + np.uint64(1) + start))
    return (np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)).astype(np.float32)


def _hash(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = value + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return mixed ^ (mixed >> np.uint64(31))


def _uniform(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Map 64 bits to (0, 1]; zero is left out because its logarithm is infinite."""
    return ((value >> np.uint64(11)).astype(np.float64) + 1.0) / 2.0**53
