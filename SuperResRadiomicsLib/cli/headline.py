"""A model's held-out figures in one line."""

from __future__ import annotations

from typing import Any

from ..zoo import Card

NOT_MEASURED = "not measured"
IN_THE_CARD = "see its card"


def headline(card: Card) -> str:
    """The held-out figures that say most about a model.

    Of a model that enhances: the gain over bicubic interpolation, mean over test patients, under
    the first degradation in its card (the one that its default settings undo). Of a detector: how
    many lesions its box holds, and how large it is. Figures in a layout that is not known are not
    guessed at.
    """
    if not card.results:
        return NOT_MEASURED
    try:
        return _detection(card.results) if card.detects else _enhancement(card.results)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return IN_THE_CARD


def _enhancement(results: dict[str, Any]) -> str:
    figures = next(iter(results["degradations"].values()))
    gain, change = (
        figures["mean"][f"{name}_network"] - figures["mean"][f"{name}_bicubic"] for name in ("psnr", "ssim")
    )
    return f"{gain:+.1f} dB PSNR, {change:+.3f} SSIM over bicubic ({_count(len(figures['patients']), 'patient')})"


def _detection(results: dict[str, Any]) -> str:
    """The layout is that of `BoxFigures`."""
    whole, nearly, area = (results[name] for name in ("perfect", "acceptable", "median_area_share"))
    lesions = _count(results["lesions"], "lesion")
    return f"box holds {whole:.0%} wholly, {nearly:.0%} nearly; {area:.0%} of the slice ({lesions})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
