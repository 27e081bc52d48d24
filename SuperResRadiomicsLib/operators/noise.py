"""Noise that is a function of seed and position."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..grid import Box, Grid, grow_box, whole

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LATENTS = 2**31
"""Stands where a channel's number does, and is none."""


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

    Examples:
        >>> from SuperResRadiomicsLib.grid import Box
        >>> grid = Grid((8, 8, 4), (1.0, 1.0, 3.0))
        >>> part = positional_noise(grid, seed=1, box=Box((2, 2, 1), (5, 5, 2)))
        >>> np.array_equal(part, positional_noise(grid, seed=1)[1:2, 2:5, 2:5])
        True
    """
    part = box or whole(grid)
    k, j, i = (np.arange(part.start[a], part.stop[a], dtype=np.uint64) for a in (2, 1, 0))
    width, height = np.uint64(grid.size[0]), np.uint64(grid.size[1])
    position = (k[:, None, None] * height + j[:, None]) * width + i
    start = _hash(np.array(seed % 2**64, dtype=np.uint64))
    first = _uniform(_hash(position * np.uint64(2) + start))
    second = _uniform(_hash(position * np.uint64(2) + np.uint64(1) + start))
    return (np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)).astype(np.float32)


def derived_seed(seed: int, *numbers: int) -> int:
    """Derive a seed for each use of a seed, such as (sample, channel).

    Args:
        seed: Any integer.
        numbers: What the seed is for; none negative.

    Examples:
        >>> derived_seed(7, 0, 1) == derived_seed(7, 1, 0)
        False
    """
    return int(np.random.SeedSequence((seed % 2**64, *numbers)).generate_state(1, np.uint64)[0])


def sample_noise(grid: Grid, seed: int, sample: int, channels: int, box: Box | None = None) -> npt.NDArray[np.float32]:
    """White noise from which a network draws a sample: `positional_noise` of its own for each channel.

    Tiles, crops, lesions and repeats of one grid agree bit for bit.

    Args:
        grid: The whole refined grid.
        seed: Of the whole run.
        sample: Number of the sample, from 0.
        channels: Planes that the network wants.
        box: The part wanted; without it all of the grid.

    Returns:
        float32 (channel, k, j, i) of the box.
    """
    planes = [positional_noise(grid, derived_seed(seed, sample, channel), box) for channel in range(channels)]
    return np.stack(planes)


def connected_noise(
    grid: Grid, seed: int, sample: int, channels: int, axis: int, sigma: float, box: Box | None = None
) -> npt.NDArray[np.float32]:
    """`sample_noise` that goes on along one axis: smoothed there by a Gaussian, and scaled to unit variance again.

    Each plane across the axis still holds white noise. At the ends of the grid fewer neighbours take part.

    Args:
        grid: The whole refined grid.
        seed: See `sample_noise`.
        sample: See `sample_noise`.
        channels: See `sample_noise`.
        axis: Axis (0 = i, 1 = j, 2 = k) along which neighbours resemble each other.
        sigma: Standard deviation of the Gaussian in voxels; a wide one makes neighbours correlate by
            exp(-1 / (4 sigma^2)).
        box: The part wanted; without it all of the grid.

    Returns:
        float32 (channel, k, j, i) of the box.

    Examples:
        >>> noise = connected_noise(Grid((400, 40, 40), (1.0, 1.0, 1.0)), 1, 0, 1, axis=0, sigma=1.0)[0]
        >>> round(float(noise.std()), 1), round(float(np.mean(noise[:, :, 1:] * noise[:, :, :-1])), 1)
        (1.0, 0.8)
    """
    part = box or whole(grid)
    reach = math.ceil(3 * sigma)
    wide = grow_box(part, grid, [reach if each == axis else 0 for each in range(3)])
    planes = np.moveaxis(sample_noise(grid, seed, sample, channels, wide), 3 - axis, 0)
    first, last = wide.start[axis], wide.stop[axis] - 1
    smoothed = []
    for place in range(part.start[axis], part.stop[axis]):
        near = np.arange(max(first, place - reach), min(last, place + reach) + 1)
        weights = np.exp(-0.5 * ((near - place) / sigma) ** 2)
        weights /= np.sqrt(np.sum(weights**2))
        # One plane after the other: the same sum, to the last bit, whatever the box.
        total = np.zeros(planes.shape[1:], dtype=np.float32)
        for number, weight in zip(near - first, weights, strict=True):
            total += np.float32(weight) * planes[number]
        smoothed.append(total)
    return np.moveaxis(np.stack(smoothed), 0, 3 - axis)


def sample_latents(seed: int, sample: int, count: int) -> npt.NDArray[np.float32]:
    """Draw standard normal numbers that all of a sample shares: a function of seed and sample alone.

    Samples come in pairs whose numbers differ in sign alone (antithetic variates, Hammersley and Morton 1956): all
    lesions share these numbers, so that a few unlucky ones would shift the mean over the samples of all of them.

    Args:
        seed: Of the whole run.
        sample: Number of the sample, from 0.
        count: How many numbers.

    Returns:
        float32 (count,).
    """
    line = Grid((max(count, 1), 1, 1), (1.0, 1.0, 1.0))
    first = sample - sample % 2
    drawn = positional_noise(line, derived_seed(seed, first, _LATENTS))[0, 0, :count]
    return drawn if sample == first else -drawn


def correlated_noise(
    shape: tuple[int, ...], correlation_px: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Draw standard normal noise whose neighbours resemble each other, as a smooth reconstruction kernel makes it.

    White noise filtered by a Gaussian along both in-plane axes and scaled to unit variance, which is exact:
    the filter wraps around, so that the noise is the same kind everywhere.

    Args:
        shape: (..., height, width).
        correlation_px: Standard deviation of the filter in pixels; 0 leaves the noise white.
        rng: Source of the noise.

    Returns:
        float32 of that shape, mean 0, standard deviation 1.
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    if correlation_px <= 0:
        return white
    rows, columns = (_smoothing_matrix(length, correlation_px) for length in shape[-2:])
    return np.asarray(rows @ white @ columns.T, dtype=np.float32)


def streak_noise(
    shape: tuple[int, ...], direction: float, along_px: float, across_px: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Draw noise that runs along a direction, as between the shoulders or beside metal in a CT.

    White noise filtered by a Gaussian that is longer along the direction than across it, scaled to unit variance.

    Args:
        shape: (..., height, width).
        direction: Angle of the streaks to the rows in radians.
        along_px: Standard deviation of the filter along the streaks in pixels.
        across_px: The same across them.
        rng: Source of the noise.

    Returns:
        float32 of that shape, mean about 0, standard deviation 1 on average.
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    transfer = directed_gaussian(shape, direction, along_px, across_px)
    transfer /= np.sqrt(np.mean(transfer**2))
    return np.real(fft.ifft2(fft.fft2(white) * transfer)).astype(np.float32)


def directed_gaussian(
    shape: tuple[int, ...], direction: float, along_px: float, across_px: float
) -> npt.NDArray[np.float64]:
    """Compute the transfer function (height, width) of a Gaussian of one width along a direction, another across it.

    Args:
        shape: (..., height, width).
        direction: Angle to the rows in radians.
        along_px: Standard deviation along the direction in pixels.
        across_px: The same across it.
    """
    rows, columns = np.fft.fftfreq(shape[-2])[:, None], np.fft.fftfreq(shape[-1])
    parallel = columns * math.cos(direction) + rows * math.sin(direction)
    crossing = rows * math.cos(direction) - columns * math.sin(direction)
    return np.asarray(np.exp(-2 * math.pi**2 * ((along_px * parallel) ** 2 + (across_px * crossing) ** 2)))


@lru_cache(maxsize=256)
def _smoothing_matrix(length: int, sigma_px: float) -> npt.NDArray[np.float32]:
    """Make a circulant Gaussian filter whose output has the variance of white noise."""
    index = np.arange(length)
    distance = np.minimum(index, length - index)
    row = np.exp(-0.5 * (distance / sigma_px) ** 2)
    matrix = (row / np.sqrt(np.square(row).sum()))[(index - index[:, None]) % length].astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def _hash(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = value + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return mixed ^ (mixed >> np.uint64(31))


def _uniform(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Map 64 bits to (0, 1]; zero is left out because its logarithm is infinite."""
    return ((value >> np.uint64(11)).astype(np.float64) + 1.0) / 2.0**53
