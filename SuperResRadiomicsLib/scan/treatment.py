"""What was done to the pixels: enlarged, compressed, sharpened, streaked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from ..grid import FloatArray
from .noise import FlatNoise
from .spectrum import BlockSpectra

MIDDLE_BANDS, LAST_BANDS = slice(2, 4), slice(7, 9)
"""Of `BlockSpectra`: about 0.13 to 0.23 and 0.38 to 0.5 per pixel."""
EMPTY_BELOW = -7.5
"""Log of the power of the last bands over that of the middle ones, where a spectrum is called empty."""
GRID_PEAK = 8.0
"""Height of a line in the spectrum of second differences, over the median there, that interpolation leaves."""
JPEG_SIDE, JPEG_RATIO = 8, 1.25
"""Side of a JPEG's blocks; steps across their edges over those inside, where it is called one."""
SHARP_RISE, SOFT_FALL = 0.55, 0.2
"""Noise power above 0.31 over that below 0.19 per pixel, where a kernel is called sharp or soft; white noise has 1,
which no kernel leaves."""
STREAK_RATIO = 3.0
"""Power along the strongest direction over the mean, where noise is called streaked."""
DIRECTIONS = 8


@dataclass(frozen=True)
class Treatment:
    """What pixels went through.

    Attributes:
        upsampled: Pixels were interpolated, or the spectrum is empty at high frequencies.
        jpeg: Steps at every eighth pixel: blocks of a JPEG.
        kernel: ``sharp``, ``standard`` or ``soft``, by the noise's spectrum; ``unknown`` without flat tissue.
        streaks: The noise runs along one direction.
    """

    upsampled: bool
    jpeg: bool
    kernel: str
    streaks: bool


def find_treatment(
    slices: FloatArray, spectra: BlockSpectra | None, noise: FlatNoise | None, residual: FloatArray
) -> Treatment:
    """Find what was done to slices (slice, height, width); ``residual`` are those of flat windows."""
    fall = 0.0
    if spectra is not None:
        falls = [
            float(power[LAST_BANDS].mean() - power[MIDDLE_BANDS].mean())
            for power in (spectra.structured, spectra.quiet)
        ]
        fall = max(falls)
    jpeg = block_step(slices) > JPEG_RATIO
    return Treatment(
        upsampled=fall < EMPTY_BELOW or (not jpeg and interpolation_peak(slices) > GRID_PEAK),
        jpeg=jpeg,
        kernel=kernel_of(noise),
        streaks=len(residual) > 0 and strongest_direction(residual) > STREAK_RATIO,
    )


def _fall(log_power: FloatArray) -> float:
    return float(log_power[LAST_BANDS].mean() - log_power[MIDDLE_BANDS].mean())


def kernel_of(noise: FlatNoise | None) -> str:
    """Name the reconstruction kernel by the noise's spectrum."""
    if noise is None:
        return "unknown"
    ratio = float(np.mean(noise.spectrum[5:])) / max(float(np.mean(noise.spectrum[1:3])), 1e-6)
    if ratio > SHARP_RISE:
        return "sharp"
    return "soft" if ratio < SOFT_FALL else "standard"


def block_step(slices: FloatArray) -> float:
    """Compare steps across the edges of 8 x 8 blocks with those elsewhere: the lesser ratio of rows and columns."""
    ratios = []
    for axis in (1, 2):
        step = np.abs(np.diff(slices, n=2, axis=axis))
        limit = np.quantile(step, 0.8)  # Edges of anatomy are no edges of blocks.
        other = tuple(number for number in range(3) if number != axis)
        line = np.minimum(step, limit).mean(axis=other)
        phases = np.array([line[phase::JPEG_SIDE].mean() for phase in range(JPEG_SIDE)])
        pairs = (phases + np.roll(phases, -1)) / 2
        ratios.append(float(pairs.max() / max(float(np.median(pairs)), 1e-9)))
    return min(ratios)


def interpolation_peak(slices: FloatArray) -> float:
    """Find how much the size of second differences varies periodically, as it does between interpolated pixels.

    As Gallagher 2005, doi:10.1109/CRV.2005.33: interpolated values are smoother than those they lie between.

    Returns:
        The highest peak over the median of the spectrum; the lesser one of rows and columns. About 3 without
        interpolation.
    """
    peaks = []
    for axis in (1, 2):
        step = np.abs(np.diff(slices, n=2, axis=axis))
        other = tuple(number for number in range(3) if number != axis)
        line = np.minimum(step, np.quantile(step, 0.9)).mean(axis=other)
        line = line / np.maximum(uniform_filter1d(line, 9), 1e-6) - 1
        spectrum = np.abs(np.fft.rfft(line * np.hanning(len(line))))
        high, usual = spectrum[int(0.3 * len(spectrum)) :], spectrum[int(0.1 * len(spectrum)) :]
        peaks.append(float(high.max() / max(float(np.median(usual)), 1e-9)))
    return min(peaks)


def strongest_direction(residual: FloatArray) -> float:
    """Power of residuals (window, side, side) along their strongest direction over the mean of all directions."""
    side = residual.shape[1]
    power = np.square(np.abs(np.fft.fft2(residual))).mean(axis=0)
    frequency = np.fft.fftfreq(side)
    y, x = np.meshgrid(frequency, frequency, indexing="ij")
    radius, angle = np.hypot(y, x), np.mod(np.arctan2(y, x), np.pi)
    found = []
    for number in range(DIRECTIONS):
        away = np.abs(np.mod(angle - number * np.pi / DIRECTIONS + np.pi / 2, np.pi) - np.pi / 2)
        inside = (away < np.pi / DIRECTIONS) & (radius > 0.15) & (radius < 0.5)
        found.append(float(power[inside].mean()))
    return max(found) / max(float(np.mean(found)), 1e-12)
