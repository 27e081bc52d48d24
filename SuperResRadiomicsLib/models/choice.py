"""Which model to offer first: the one whose features agreed best with the truth on held-out lesions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median
from typing import Any

from .catalogue import Card


def feature_agreement(card: Card) -> float | None:
    """Median over features of Lin's concordance with the reference, on lesions never trained on.

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
    """The model with the best `feature_agreement`; where none is recorded a fidelity model, else the first."""
    candidates = list(cards)
    recorded = [(agreement, card) for card in candidates if (agreement := feature_agreement(card)) is not None]
    if recorded:
        return max(recorded, key=lambda pair: pair[0])[1]
    fidelity = (card for card in candidates if card.objective == "fidelity")
    return next(fidelity, candidates[0] if candidates else None)
