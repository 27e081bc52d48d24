"""Small structures that were pasted into lesions or erased from them: who finds them, and who invents them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, gaussian_filter

from ...grid import BoolArray, FloatArray
from ...stability import area_under_curve, clustered_bootstrap
from .spectrum import DECIMALS

RADIUS_PX = 2.5
RING_PX = (4.0, 7.0)
"""Inner and outer radius of what a structure is compared with."""
CONTRAST_SD = 2.0
"""Contrast of a structure, in standard deviations of the true lesion."""
SITES = 3
APART_PX = 15
Site = tuple[int, int, int]


def choose_sites(mask: BoolArray, seed: int) -> list[Site]:
    """Choose places (slice, row, column) well inside a lesion and apart from each other; fewer where it is small."""
    inner = binary_erosion(mask, np.ones((1, 5, 5), dtype=bool))
    places = np.argwhere(inner if inner.any() else mask)
    chosen: list[Site] = []
    for place in np.random.default_rng(seed).permutation(places):
        apart = all(
            site[0] != place[0] or np.hypot(site[1] - place[1], site[2] - place[2]) >= APART_PX for site in chosen
        )
        if apart:
            chosen.append((int(place[0]), int(place[1]), int(place[2])))
        if len(chosen) == SITES:
            break
    return chosen


def with_structures(truth: FloatArray, mask: BoolArray, sites: Sequence[Site]) -> tuple[FloatArray, float]:
    """Paste bright discs; gives the image and their contrast."""
    contrast = CONTRAST_SD * float(truth[mask].std())
    made = truth.copy()
    for site in sites:
        made[site[0]][_distance(truth, site) <= RADIUS_PX] += np.float32(contrast)
    return made, contrast


def without_structures(truth: FloatArray, sites: Sequence[Site]) -> FloatArray:
    """Erase what is at the sites: a smooth background stands there instead."""
    smooth = gaussian_filter(truth, (0, 4, 4))
    made = truth.copy()
    for site in sites:
        near = _distance(truth, site) <= RING_PX[0]
        made[site[0]][near] = smooth[site[0]][near]
    return made


def contrasts(image: FloatArray, sites: Sequence[Site]) -> list[float]:
    """Measure each site: mean of the disc minus mean of the ring around it."""
    found = []
    for site in sites:
        distance = _distance(image, site)
        ring = (distance >= RING_PX[0]) & (distance <= RING_PX[1])
        values = image[site[0]]
        found.append(float(values[distance <= RADIUS_PX].mean() - values[ring].mean()))
    return found


def _distance(image: FloatArray, site: Site) -> npt.NDArray[np.float64]:
    rows, columns = np.indices(image.shape[1:])
    return np.hypot(rows - site[1], columns - site[2])


def rates(pasted: npt.NDArray[np.float64], erased: npt.NDArray[np.float64], patients: Sequence[str]) -> dict[str, Any]:
    """Count what is found and what is invented; a contrast above half of the pasted one counts as a structure.

    Args:
        pasted: Measured over true contrast at each site that holds a structure.
        erased: The same at each site from which it was erased.
        patients: Whose each site is.

    Returns:
        Shares with limits of 95% over patients, the mean share of the contrast that is seen, and how well a threshold
        could tell the two apart (area under the curve; 0.5 is chance).
    """
    result: dict[str, Any] = {"sites": len(pasted), "patients": len(set(patients))}
    for name, values in (("found", pasted > 0.5), ("invented", erased > 0.5)):
        low, high = _limits(values, patients)
        result[name] = round(float(values.mean()), DECIMALS)
        result[f"{name}_95"] = [round(low, DECIMALS), round(high, DECIMALS)]
    result["contrast_seen"] = round(float(pasted.mean() - erased.mean()), DECIMALS)
    outcome = np.repeat([1, 0], [len(pasted), len(erased)])
    result["area_under_curve"] = round(float(area_under_curve(np.concatenate([pasted, erased]), outcome)), DECIMALS)
    return result


def _limits(hit: BoolArray, patients: Sequence[str]) -> tuple[float, float]:
    return clustered_bootstrap(lambda rows: float(hit[rows].mean()), list(patients))
