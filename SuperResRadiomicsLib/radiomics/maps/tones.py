"""Maps of the features of neighbouring gray tone differences; formulas as in `exact.ngtdm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from ..exact.ngtdm import FLAT_COARSENESS
from .neighbourhood import look

NAMES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")
"""Rows of what `tone_maps` fills."""


@compiled
def tone_maps(ranks: Any, places: Any, radii: Any, size: int, cells: Any, steps: Any, levels: Any, out: Any) -> None:
    """Compute the five features around some voxels; arguments as for `dependence_maps`."""
    cube = np.zeros(size, np.uint16)
    present, index = np.zeros(cells.size, np.int64), np.zeros(levels.size, np.int64)
    level, p, s = np.zeros(cells.size), np.zeros(cells.size), np.zeros(cells.size)
    for voxel in range(places.shape[0]):
        n = look(cube, cells, ranks, places[voxel], radii, levels, present, index, level)
        p[:n], s[:n], total = 0, 0, 0
        for cell in cells:
            rank = cube[cell]
            if rank == 0:
                continue
            neighbours, around = 0, 0.0
            for step in steps:
                for there in (cube[cell + step], cube[cell - step]):
                    if there:
                        neighbours += 1
                        around += levels[there]
            p[index[rank]] += 1
            total += 1
            if neighbours:
                s[index[rank]] += abs(levels[rank] - around / neighbours)
        p[:n] /= total
        _features(level, p, s, n, total, out[:, voxel])


@compiled
def _features(level: Any, p: Any, s: Any, n: int, total: int, found: Any) -> None:
    activity, tones, rivals, complexity, contrast, strength = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        activity += p[i] * s[i]
        tones += s[i]
        for j in range(n):
            across = abs(level[i] - level[j])
            rivals += abs(level[i] * p[i] - level[j] * p[j])
            complexity += across * (p[i] * s[i] + p[j] * s[j]) / (p[i] + p[j])
            contrast += p[i] * p[j] * across * across
            strength += (p[i] + p[j]) * across * across
    found[0] = activity / rivals if rivals else 0.0
    found[1] = 1 / activity if activity else FLAT_COARSENESS
    found[2] = complexity / total
    found[3] = contrast * tones / total / (n * (n - 1)) if n > 1 else 0.0
    found[4] = strength / tones if tones else 0.0
