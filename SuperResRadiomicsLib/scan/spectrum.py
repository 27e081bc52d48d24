"""Spectra of blocks: of those with most structure, and of the quietest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..grid import FloatArray

BLOCK, STEP = 32, 16
EDGES = (0.03, 0.08, 0.13, 0.18, 0.23, 0.28, 0.33, 0.38, 0.43, 0.5, 0.71)
"""Frequencies per pixel between which power is averaged; those above 0.5 lie in the corners."""
CONTENT_BAND, QUIET_FROM = 1, 6
"""The band that tells structure, and the first of those that tell noise."""
GROUP_SHARE = 0.25
FEWEST_BLOCKS = 4
EMPTY = -1000.0
"""HU at or below which a voxel is air or padding; blocks full of it say nothing."""
SMALLEST_POWER = 1e-3


@dataclass(frozen=True)
class BlockSpectra:
    """Mean log power by band.

    Attributes:
        structured: (band,) of the quarter of the blocks with most power at low frequencies.
        quiet: (band,) of the quarter with least power at high frequencies.
        blocks: How many blocks there were.
    """

    structured: FloatArray
    quiet: FloatArray
    blocks: int


def block_spectra(slices: FloatArray, unit: str) -> BlockSpectra | None:
    """Measure the spectra of slices (slice, height, width); None where they are too small."""
    if min(slices.shape[1:]) < BLOCK:
        return None
    step = STEP if slices.shape[1] * slices.shape[2] <= 256 * 256 else 2 * STEP
    views = sliding_window_view(slices, (BLOCK, BLOCK), axis=(1, 2))[:, ::step, ::step]
    blocks = views.reshape(-1, BLOCK * BLOCK)
    if unit == "HU":
        blocks = blocks[(blocks <= EMPTY).mean(axis=1) < 0.5]
    if len(blocks) < FEWEST_BLOCKS:
        return None
    power = np.log(_band_power(blocks) + SMALLEST_POWER)
    size = max(2, int(len(power) * GROUP_SHARE))
    by_content = np.argsort(power[:, CONTENT_BAND], kind="stable")
    by_noise = np.argsort(power[:, QUIET_FROM:].mean(axis=1), kind="stable")
    return BlockSpectra(power[by_content[-size:]].mean(axis=0), power[by_noise[:size]].mean(axis=0), len(power))


def _band_power(blocks: FloatArray) -> FloatArray:
    """Power of blocks (block, pixel) in each band, their mean plane taken off."""
    plane, window, bands = _tools()
    flat = blocks - (blocks @ plane) @ plane.T
    windowed = (flat * window).reshape(-1, BLOCK, BLOCK)
    power = np.square(np.abs(np.fft.rfft2(windowed))) / BLOCK**2
    return power.reshape(len(blocks), -1).astype(np.float32) @ bands


@lru_cache(maxsize=1)
def _tools() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Planes (pixel, 3), the Hann window (pixel,) and the bands' weights (frequency, band)."""
    y, x = (axis.ravel() / BLOCK - 0.5 for axis in np.mgrid[:BLOCK, :BLOCK])
    plane = np.linalg.qr(np.stack([np.ones(BLOCK * BLOCK), x, y], axis=1))[0]
    side = np.hanning(BLOCK + 2)[1:-1]
    window = np.outer(side, side).ravel()
    window /= np.sqrt(np.square(window).mean())
    columns = np.fft.rfftfreq(BLOCK)
    radius = np.hypot(np.fft.fftfreq(BLOCK)[:, None], columns)
    # All columns but the first and the last stand for two of the whole transform.
    counts = np.where((columns == 0) | (columns == 0.5), 1.0, 2.0) * np.ones_like(radius)
    weights = []
    for low, high in pairwise(EDGES):
        inside = counts * ((radius >= low) & (radius < high))
        weights.append(inside.ravel() / inside.sum())
    return plane.astype(np.float32), window.astype(np.float32), np.stack(weights, axis=1).astype(np.float32)
