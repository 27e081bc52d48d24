"""A phantom with and without faint discs: does a method erase or invent one?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from ...errors import SettingsError
from ...grid import BoolArray, FloatArray
from ...io.reading import read_image
from ...stability import area_under_curve
from ..lesion_features.conditions import ScanCondition
from ..lesion_features.lesions import Lesion
from ..lesion_features.restore import FACTOR, Method, Scan
from .spectrum import DECIMALS

BACKGROUND_HU, MOST_HU = 0.5, 20.0
"""A disc is what the ground truth has between these."""
LEAST_PIXELS = 9
MARGIN_PX = 16
RING_PX = 4
"""Width of the ring that a disc is compared with, and its distance from the disc's edge, in coarse pixels."""


@dataclass(frozen=True)
class Disc:
    """A faint disc: where it is, what surrounds it, and how much it differs, in HU."""

    inside: BoolArray
    ring: BoolArray
    contrast: float

    def contrast_in(self, images: FloatArray) -> FloatArray:
        """Measure it in images (draw, height, width) of the same grid."""
        return np.asarray(images[:, self.inside].mean(axis=1) - images[:, self.ring].mean(axis=1))


def find_discs(truth: FloatArray) -> list[Disc]:
    """Find the discs in the ground truth (height, width), those of highest contrast first."""
    labels, count = ndimage.label((truth > BACKGROUND_HU) & (truth < MOST_HU))
    discs = []
    for number in range(1, count + 1):
        inside = labels == number
        if inside.sum() >= LEAST_PIXELS:
            near = ndimage.binary_dilation(inside, iterations=RING_PX)
            ring = ndimage.binary_dilation(near, iterations=RING_PX) & np.logical_not(near)
            discs.append(Disc(inside, ring, float(truth[inside].max())))
    return sorted(discs, key=lambda disc: -disc.contrast)


def judge_on_phantom(folder: Path, methods: Mapping[str, Method], seed: int) -> dict[str, Any]:
    """Apply methods to the phantom's scans, told their noise, and look for the discs.

    Args:
        folder: Holds ``ground_truth.nii.gz`` and, for each dose, ``dose_*_signal_present.nii.gz`` and
            ``..._absent.nii.gz``, whose third axis counts noise draws.
        methods: By name; of several samples each counts.
        seed: Of what methods draw.

    Returns:
        For each dose the noise in HU, and for each method and disc: mean contrast over the true one with and without
        the disc, shares of draws in which it is erased (with it, less than half of its contrast) and invented (without
        it, more than half), and the area under the curve of a reader who goes by the contrast. The measured image
        stands beside, as ``measured``.

    Raises:
        SettingsError: The folder does not hold the phantom.
    """
    if not (folder / "ground_truth.nii.gz").is_file():
        raise SettingsError(f"The folder '{folder.name}' holds no ground_truth.nii.gz of a phantom.")
    truth = read_image(folder / "ground_truth.nii.gz", "CT").voxels[0].astype(np.float32)
    rows, columns = _around(find_discs(truth))
    discs = find_discs(truth[rows, columns])
    doses = {}
    for present in sorted(folder.glob("dose_*_signal_present.nii.gz")):
        absent = present.with_name(present.name.replace("present", "absent"))
        pair = [read_image(path, "CT").voxels[:, rows, columns].astype(np.float32) for path in (present, absent)]
        doses[present.name.split("_signal")[0]] = _dose(pair[0], pair[1], discs, methods, seed)
    return {"discs": [{"contrast_hu": d.contrast, "pixels": int(d.inside.sum())} for d in discs], "doses": doses}


def _around(discs: list[Disc]) -> tuple[slice, slice]:
    """Where all discs lie, with a margin; sides are even."""
    hit = np.any([disc.inside for disc in discs], axis=0)
    spans = []
    for axis in (1, 0):
        found = np.flatnonzero(hit.any(axis=axis))
        start = max(0, int(found[0]) - MARGIN_PX)
        length = (int(found[-1]) + MARGIN_PX - start) // 4 * 4
        spans.append(slice(start, start + length))
    return spans[0], spans[1]


def _dose(
    present: FloatArray, absent: FloatArray, discs: list[Disc], methods: Mapping[str, Method], seed: int
) -> dict[str, Any]:
    noise = float(absent.std(axis=0, ddof=1).mean())
    found = {"measured": _discs([present], [absent], discs)}
    fine = [_finer(disc) for disc in discs]
    for name, method in methods.items():
        images = [method(_scan(coarse, noise, seed)) for coarse in (present, absent)]
        found[name] = _discs(images[0], images[1], fine)
    return {"noise_hu": round(noise, 1), "methods": found}


def _scan(coarse: FloatArray, noise: float, seed: int) -> Scan:
    """Take the phantom for a lesion's scan; nobody knows its fine image."""
    shape = (len(coarse), coarse.shape[1] * FACTOR, coarse.shape[2] * FACTOR)
    unknown = np.zeros(shape, dtype=np.float32)
    lesion = Lesion("phantom", "test", unknown, np.ones(shape, dtype=bool), slice(0, len(coarse)), (0.5, 0.5, 1.0))
    return Scan(lesion, coarse, ScanCondition("phantom", 0.0, noise), seed)


def _finer(disc: Disc) -> Disc:
    inside, ring = (np.kron(mask, np.ones((FACTOR, FACTOR), dtype=bool)) for mask in (disc.inside, disc.ring))
    return Disc(inside, ring, disc.contrast)


def _discs(present: list[FloatArray], absent: list[FloatArray], discs: list[Disc]) -> list[dict[str, float]]:
    return list(_judged(present, absent, discs))


def _judged(present: list[FloatArray], absent: list[FloatArray], discs: list[Disc]) -> Iterator[dict[str, float]]:
    for disc in discs:
        there = np.concatenate([disc.contrast_in(image) for image in present]) / disc.contrast
        gone = np.concatenate([disc.contrast_in(image) for image in absent]) / disc.contrast
        outcome = np.repeat([1, 0], [len(there), len(gone)])
        area = area_under_curve(np.concatenate([there, gone]), outcome)
        values = {
            "contrast_with": there.mean(),
            "contrast_without": gone.mean(),
            "erased": (there < 0.5).mean(),
            "invented": (gone > 0.5).mean(),
            "area_under_curve": area,
        }
        yield {name: round(float(value), DECIMALS) for name, value in values.items()}
