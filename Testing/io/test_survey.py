"""The figures of a whole image, found a few slices at a time: those that are found at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io import survey as module
from SuperResRadiomicsLib.io.steps import run_steps
from SuperResRadiomicsLib.io.survey import survey
from SuperResRadiomicsLib.io.whole_image import WholeImage


def grid_of(voxels: np.ndarray) -> Grid:
    return Grid(voxels.shape[::-1], (1.0, 1.0, 2.0))


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
def test_nothing_depends_on_the_steps(monkeypatch, modality, kind):
    monkeypatch.setattr(module, "VOXELS_PER_STEP", 500)
    rng = np.random.default_rng(0)
    voxels = (rng.gamma(1.5, 30, (17, 20, 21)) * (rng.random((17, 20, 21)) > 0.4)).astype(kind)
    steps = survey(voxels, grid_of(voxels), modality)
    count = 0
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
            count += 1
    assert count >= 17
    assert end.value.value == WholeImage.of(voxels, grid_of(voxels), modality)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["flat", "two", "negative", "one"]))
def test_odd_images(seed, kind):
    rng = np.random.default_rng(seed)
    shape = (1, 1, 1) if kind == "one" else (3, 4, 5)
    voxels = {
        "flat": np.full(shape, 7.0),
        "two": rng.integers(0, 2, shape).astype(np.int16),
        "negative": -rng.random(shape),
        "one": rng.random(shape),
    }[kind]
    assert run_steps(survey(voxels, grid_of(voxels), "US")) == WholeImage.of(voxels, grid_of(voxels), "US")
