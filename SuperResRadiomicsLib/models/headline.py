"""A model's held-out figures in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .card import Card

NOT_MEASURED = "not measured"
IN_THE_CARD = "see its card"


def headline(card: Card) -> str:
    """Name the held-out figures that say most about a model.

    Of a model that enhances: the gain over bicubic interpolation (over the degraded image where
    the pixels stay), mean over test patients, under the first degradation in its card (the one that
    its default settings undo). Of a model that draws samples and has no such figures: how many features of lesions keep
    a CCC of 0.85, under the first condition. Of a detector: how many lesions its box holds, and how large it is.
    Figures in a layout that is not known are not guessed at.

    Examples:
        >>> from SuperResRadiomicsLib import load_card
        >>> "PSNR" in headline(load_card("ct-gancircle-x2-fidelity"))
        True
    """
    if not card.results:
        return NOT_MEASURED
    try:
        if "degradations" not in card.results:
            return _features(card.results["lesion_features"])
        return next(_lines(card.results, card.detects))[1]
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return IN_THE_CARD


def headlines(results: Mapping[str, Any], detects: bool = False) -> list[str]:
    """Name the same for every degradation in the results of an evaluation, whose layout must be known."""
    return [f"{name}: {text}" for name, text in _lines(results, detects)]


def _lines(results: Mapping[str, Any], detects: bool) -> Iterator[tuple[str, str]]:
    for name, figures in results["degradations"].items():
        yield name, _detection(figures) if detects else _enhancement(figures, results["baseline"])


def _enhancement(figures: dict[str, Any], baseline: str) -> str:
    gain, change = (
        figures["mean"][f"{name}_network"] - figures["mean"][f"{name}_{baseline}"] for name in ("psnr", "ssim")
    )
    rival = "the degraded image" if baseline == "degraded" else baseline
    return f"{gain:+.1f} dB PSNR, {change:+.3f} SSIM over {rival} ({count_text(len(figures['patients']), 'patient')})"


def _features(found: Mapping[str, Any]) -> str:
    """Name the share of features that agree with the truth; the layout is that of `evaluate_features`."""
    name, condition = next(iter(found["sets"])), next(iter(found["conditions"]))
    figures = found["sets"][name]
    methods = figures[condition][found["measured"]]["methods"]
    own, rival = methods["model"]["share_ccc_085"], methods[found["baseline"]]["share_ccc_085"]
    patients = count_text(len(figures["patients"][found["role"]]), "patient")
    return f"CCC >= 0.85 for {own:.0%} of features, {found['baseline']} {rival:.0%} ({name}, {condition}; {patients})"


def _detection(figures: dict[str, Any]) -> str:
    """Name a detector's figures; the layout is that of `BoxFigures`."""
    whole, nearly, area = (figures[name] for name in ("perfect", "acceptable", "median_area_ratio"))
    lesions = count_text(figures["lesions"], "lesion")
    return f"box holds {whole:.0%} wholly, {nearly:.0%} nearly; {area:.1f} times its area ({lesions})"


def count_text(number: int, what: str) -> str:
    """Count things in words.

    Examples:
        >>> count_text(1, "patient"), count_text(12, "patient")
        ('1 patient', '12 patients')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
