"""The residual is that of all tiles together."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement.consistency import ResidualMeter
from SuperResRadiomicsLib.operators import BlurDecimate


def test_tiles_of_different_sizes_count_by_their_voxels() -> None:
    meter, operator = ResidualMeter(), BlurDecimate(2)
    meter.add(np.zeros((1, 4, 4), np.float32), np.full((1, 2, 2), 3.0, np.float32), operator)
    meter.add(np.ones((3, 8, 8), np.float32), np.full((3, 4, 4), -1.0, np.float32), operator)
    expected = np.sqrt((4 * 9 + 48 * 4) / 52)
    assert meter.summary() == pytest.approx({"root_mean_square": expected, "largest": 3.0})
