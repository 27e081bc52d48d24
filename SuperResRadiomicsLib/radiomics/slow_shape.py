"""How long pyradiomics will take for the shape of a lesion: it compares every point of the surface with every other."""

from __future__ import annotations

import numpy as np

from ..grid import BoolArray, box_of_mask
from .settings import FeatureSettings

SLOW_ENGINE, SLOW_CLASS = "pyradiomics", "shape"
SECONDS_A_PAIR = 1e-9
"""Of pyradiomics 3.1.4 on one core: balls of 11,000 to 107,000 voxels and a scattered mask took 1.0 to 1.4e-9."""
LONG_SECONDS = 30.0
"""From here on it is worth a word."""


def slow_shape_notes(mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Note that the shape of a lesion will take pyradiomics long, and what takes less.

    Args:
        mask: The lesion; bool [k, j, i], not empty.
        settings: The settings.

    Examples:
        >>> noise = np.random.default_rng(0).random((64, 128, 128)) < 0.05
        >>> [note] = slow_shape_notes(noise, FeatureSettings(engine="pyradiomics"))
        >>> "--engine exact" in note, slow_shape_notes(noise, FeatureSettings(engine="exact"))
        (True, [])
    """
    if settings.engine != SLOW_ENGINE or SLOW_CLASS not in settings.classes:
        return []
    points = surface_points(mask)
    seconds = SECONDS_A_PAIR * points**2
    if seconds < LONG_SECONDS:
        return []
    return [
        f"The lesion's surface has {points} points, which the engine pyradiomics compares in pairs: its shape may take "
        f"{seconds / 60:.1f} minutes or more. The engine exact gives the same values in seconds (--engine exact)."
    ]


def surface_points(mask: BoolArray) -> int:
    """Count the points of the triangle mesh around a mask: one between each voxel inside and a neighbour outside.

    Args:
        mask: bool [k, j, i], not empty.

    Examples:
        >>> surface_points(np.ones((1, 1, 1), dtype=bool)), surface_points(np.ones((2, 1, 1), dtype=bool))
        (6, 10)
    """
    lesion = np.pad(mask[box_of_mask(mask).slices], 1)
    return sum(int(np.count_nonzero(np.diff(lesion, axis=axis))) for axis in range(3))
