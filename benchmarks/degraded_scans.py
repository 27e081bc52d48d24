"""CT of patients of one role, and the same degraded by known strengths; what several benchmarks start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from SuperResRadiomicsLib.grid import FloatArray
from SuperResRadiomicsLib.operators import Acquisition, correlated_noise
from SuperResRadiomicsLib.scan.region import evenly_spread
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack

CONFIGURATION = Path(__file__).resolve().parent.parent / "Resources" / "training" / "ct-gancircle-x2-fidelity.yaml"
MOST_SLICES = 10
AIR_BELOW, MOST_AIR, ATTEMPTS = -500.0, 0.6, 6


@dataclass(frozen=True)
class FineScan:
    """Slices of a scan as it is.

    Attributes:
        path: Within the data folder.
        patient: Whose it is.
        slices: (slice, height, width), HU.
        spacing: In-plane spacing in mm.
    """

    path: str
    patient: str
    slices: FloatArray
    spacing: tuple[float, float]


def fine_slices(role: str, most: int = MOST_SLICES) -> Iterator[FineScan]:
    """CT of the patients of a role, so many slices each; without the scan of 3 mm pixels, too coarse to degrade."""
    config = read_config(CONFIGURATION)
    for entry in list_volumes(config.data, config.run.seed):
        if entry.role != role or entry.path.endswith("example_ct_sm.nii.gz"):
            continue
        stack = load_stack(entry, config.data)
        chosen = evenly_spread(len(stack.slices), most)
        yield FineScan(entry.path, entry.patient, stack.slices[chosen].copy(), stack.spacing)


def degraded(
    fine: FloatArray,
    factor: int,
    blur_px: float,
    noise: float,
    random: np.random.Generator,
    *,
    correlation: float = 0.0,
    family: str = "gaussian",
    sampling: str = "average",
) -> FloatArray:
    """Slices (slice, height, width) blurred (in fine pixels), sampled and with noise in HU."""
    height, width = (side // factor * factor for side in fine.shape[1:])
    coarse = Acquisition(factor, blur_px, family, sampling).forward(fine[:, :height, :width])
    if noise > 0:
        coarse = coarse + noise * correlated_noise(coarse.shape, correlation, random)
    return coarse.astype(np.float32)


def in_body(slices: FloatArray, side: int, random: np.random.Generator) -> FloatArray:
    """A square of the slices that is not mostly air, or the last one tried."""
    height, width = slices.shape[1:]
    part = slices
    for _ in range(ATTEMPTS):
        rows, columns = min(height, side), min(width, side)
        top, left = random.integers(height - rows + 1), random.integers(width - columns + 1)
        part = slices[:, top : top + rows, left : left + columns]
        if (part < AIR_BELOW).mean() < MOST_AIR:
            break
    return part
