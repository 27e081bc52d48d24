"""Edges: how steep the steepest ones are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from ..grid import FloatArray

REACH = 5
"""Pixels of a profile at each side of its edge."""
SHOULDER = 3
"""An edge's contrast is that between pixels so far from it."""
STRONGEST_SHARE, FEWEST, MOST = 0.01, 60, 3000
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SMALLEST_CONTRAST = 1e-6
SHORTEST = 2 * REACH + 3


@dataclass(frozen=True)
class Edges:
    """Profiles across the steepest edges along one or two axes.

    Attributes:
        steps: (edge, 2 REACH) differences between neighbouring pixels, as shares of the edge's contrast.
        contrast: (edge,) contrasts.
    """

    steps: FloatArray
    contrast: FloatArray

    @property
    def steepness(self) -> FloatArray:
        """Quantiles of the largest step of an edge, as a share of its contrast."""
        return np.maximum(np.quantile(np.abs(self.steps).max(axis=1), QUANTILES), 1e-3)

    @property
    def concentration(self) -> float:
        """Median over edges of the sum of their squared steps: 1 for an edge between two pixels."""
        return float(np.median(np.square(self.steps).sum(axis=1)))

    @property
    def width_px(self) -> float:
        """Standard deviation, in pixels, of the Gaussian whose edges rise as steeply as the steepest quarter."""
        steepest = float(self.steepness[3])
        return float(1 / (np.sqrt(2 * np.pi) * max(steepest, 1e-3)))


def find_edges(planes: FloatArray, axes: tuple[int, ...] = (1, 2)) -> Edges | None:
    """Find the steepest edges of planes (plane, height, width) along some of their axes; None without any."""
    steps, contrasts = [], []
    for axis in axes:
        if planes.shape[axis] < SHORTEST:
            continue
        profiles = _profiles(np.moveaxis(planes, axis, -1))
        contrast = profiles[:, REACH + SHOULDER] - profiles[:, REACH - SHOULDER]
        clear = np.abs(contrast) > SMALLEST_CONTRAST * max(float(np.abs(planes).max()), 1.0)
        steps.append(np.diff(profiles[clear], axis=1) / contrast[clear, None])
        contrasts.append(np.abs(contrast[clear]))
    found = sum(len(part) for part in contrasts)
    return Edges(np.concatenate(steps), np.concatenate(contrasts)) if found >= FEWEST // 2 else None


def _profiles(lines: FloatArray) -> FloatArray:
    """Profiles (edge, 2 REACH + 1) along the last axis, centred on the steepest edges."""
    slope = np.abs(gaussian_filter1d(uniform_filter1d(lines, 3, axis=1), 1.0, axis=-1, order=1))
    inner, before, after = (
        slope[..., REACH:-REACH],
        slope[..., REACH - 1 : -REACH - 1],
        slope[..., REACH + 1 : -REACH + 1],
    )
    height = inner * ((inner >= before) & (inner > after))
    count = min(max(FEWEST, int(STRONGEST_SHARE * height.size)), height.size)
    threshold = np.partition(height.ravel(), -count)[-count]
    place = np.argwhere((height >= threshold) & (height > 0))
    place = place[:: max(1, -(-len(place) // MOST))]
    columns = place[:, 2:] + REACH + np.arange(-REACH, REACH + 1)
    return np.take_along_axis(lines[place[:, 0], place[:, 1]], columns, axis=1)
