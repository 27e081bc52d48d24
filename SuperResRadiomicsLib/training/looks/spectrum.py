"""The two-dimensional noise power spectrum of samples beside that of the truth: how much, at which scale, which way."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .patches import Values, frequencies

BANDS = (0.06, 0.12, 0.19, 0.25, 0.31, 0.38, 0.44, 0.5)
"""Edges of the bands in cycles per pixel."""
DECIMALS = 3


def compare_spectra(truth: Values, made: Values) -> dict[str, Any]:
    """Compare mean power spectra.

    Args:
        truth: (`SIDE`, `SIDE`) mean power of true pieces, as from `power`.
        made: The same of what was made.

    Returns:
        For each band the made power over the true one in decibels; its root mean square over bands; anisotropy of
        both (0: alike in all directions; 1: all in one), and by how many degrees their main directions differ.
    """
    radius, _ = frequencies()
    levels = []
    for low, high in itertools.pairwise(BANDS):
        ring = (radius >= low) & (radius < high)
        levels.append(10 * np.log10(made[ring].mean() / truth[ring].mean()))
    (true_size, true_way), (size, way) = anisotropy(truth), anisotropy(made)
    apart = abs(way - true_way) % 180
    return {
        "bands_cycles_per_pixel": list(BANDS),
        "made_over_truth_db": [round(float(level), DECIMALS) for level in levels],
        "rms_db": round(float(np.sqrt(np.mean(np.square(levels)))), DECIMALS),
        "anisotropy": {"truth": round(true_size, DECIMALS), "made": round(size, DECIMALS)},
        "directions_apart_degrees": round(min(apart, 180 - apart), 1),
    }


def anisotropy(power: Values) -> tuple[float, float]:
    """Measure how much of the power runs one way.

    |sum P exp(2 i angle)| / sum P over the bands, the angle that of the frequency.

    Returns:
        The size from 0 to 1, and the direction of the frequencies with most power in degrees from 0 to 180.
    """
    radius, angle = frequencies()
    inside = (radius >= BANDS[0]) & (radius < BANDS[-1])
    moment = np.sum(power[inside] * np.exp(2j * angle[inside])) / np.sum(power[inside])
    return float(abs(moment)), float(np.degrees(np.angle(moment)) / 2 % 180)
