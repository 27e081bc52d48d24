"""Noise, measured where the image is flat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from ..grid import BoolArray, FloatArray

SIDE, STEP = 9, 4
"""Windows in pixels, and how far apart they start."""
FLAT_SHARE = 0.1
"""Share of the windows, those of least variance, that are taken for flat."""
FEWEST_WINDOWS = 40
TISSUE_HU = (-300.0, 400.0)
"""A CT's windows with voxels outside hold air, lung, bone or metal."""
REGIONS_HU = {"air": (-1024.0, -900.0), "fat": (-150.0, -50.0), "soft tissue": (-30.0, 150.0)}
"""By a window's mean."""
SPECTRUM_BINS = 8


@dataclass(frozen=True)
class FlatNoise:
    """Noise of the flattest windows.

    Attributes:
        deviation: Standard deviation in the image's unit, what a plane fit takes away of correlated noise added again.
        standard_error: Of the deviation.
        correlation: Between neighbouring pixels of the residuals; about -0.03 where noise is white.
        spectrum: Power by frequency from 0 to 0.5 per pixel, in `SPECTRUM_BINS` equal steps; their mean is 1.
        windows: How many windows were flat.
    """

    deviation: float
    standard_error: float
    correlation: float
    spectrum: tuple[float, ...]
    windows: int


@dataclass(frozen=True)
class Windows:
    """Small windows of slices, and what a quadratic surface leaves of them.

    Attributes:
        mean: (window,) mean intensity.
        low: (window,) lowest intensity.
        high: (window,) highest intensity.
        variance: (window,) unbiased variance of the residuals.
        residual: (window, SIDE, SIDE).
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    variance: FloatArray
    residual: FloatArray

    def only(self, chosen: BoolArray) -> Windows:
        """Keep some windows."""
        return Windows(*(values[chosen] for values in vars(self).values()))


def windows_of(slices: FloatArray) -> Windows:
    """Cut slices (slice, height, width) into windows."""
    views = sliding_window_view(slices, (SIDE, SIDE), axis=(1, 2))[:, ::STEP, ::STEP]
    values = views.reshape(-1, SIDE * SIDE)
    surface = _surface().astype(np.float32)
    centred = values - values.mean(axis=1, keepdims=True)
    residual = centred - (centred @ surface) @ surface.T
    variance = np.square(residual).sum(axis=1) / _freedom()
    shaped = residual.reshape(-1, SIDE, SIDE)
    return Windows(values.mean(axis=1), values.min(axis=1), values.max(axis=1), variance, shaped)


def tissue_windows(windows: Windows, unit: str) -> Windows:
    """Keep the windows that hold tissue: by Hounsfield units, else those brighter than a tenth of the brightest."""
    if unit == "HU":
        chosen = (windows.low > TISSUE_HU[0]) & (windows.high < TISSUE_HU[1])
    else:
        chosen = windows.mean > 0.1 * np.percentile(windows.high, 99)
    chosen &= windows.variance > 0  # Padding has one value.
    return windows.only(chosen)


def flat_noise(windows: Windows) -> FlatNoise | None:
    """Measure the noise of the windows of least variance; None where there are too few.

    A low quantile of the variances is low by chance too: it is divided by the same quantile of the
    chi-square distribution that variances of pure noise follow.
    """
    if len(windows.variance) < FEWEST_WINDOWS:
        return None
    limit = float(np.quantile(windows.variance, FLAT_SHARE))
    flat = windows.only(windows.variance <= max(limit, 1e-12))
    correlation = neighbour_correlation(flat.residual)
    sigma = _correlation_length(correlation)
    freedom = _effective_freedom(sigma)
    expected = float(stats.chi2.ppf(FLAT_SHARE, freedom)) / freedom
    deviation = float(np.sqrt(limit / expected / _share_left(sigma)))
    count = len(flat.variance)
    # A window in four shares no voxel with another one; a quantile's error is about twice that of a mean.
    error = deviation * 2 / np.sqrt(2 * freedom * max(count / 4, 1))
    return FlatNoise(deviation, float(error), correlation, _spectrum(flat.residual), count)


def noise_by_region(windows: Windows, unit: str) -> dict[str, float]:
    """Measure the noise's standard deviation of each kind of tissue that is there; CT alone."""
    found: dict[str, float] = {}
    if unit != "HU":
        return found
    for name, (low, high) in REGIONS_HU.items():
        chosen = (windows.mean > low) & (windows.mean < high) & (windows.variance > 0)
        noise = flat_noise(windows.only(chosen))
        if noise is not None:
            found[name] = noise.deviation
    return found


def neighbour_correlation(residual: FloatArray) -> float:
    """Correlate neighbouring pixels of residuals (window, side, side)."""
    rows = float((residual[:, 1:] * residual[:, :-1]).mean())
    columns = float((residual[:, :, 1:] * residual[:, :, :-1]).mean())
    return (rows + columns) / 2 / max(float(np.square(residual).mean()), 1e-12)


def _spectrum(residual: FloatArray) -> tuple[float, ...]:
    power = np.square(np.abs(np.fft.fft2(residual))).mean(axis=0) / _white_power()
    frequency = np.fft.fftfreq(SIDE)
    radius = np.hypot(frequency[:, None], frequency)
    steps = np.linspace(0, 0.5, SPECTRUM_BINS + 1)
    bins = []
    for low, high in pairwise(steps.tolist()):
        inside = (radius > low) & (radius <= high)
        bins.append(float(power[inside].mean()) if inside.any() else 0.0)
    mean = float(np.mean(bins)) or 1.0
    return tuple(value / mean for value in bins)


@lru_cache(maxsize=1)
def _surface() -> FloatArray:
    """Orthonormal quadratic surfaces (pixel, surface)."""
    y, x = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE] - SIDE // 2)
    return np.asarray(np.linalg.qr(np.stack([np.ones(SIDE * SIDE), x, y, x * x, y * y, x * y], axis=1))[0])


@lru_cache(maxsize=1)
def _white_power() -> FloatArray:
    """Power by frequency (SIDE, SIDE) that the surfaces leave of white noise; at frequency 0 they leave none."""
    surface = _surface()
    taken_off = np.eye(SIDE * SIDE) - surface @ surface.T
    transformed = np.fft.fft2(taken_off.T.reshape(-1, SIDE, SIDE))
    return np.asarray(np.maximum(np.square(np.abs(transformed)).sum(axis=0), 1e-9))


def _freedom() -> int:
    return SIDE * SIDE - _surface().shape[1]


CORRELATION_STEPS = np.arange(0.0, 1.45, 0.1)
"""Filters, by standard deviation in pixels, that could have correlated the noise."""


@lru_cache(maxsize=1)
def _correlated() -> list[tuple[float, float, float]]:
    """For each filter: neighbours' correlation in residuals, share of the variance left, degrees of freedom."""
    y, x = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    distance = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    surface = _surface()
    taken_off = np.eye(SIDE * SIDE) - surface @ surface.T
    neighbours = (distance == 1).astype(float)
    found = []
    for sigma in CORRELATION_STEPS:
        covariance = np.eye(SIDE * SIDE) if sigma < 0.2 else np.exp(-distance / (4 * sigma**2))
        left = taken_off @ covariance @ taken_off
        trace = float(np.trace(left))
        alike = float((left * neighbours).sum() / neighbours.sum()) / (trace / SIDE**2)
        found.append((alike, trace / _freedom(), trace**2 / float((left * left).sum())))
    return found


def _correlation_length(correlation: float) -> float:
    table = [row[0] for row in _correlated()]
    return float(np.interp(correlation, table, CORRELATION_STEPS))


def _share_left(sigma: float) -> float:
    return float(np.interp(sigma, CORRELATION_STEPS, [row[1] for row in _correlated()]))


def _effective_freedom(sigma: float) -> float:
    return float(np.interp(sigma, CORRELATION_STEPS, [row[2] for row in _correlated()]))
