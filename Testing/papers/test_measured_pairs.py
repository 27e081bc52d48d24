"""Comparators learn from pairs that two scanners measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from Testing.training.readers.test_ultrasound_training import CONFIGURATION, changed, images, run
from Testing.training.tiny import shrink

__all__ = ["images"]  # a fixture

METHODS: dict[str, dict[str, Any]] = {
    "pix2pix": {"name": "pix2pix", "critic_widths": (4, 4, 4, 4)},
    "reg-gan": {
        "name": "reg-gan",
        "critic_widths": (4, 4, 4, 4),
        "registration_widths": (4, 4),
        "registration_blocks": 1,
    },
}


@pytest.mark.parametrize("method", METHODS)
def test_other_methods_learn_from_measured_pairs(method: str, images: Path, tmp_path: Path) -> None:
    log = run(changed(shrink(CONFIGURATION, images, 3), method=METHODS[method], run={"workers": 0}), tmp_path)
    assert "validation/measured/psnr_network" in log
