"""The learning rate over the steps of a run."""

from __future__ import annotations

import pytest

from SuperResRadiomicsLib.training.config import OptimiserConfig
from SuperResRadiomicsLib.training.schedule import rate_factor


def test_halving_halves_the_rate_after_each_period_behind_the_warm_up():
    settings = OptimiserConfig(steps=1000, schedule="halving", halve_every=100, warmup_steps=50)
    factors = [rate_factor(step + 50, settings) for step in (0, 99, 100, 199, 200, 350)]
    assert factors == pytest.approx([1, 1, 1 / 2, 1 / 2, 1 / 4, 1 / 8])
