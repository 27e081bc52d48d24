"""Maps of the first-order features; formulas as in `exact.firstorder`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from ..exact.firstorder import EPSILON, NAMES


@compiled
def _percentile(ordered: Any, count: int, share: float) -> float:
    """Interpolate linearly between the two values around a share of the sorted ones."""
    at = share * (count - 1)
    low = int(at)
    if low + 1 >= count:
        return float(ordered[count - 1])
    return float(ordered[low] + (ordered[low + 1] - ordered[low]) * (at - low))


@compiled
def intensity_maps(
    ranks: Any, voxels: Any, places: Any, radii: Any, level_count: int, volume: float, shift: float, out: Any
) -> None:
    """Compute the features around some voxels.

    Args:
        ranks: See `fill`.
        voxels: Intensities, float64, of the shape of ``ranks``.
        places: (n, 3).
        radii: Of the cube.
        level_count: Gray levels of the lesion.
        volume: Of a voxel, in mm^3.
        shift: Added to the intensities in Energy, TotalEnergy and RootMeanSquared.
        out: (features, n), filled, in the order of `exact.firstorder.NAMES`.
    """
    largest = (2 * radii[0] + 1) * (2 * radii[1] + 1) * (2 * radii[2] + 1)
    values, counts = np.zeros(largest), np.zeros(level_count + 1)
    for voxel in range(places.shape[0]):
        count = 0
        counts[:] = 0
        place = places[voxel]
        for k in range(place[0], place[0] + 2 * radii[0] + 1):
            for j in range(place[1], place[1] + 2 * radii[1] + 1):
                for i in range(place[2], place[2] + 2 * radii[2] + 1):
                    if ranks[k, j, i]:
                        values[count] = voxels[k, j, i]
                        counts[ranks[k, j, i]] += 1
                        count += 1
        ordered = np.sort(values[:count])
        _features(ordered, counts, volume, shift, out[:, voxel])


@compiled
def _features(ordered: Any, counts: Any, volume: float, shift: float, found: Any) -> None:
    count = ordered.size
    mean = ordered.mean()
    squares, cubes, fourths, absolute, energy = 0.0, 0.0, 0.0, 0.0, 0.0
    for value in ordered:
        d = value - mean
        squares += d * d
        cubes += d * d * d
        fourths += d * d * d * d
        absolute += abs(d)
        energy += (value + shift) ** 2
    variance = squares / count
    spread = variance if variance > 0 else 1.0
    p10, p90 = _percentile(ordered, count, 0.10), _percentile(ordered, count, 0.90)
    within, inside = 0.0, 0
    for value in ordered:
        if p10 <= value <= p90:
            within += value
            inside += 1
    robust = 0.0
    if inside:
        for value in ordered:
            if p10 <= value <= p90:
                robust += abs(value - within / inside)
    entropy, uniformity = 0.0, 0.0
    for number in counts:
        if number:
            entropy -= number / count * np.log2(number / count + EPSILON)
            uniformity += (number / count) ** 2
    found[0], found[1], found[2], found[3] = p10, p90, energy, entropy
    found[4] = _percentile(ordered, count, 0.75) - _percentile(ordered, count, 0.25)
    found[5] = fourths / count / spread**2
    found[6], found[7], found[8] = ordered[-1], absolute / count, mean
    found[9], found[10] = _percentile(ordered, count, 0.5), ordered[0]
    found[11] = ordered[-1] - ordered[0]
    found[12] = robust / inside if inside else np.nan
    found[13] = np.sqrt(energy / count)
    found[14] = cubes / count / spread**1.5
    found[15], found[16], found[17] = energy * volume, uniformity, variance


FEATURES = NAMES
"""Rows of what `intensity_maps` fills."""
