"""Streaks in the noise of a CT: who makes lines of them that are not there, and is a reader told?

Between shoulders and beside metal the noise runs along one direction. A network that was trained on noise without a
direction can take it for septa. Here streaks of a known direction are laid on lesions before the restoration; a line is
what smoothing along that direction leaves above its surroundings, and a false line is what an image has of it beyond
the truth.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from ...operators import Acquisition, directed_gaussian, streak_noise
from ..lesion_features.conditions import ScanCondition
from ..lesion_features.lesions import Lesion
from ..lesion_features.restore import Images, Method, Scan
from .spectrum import DECIMALS

Values = npt.NDArray[np.float64]
CONDITION = ScanCondition("streaks", blur_px=0.6, noise=15.0, in_training=False)
"""What methods are told; that the noise has a direction they are not."""
STREAK_PX = (6.0, 0.5)
"""Standard deviation of the streaks in coarse pixels: along them and across."""
LINE_PX = (6.0, 1.0)
"""The same of the lines that are looked for, in fine pixels."""
STRONGEST = 0.05
"""Share of a lesion's voxels that count as sites: where the first model's false lines are strongest."""
INTERVAL = 1.645
"""Standard deviations of a 90% interval."""


def lines(image: npt.NDArray[np.floating], direction: float) -> Values:
    """Find lines along a direction: smoothed along them, less the surroundings.

    Args:
        image: (slice, height, width).
        direction: Angle to the rows, in radians.

    Returns:
        Of the same shape, in the image's unit; linear in the image.
    """
    along, across = LINE_PX
    shape = image.shape
    transfer = directed_gaussian(shape, direction, along, across) - directed_gaussian(shape, direction, along, along)
    return np.asarray(np.real(fft.ifft2(fft.fft2(image) * transfer)))


def judge_streaks(
    lesions: Sequence[Lesion], methods: Mapping[str, Method], sample: str, mean: str, seed: int, factor: int
) -> dict[str, Any]:
    """Measure the false lines that methods make of streaks, and how far samples show that they are not sure.

    Args:
        lesions: In HU; each gets streaks of a direction of its own.
        methods: By name; the second is the one whose false lines say where is looked.
        sample: Name of the method that gives several images.
        mean: Name that their mean gets.
        seed: Of directions and noise.
        factor: Fine pixels a coarse pixel.

    Returns:
        For each method the standard deviation of false lines in the lesion (HU, mean over lesions) and their mean size
        at the sites. Of samples also which share of the sites' false lines a sample shows (same sign and more than
        half as strong), and at which share of the sites, and of all voxels, the samples' raw 90% interval of the line
        holds the true one.
    """
    rows: dict[str, list[dict[str, float]]] = {}
    for lesion in lesions:
        random = np.random.default_rng((seed, zlib.crc32(lesion.name.encode())))
        direction = float(random.uniform(0, math.pi))
        images = _restored(lesion, methods, direction, random, factor)
        if sample in images:
            images[mean] = [np.mean(images[sample], axis=0)]
        false = {name: _false_lines(lesion, made, direction) for name, made in images.items()}
        guide = list(false.values())[min(1, len(false) - 1)][0]
        sites = np.abs(guide) >= np.quantile(np.abs(guide), 1 - STRONGEST)
        for name, values in false.items():
            sizes = values.std(axis=1), np.abs(values[:, sites])
            found = {"false_lines_hu": float(sizes[0].mean()), "at_sites_hu": float(sizes[1].mean())}
            if name == sample and len(values) > 1:
                found |= _told_by_samples(values, guide, sites)
            rows.setdefault(name, []).append(found)
    return {
        "noise_hu": CONDITION.noise,
        "blur_px": CONDITION.blur_px,
        "lesions": len(lesions),
        "guide": list(methods)[min(1, len(methods) - 1)],
        "methods": {name: _means(found) for name, found in rows.items()},
    }


def _restored(
    lesion: Lesion, methods: Mapping[str, Method], direction: float, random: np.random.Generator, factor: int
) -> dict[str, Images]:
    clean = Acquisition(factor, CONDITION.blur_px).forward(lesion.truth)
    coarse = clean + np.float32(CONDITION.noise) * streak_noise(clean.shape, direction, *STREAK_PX, random)
    scan = Scan(lesion, coarse.astype(np.float32), CONDITION, int(random.integers(2**31)), factor)
    return {name: method(scan) for name, method in methods.items()}


def _false_lines(lesion: Lesion, images: Images, direction: float) -> Values:
    """(images, voxels of the lesion): what each has of lines beyond the truth."""
    return np.stack([lines(image - lesion.truth, direction)[lesion.mask] for image in images])


def _told_by_samples(false: Values, guide: Values, sites: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Say how many samples show the false lines at the sites, and where their interval holds the truth."""
    count = len(false)
    shown = (np.sign(false) == np.sign(guide)) & (np.abs(false) > np.abs(guide) / 2)
    half_width = INTERVAL * false.std(axis=0, ddof=1) * math.sqrt(1 + 1 / count) * count / (count - 1)
    holds = np.abs(false.mean(axis=0)) <= half_width
    return {
        "shown_by_samples": float(shown[:, sites].mean()),
        "interval_holds_at_sites": float(holds[sites].mean()),
        "interval_holds": float(holds.mean()),
    }


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), DECIMALS) for name in rows[0]}
