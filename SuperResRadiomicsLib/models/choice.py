"""Which model to take: the detector for a modality, and the one whose features agreed best with the truth."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ..errors import ModelError
from .card import Card, list_models

MODEL = "model"
"""How an evaluation of lesion features calls the model whose card it is in; others stand under their own names."""


@dataclass(frozen=True)
class Choice:
    """A model that was chosen, and why.

    Attributes:
        card: Of the model.
        why: In a sentence.
    """

    card: Card
    why: str


def feature_agreement(card: Card) -> float | None:
    """Take the median over features of Lin's concordance with the reference, on lesions never trained on.

    The mean of it over all lesions and scans that features were compared on beside rivals (``lesion_features``);
    without such a comparison that under the card's first degradation, the one that the model's default settings undo.
    Cards hold the latter by feature, or as medians of feature groups, which then count by their number of features.

    Returns:
        None where the card does not record it, or in a layout that is not known.
    """
    compared = _compared(card).get(card.name)
    if compared is not None:
        return compared
    try:
        return _agreement(next(iter(card.results["degradations"].values()))["features"])
    except (KeyError, TypeError, AttributeError, StopIteration):
        return None


def _agreement(features: dict[str, Any]) -> float | None:
    by_feature = [values["network"]["concordance"] for values in features.get("by_feature", {}).values()]
    known = [value for value in by_feature if value is not None and math.isfinite(value)]
    if known:
        return median(known)
    groups = features["network"].values()
    count = sum(group["features"] for group in groups)
    return sum(group["features"] * group["median_concordance"] for group in groups) / count if count else None


def _compared(card: Card) -> dict[str, float]:
    """Take the mean concordance of each model that a card's comparison of lesion features has, by name."""
    try:
        found = card.results["lesion_features"]
        tables = []
        for of_set in found["sets"].values():
            for condition in found["conditions"]:
                tables.append(of_set[condition][found["measured"]]["methods"])
        means = {}
        for name in set.intersection(*map(set, tables)):
            means[_model_name(name, card)] = fmean(_concordance(table[name]) for table in tables)
        return means
    except (KeyError, TypeError, AttributeError):
        return {}


def _model_name(method: str, card: Card) -> str:
    """Which model a method of a comparison is: told all that it can be told, as it is meant to be used."""
    return card.name if method == MODEL else method.removesuffix(", told all")


def _concordance(figures: dict[str, Any]) -> float:
    """Read a median concordance; one that is not defined agrees with nothing."""
    return 0.0 if figures["median_ccc"] is None else float(figures["median_ccc"])


def choose_for_features(cards: Iterable[Card]) -> Choice | None:
    """Choose the model whose features agree best with the truth, and say why.

    Comparisons of lesion features go first: all models in one saw the same scans. A card counts by its own comparison,
    else by another card's that it stands in as a rival. Where there is none, the cards' other figures of features
    decide. A card without figures is chosen only where no card has any: then a fidelity model, else the first.

    Args:
        cards: Models that could be used, of one modality and task.
    """
    candidates = list(cards)
    if not candidates:
        return None
    compared: dict[str, float] = {}
    for card in candidates:
        own = _compared(card)
        compared = own | compared | ({card.name: own[card.name]} if card.name in own else {})
    figures = {card.name: compared[card.name] for card in candidates if card.name in compared}
    ground = "lesions and scans on which models were compared"
    if not figures:
        figures = {card.name: value for card in candidates if (value := feature_agreement(card)) is not None}
        ground = "held-out lesions, each card's own"
    if not figures:
        first = next((card for card in candidates if card.objective == "fidelity"), candidates[0])
        kind = "a fidelity model goes" if first.objective == "fidelity" else "the first one goes"
        return Choice(first, f"no card has figures of features; {kind} before the others")
    best = max(candidates, key=lambda card: figures.get(card.name, -math.inf))
    others = [f"{name} {value:.2f}" for name, value in figures.items() if name != best.name]
    beside = f", beside {', '.join(others)}" if others else ""
    return Choice(best, f"median concordance of features {figures[best.name]:.2f}{beside} ({ground})")


def best_for_features(cards: Iterable[Card]) -> Card | None:
    """Choose the model whose features agree best with the truth; see `choose_for_features`.

    Examples:
        >>> from SuperResRadiomicsLib.models import list_models
        >>> best_for_features(card for card in list_models() if card.modality == "US").name
        'us-cyclegan-appearance'
    """
    choice = choose_for_features(cards)
    return choice.card if choice else None


def choices_for_features(cards: Iterable[Card]) -> dict[tuple[str, str], Choice]:
    """Choose for each modality and task; detectors are left out.

    Returns:
        By modality and task, sorted.

    Examples:
        >>> from SuperResRadiomicsLib.models import list_models
        >>> list(choices_for_features(list_models()))[0]
        ('CT', 'super-resolution')
    """
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        if not card.detects:
            groups.setdefault((card.modality, card.task), []).append(card)
    chosen = {group: choose_for_features(groups[group]) for group in sorted(groups)}
    return {group: choice for group, choice in chosen.items() if choice}


def find_detector(modality: str, extra_folders: Iterable[str | os.PathLike[str]] = ()) -> Card:
    """Find the one detector for a modality.

    Args:
        modality: One of `MODALITIES`, or ``unknown`` where any will do.
        extra_folders: As in `find_models`.

    Raises:
        ModelError: There is none, or more than one.

    Examples:
        >>> find_detector("MR").detects
        True
    """
    return choose_detector(list_models(extra_folders), modality)


def choose_detector(cards: Iterable[Card], modality: str) -> Card:
    """Choose the one detector for a modality among cards; as `find_detector`.

    Args:
        cards: Cards of any models.
        modality: One of `MODALITIES`, or ``unknown`` where any will do.

    Raises:
        ModelError: There is none, or more than one.
    """
    detectors = [card for card in cards if card.detects]
    fitting = [card for card in detectors if modality in (card.modality, "unknown")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(card.name for card in fitting)
        raise ModelError(f"There are several lesion detectors for this image: {names}. Choose one by name.")
    known = ", ".join(f"{card.name} ({card.modality})" for card in detectors) or "none"
    raise ModelError(
        f"There is no lesion detector for {modality} images. Known detectors: {known}. Give the folder of a detector "
        "for this modality, or mark the lesion yourself by a mask or a box."
    )
