"""What the versions of a lesion's image are: noise of the strength that was asked for, differences as published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.versions import Lesion, make_versions
from Testing.study.cohort import PROTOCOL

GRID = Grid((40, 36, 6), (1.0, 1.0, 3.0))


def lesion() -> Lesion:
    """A ball of fine texture, on voxels with decimals."""
    k, j, i = np.indices(GRID.shape)
    ball = (i - 19.5) ** 2 + (j - 17.5) ** 2 + (3 * (k - 2.5)) ** 2 < 12**2
    voxels = (100 + np.random.default_rng(0).normal(0, 30, GRID.shape)).astype(np.float32)
    return Lesion(Image(voxels, GRID, "CT", "HU"), {"unchanged": ball}, None, seed=3)


def protocol(**changes: Any) -> Protocol:
    return Protocol.model_validate({**PROTOCOL, "perturbations": {}, **changes})


def test_a_null_model_is_the_interpolation_with_noise_of_its_standard_deviation() -> None:
    asked = {
        "original": {"source": "original"},
        "bicubic": {"source": "interpolated", "scale": 2},
        "noisy": {"source": "null-model", "scale": 2, "noise": 20.0},
    }
    made = make_versions(lesion(), protocol(versions=asked))
    noise = made["noisy"].image.voxels - made["bicubic"].image.voxels
    assert noise.std() == pytest.approx(20, rel=0.03) and abs(noise.mean()) < 1
    assert made["noisy"].image.grid == made["bicubic"].image.grid


def test_matched_noise_and_the_difference_are_those_of_the_lesion(tiny_model) -> None:
    """As strong as the root mean square of what interpolation lost; |image - reference| / |reference| on average."""
    asked = {
        "reference": {"source": "reference"},
        "fast": {"source": "interpolated"},
        "null": {"source": "null-model", "noise": "matched"},
        "restored": {"source": "model", "model": str(tiny_model)},
    }
    simulated = {"factor": 2, "sampling": "average", "noise": 0.0}
    made = make_versions(lesion(), protocol(kind="restoration", versions=asked, simulation=simulated))
    inside = made["reference"].masks["unchanged"]
    truth, fast, null = (made[name].image.voxels[inside] for name in ("reference", "fast", "null"))
    assert (null - fast).std() == pytest.approx(np.sqrt(np.mean((truth - fast) ** 2)), rel=0.05)
    for name, version in made.items():
        values = version.image.voxels[inside].astype(float)
        assert version.difference == pytest.approx(np.mean(np.abs(values - truth) / np.abs(truth)), rel=1e-5), name
