"""Features of versions that share voxels and masks, and of those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.study.measure import measure_versions
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.versions import Version
from Testing.study.cohort import PROTOCOL

GRID = Grid((14, 13, 6), (1.0, 1.0, 2.0))
OF_OTHER_SPACING = Grid((14, 13, 6), (0.5, 1.0, 2.0))


def version(seed: int, grid: Grid = GRID, radius: float = 5.0) -> Version:
    k, j, i = np.indices(grid.shape)
    ball = (i - 6.5) ** 2 + (j - 6) ** 2 + (2 * (k - 2.5)) ** 2 < radius**2
    voxels = np.random.default_rng(seed).normal(0, 50, grid.shape).astype(np.float32)
    return Version(Image(voxels, grid, "CT", "HU"), {"unchanged": ball, "smaller": ball & (i < 9)})


@pytest.mark.parametrize("engine", ENGINES)
def test_each_measurement_is_that_of_the_engine_alone(engine: str):
    content: dict[str, Any] = {**PROTOCOL, "features": {"engine": engine, "classes": ["shape", "firstorder", "glcm"]}}
    protocol = Protocol.model_validate(content)
    # Masks are the same, then on other voxels, then others, then the first ones again.
    versions = {"a": version(0), "b": version(1), "c": version(2, OF_OTHER_SPACING), "d": version(3, radius=4.0)}
    versions["e"] = version(4)
    found = list(measure_versions(versions, protocol, "3D", 2))
    assert len(found) == 5 * 2 * 2
    for each in found:
        image, mask = versions[each.version].image, versions[each.version].masks[each.mask]
        plan = protocol.settings(each.binning).plan(image.grid, "3D", 2, each.version)
        assert each.features == ENGINES[engine].extract(image, mask, plan)
        assert each.voxels == mask.sum()
        assert each.volume_mm3 == pytest.approx(mask.sum() * np.prod(image.spacing))
        assert each.dice == pytest.approx(1.0 if each.mask == "unchanged" else dice_of(mask, versions[each.version]))


def dice_of(mask: np.ndarray, version: Version) -> float:
    whole = version.masks["unchanged"]
    return 2 * (mask & whole).sum() / (mask.sum() + whole.sum())
