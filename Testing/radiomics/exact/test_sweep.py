"""One sweep over several bins and images: the values of as many single extractions, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.exact import Bins, PreparedLesion, extract_sweep
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

GRID = Grid((14, 12, 8), (0.8, 0.8, 2.0))
MASK = np.zeros(GRID.shape, bool)
MASK[1:7, 2:11, 3:12] = True


def image(seed: int) -> Image:
    return Image(np.random.default_rng(seed).normal(0, 100, GRID.shape).astype(np.float32), GRID, "CT", "HU")


def plan(width: float | None = None, count: int | None = 8) -> ExtractionPlan:
    return ExtractionPlan(FEATURE_CLASSES, width, count, None, 1)


def test_a_sweep_is_as_many_extractions():
    lesion = PreparedLesion(MASK, GRID.spacing)
    for seed in (1, 2):
        swept = extract_sweep(image(seed), lesion, plan(), [Bins(count=8), Bins(width=25.0), Bins(count=64)])
        alone = [ENGINES["exact"].extract(image(seed), MASK, p) for p in (plan(), plan(25.0, None), plan(None, 64))]
        for values, expected in zip(swept, alone, strict=True):
            assert values == expected


def test_a_lesion_prepared_for_another_grid_is_refused():
    lesion = PreparedLesion(MASK, (1.0, 1.0, 2.0))
    with pytest.raises(MaskError, match="Prepare the lesion for each grid"):
        extract_sweep(image(1), lesion, plan(), [Bins(count=8)])


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        (lambda: Bins(), "Exactly one"),
        (lambda: Bins(1.0, 8), "Exactly one"),
        (lambda: extract_sweep(image(1), MASK, plan(), [Bins(width=1e-3)]), "gray levels; at most 2048"),
    ],
)
def test_bins_that_cannot_be(bins, message):
    with pytest.raises(SettingsError, match=message):
        bins()


def test_a_line_of_voxels_is_refused():
    line = np.zeros(GRID.shape, bool)
    line[3, 4, 2:9] = True
    with pytest.raises(MaskError, match="longer than one voxel along at least 2 axes"):
        ENGINES["exact"].extract(image(1), line, plan())


def test_the_settings_know_the_engine():
    assert FeatureSettings(engine="exact").engine == "exact"
    assert set(ENGINES) == {"pyradiomics", "exact", "ibsi"}
