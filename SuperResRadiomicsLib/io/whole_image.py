"""What a part must still know of the whole image that it was cut from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..grid import Array, Grid

PERCENTILES = (0.5, 99.5)
FOREGROUND_SHARE = 0.05
"""A voxel is foreground where it exceeds this share of the volume's 99th percentile."""


@dataclass(frozen=True)
class WholeImage:
    """Where a whole image lies, and figures of all its voxels.

    Attributes:
        grid: Its grid.
        lowest: Lowest intensity.
        highest: Highest intensity.
        mean: Mean intensity.
        deviation: Standard deviation (n - 1) of the intensities.
        foreground: The 0.5 and 99.5 percentiles of the foreground; None for CT, which has a unit, and where they were
            not looked for, which takes most of the time.
    """

    grid: Grid
    lowest: float
    highest: float
    mean: float
    deviation: float
    foreground: tuple[float, float] | None

    @classmethod
    def of(cls, voxels: Array, grid: Grid, modality: str) -> WholeImage:
        """Look once at every voxel of an image."""
        foreground = None if modality == "CT" else foreground_range(voxels)
        return cls(grid, *_moments(voxels), foreground)

    @classmethod
    def without_foreground(cls, voxels: Array, grid: Grid) -> WholeImage:
        """Look once at every voxel of an image, but for the percentiles of its foreground."""
        return cls(grid, *_moments(voxels), None)

    @property
    def largest_magnitude(self) -> float:
        """The largest magnitude of an intensity."""
        return max(abs(self.lowest), abs(self.highest))

    def figures(self) -> dict[str, Any]:
        """Describe all but the grid, ready for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "grid"}

    @classmethod
    def from_figures(cls, grid: Grid, figures: dict[str, Any]) -> WholeImage:
        """Read what `figures` gave."""
        foreground = figures["foreground"]
        known = {name: float(figures[name]) for name in ("lowest", "highest", "mean", "deviation")}
        return cls(grid, **known, foreground=None if foreground is None else (foreground[0], foreground[1]))


def foreground_range(voxels: Array) -> tuple[float, float]:
    """Give the 0.5 and 99.5 percentiles of the voxels above 5% of the 99th percentile; (0, 0) where there are none."""
    top = float(np.percentile(voxels, 99))
    foreground = voxels[voxels > FOREGROUND_SHARE * top]
    if not foreground.size:
        return 0.0, 0.0
    low, high = np.percentile(foreground, PERCENTILES)
    return float(low), float(high)


def _moments(voxels: Array) -> tuple[float, float, float, float]:
    """Lowest, highest, mean and standard deviation, slice by slice: no copy of the volume is made."""
    values = np.empty(voxels[0].shape, dtype=np.float64)
    shift = float(voxels.flat[0])
    total = squares = 0.0
    for plane in voxels:
        np.subtract(plane, shift, out=values)
        flat = values.ravel()
        total += float(flat.sum())
        squares += float(flat @ flat)
    count = voxels.size
    variance = max(0.0, squares - total * total / count) / max(1, count - 1)
    return float(voxels.min()), float(voxels.max()), shift + total / count, math.sqrt(variance)
