"""The page about samples holds the cards' figures, and says where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from SuperResRadiomicsLib.models import Card, load_card
from SuperResRadiomicsLib.training.samples_page import LIMITS, SAMPLERS, samples_page

HELD = {"coverage": 0.91, "limits_95": [0.86, 0.95], "lowest_of_a_patient": 0.6}


def measured(card: Card, baseline: str, condition: str, error: float, patients: int = 16) -> Card:
    def figures(nrmse: float, share: float) -> dict[str, Any]:
        return {"median_nrmse": nrmse, "median_ccc": 0.8, "share_ccc_085": share}

    methods = {baseline: figures(1.0, 0.31), "wiener, told all": figures(0.5, 0.4), "model": figures(error, 0.84)}
    covered = {"raw": HELD, "calibrated": HELD}
    under = {
        "2D": {"methods": methods},
        "intervals": {"2D": {"patients": patients, "all": covered}},
        "voxel_intervals": covered,
    }
    found = {
        "measured": "2D", "role": "test", "samples": 8, "command": "superres-train evaluate x", "baseline": baseline,
        "conditions": {condition: {}},
        "sets": {"lumps": {"patients": {"test": ["a", "b"]}, "lesions": {"test": 5}, condition: under}},
    }  # fmt: skip
    return replace(card, results={"lesion_features": found})


def test_limits_stand_first_and_nothing_is_made_up(tiny_sampler: Path) -> None:
    page = samples_page({SAMPLERS[0]: None, SAMPLERS[1]: load_card(tiny_sampler)})
    assert page.index(LIMITS[0]) < page.index(SAMPLERS[0])
    assert "not there yet" in page and "Not measured yet" in page and "|" not in page


def test_figures_targets_and_rivals_are_those_of_the_card(tiny_sampler: Path) -> None:
    page = samples_page({SAMPLERS[0]: measured(load_card(tiny_sampler), "bicubic", "clean", 0.45)})
    assert "lumps: 5 lesions of 2 patients" in page and "| **model** | 0.45 / 0.80 / 84% |" in page
    assert "0.45, missed by 0.30 (0.15)" in page, "a missed target is stated by how much"
    assert "0.45, missed by 0.08 (0.38) (wiener, told all)" in page
    assert "0.84, missed by 0.06 (0.90)" in page
    good = samples_page({SAMPLERS[0]: measured(load_card(tiny_sampler), "bicubic", "clean", 0.1)})
    assert "0.10, reached (0.15)" in good


def test_no_limits_are_told_where_drawing_patients_again_gives_too_narrow_ones(tiny_sampler: Path) -> None:
    few, many = (
        samples_page({SAMPLERS[0]: measured(load_card(tiny_sampler), "bicubic", "clean", 0.1, patients)})
        for patients in (19, 20)
    )
    assert "91%; worst patient 60%" in few and "19 patients are too few" in few and "86%" not in few
    assert "91% (86% to 95%); worst patient 60%" in many and "limits of 95% over patients" in many


def test_the_published_claim_stands_beside(tiny_sampler: Path) -> None:
    page = samples_page({SAMPLERS[2]: measured(load_card(tiny_sampler), "degraded image", "noise-0.06", 0.2)})
    assert "| here: lumps, noise-0.06 | 31% | 84% |" in page and "| Moummad et al. 2022 | 62% | 92% |" in page


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_model_of_the_page_has_a_configuration(name: str) -> None:
    assert (Path(__file__).parents[2] / "Resources" / "training" / f"{name}.yaml").is_file()
