"""The model that is offered first is the one whose features agreed best on held-out lesions."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from SuperResRadiomicsLib.models import (
    Card,
    best_for_features,
    choices_for_features,
    choose_for_features,
    feature_agreement,
    find_models,
    load_card,
)


@pytest.fixture
def card(tiny_model: Path) -> Any:
    """Makes cards with held-out features."""
    base = load_card(tiny_model)

    def make(features: dict[str, Any] | None = None, name: str = "x", objective: str = "fidelity") -> Card:
        results = {} if features is None else {"degradations": {"first": {"features": features}, "second": {}}}
        return dataclasses.replace(base, name=name, objective=objective, results=results)

    return make


def groups(texture: float) -> dict[str, Any]:
    return {
        "patients": ["a", "b"],
        "bicubic": {"texture": {"features": 75, "median_concordance": 0.99}},
        "network": {
            "firstorder": {"features": 25, "median_concordance": 0.9},
            "texture": {"features": 75, "median_concordance": texture},
        },
    }


def by_feature(*concordances: float | None) -> dict[str, Any]:
    return {"by_feature": {str(n): {"network": {"concordance": value}} for n, value in enumerate(concordances)}}


def test_groups_count_by_their_features(card):
    assert feature_agreement(card(groups(0.5))) == pytest.approx((25 * 0.9 + 75 * 0.5) / 100)


def test_single_features_are_preferred(card):
    assert feature_agreement(card({**groups(0.5), **by_feature(0.2, 0.8, None, float("nan"), 0.7)})) == 0.7


@pytest.mark.parametrize("features", [None, {}, {"network": {}}, {"patients": []}, {"by_feature": {"a": 1}}, []])
def test_what_is_not_recorded_is_none(card, features):
    assert feature_agreement(card(features)) is None


def test_the_best_recorded_wins(card):
    cards = [card(groups(0.4), "low"), card(groups(0.6), "high", "appearance"), card(None, "none")]
    assert best_for_features(cards).name == "high"


def test_without_records_a_fidelity_model_is_taken(card):
    assert best_for_features([card(None, "a", "appearance"), card(None, "f"), card(None, "g")]).name == "f"
    assert best_for_features([card(None, "a", "appearance")]).name == "a"
    assert best_for_features([]) is None


def test_shipped_cards_record_it():
    """All that were judged on lesions with features; the detector and the ultrasound model have none."""
    known = {name for name, folder in find_models().items() if feature_agreement(load_card(folder)) is not None}
    assert known == set(find_models()) - {"mr-lesion-detector", "us-cyclegan-appearance"}


def compared(card: Card, **concordances: float | None) -> Card:
    """The card with a comparison of lesion features on two sets; methods by name."""
    methods = {name.replace("_", " "): {"median_ccc": value} for name, value in concordances.items()}
    of_set = {"clean": {"2D": {"methods": methods}}}
    found = {"measured": "2D", "conditions": {"clean": {}}, "sets": {"a": of_set, "b": of_set}}
    return dataclasses.replace(card, results={**card.results, "lesion_features": found})


def test_comparisons_of_lesion_features_go_first(card):
    sampler = compared(card(None, "sampler", "radiomics"), model=0.8, bicubic=0.9)
    choice = choose_for_features([card(groups(0.99), "fidelity"), sampler, card(None, "unknown")])
    assert choice.card is sampler and feature_agreement(sampler) == 0.8
    assert "0.80" in choice.why and "compared" in choice.why


def test_a_rival_that_beat_the_model_in_its_own_comparison_is_chosen(card):
    sampler = compared(card(None, "sampler", "radiomics"), model=0.7, **{"fidelity, told all": 0.75, "gan": 0.9})
    cards = [sampler, card(groups(0.1), "fidelity")]
    choice = choose_for_features(cards)
    assert choice.card.name == "fidelity" and "beside sampler 0.70" in choice.why
    own = compared(card(groups(0.1), "fidelity"), model=0.6)
    assert choose_for_features([sampler, own]).card is sampler, "its own comparison counts"
    undefined = compared(card(None, "sampler"), model=None)
    assert choose_for_features([undefined, compared(card(None, "b"), model=0.1)]).card.name == "b"


def test_without_figures_it_is_said(card):
    choice = choose_for_features([card(None, "a", "radiomics"), card(None, "f")])
    assert choice.card.name == "f" and "no card has figures" in choice.why
    broken = dataclasses.replace(card(None, "x"), results={"lesion_features": {"sets": {"a": {}}, "conditions": ["c"]}})
    assert feature_agreement(broken) is None


def test_each_modality_and_task_has_its_choice():
    chosen = choices_for_features(load_card(folder) for folder in find_models().values())
    assert set(chosen) >= {
        ("CT", "super-resolution"), ("MR", "super-resolution"), ("MR", "denoise"), ("US", "enhance"),
    }  # fmt: skip
    assert all(choice.why for choice in chosen.values())
