"""Which model to take: the detector for a modality, and the one whose features agreed best with the truth."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from statistics import median
from typing import Any

from ..errors import ModelError
from .card import Card, list_models


def feature_agreement(card: Card) -> float | None:
    """Take the median over features of Lin's concordance with the reference, on lesions never trained on.

    Under the card's first degradation, the one that the model's default settings undo. Cards hold it
    by feature, or as medians of feature groups, which then count by their number of features.

    Returns:
        None where the card does not record it, or in a layout that is not known.
    """
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


def best_for_features(cards: Iterable[Card]) -> Card | None:
    """Choose the model with the best `feature_agreement`; where none is recorded a fidelity model, else the first.

    Examples:
        >>> from SuperResRadiomicsLib.models import list_models
        >>> best_for_features(card for card in list_models() if card.modality == "US").name
        'us-cyclegan-appearance'
    """
    candidates = list(cards)
    recorded = [(agreement, card) for card in candidates if (agreement := feature_agreement(card)) is not None]
    if recorded:
        return max(recorded, key=lambda pair: pair[0])[1]
    fidelity = (card for card in candidates if card.objective == "fidelity")
    return next(fidelity, candidates[0] if candidates else None)


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
