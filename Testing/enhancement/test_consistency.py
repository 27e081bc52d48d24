"""The residual is that of all tiles together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement.consistency import ResidualMeter, measurement_is_exact
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.operators import BlurDecimate


def test_tiles_of_different_sizes_count_by_their_voxels() -> None:
    meter, operator = ResidualMeter(), BlurDecimate(2)
    meter.add(np.zeros((1, 4, 4), np.float32), np.full((1, 2, 2), 3.0, np.float32), operator)
    meter.add(np.ones((3, 8, 8), np.float32), np.full((3, 4, 4), -1.0, np.float32), operator)
    expected = np.sqrt((4 * 9 + 48 * 4) / 52)
    assert meter.summary() == pytest.approx({"root_mean_square": expected, "largest": 3.0})


@pytest.mark.parametrize(
    ("sampling", "told", "exact"),
    [
        ("average", {"blur_px": 0.0, "noise": 0.0}, True),
        ("mixed", {"blur_px": 0.0, "noise": 0.0}, True),
        ("mixed", {"blur_px": 0.0, "noise": 5.0}, False),
        ("average", {"blur_px": 0.4, "noise": 0.0}, False),
        ("either", {"blur_px": 0.0, "noise": 0.0}, False),
        ("k-space", {"blur_px": 0.0, "noise": 0.0}, False),
    ],
)
def test_only_plain_means_are_exact_measurements(
    tiny_model: Path, sampling: str, told: dict[str, float], exact: bool
) -> None:
    card = load_card(tiny_model)
    card = replace(card, degradation={**card.degradation, "sampling": sampling})
    assert measurement_is_exact(card, told) is exact
