"""What a steered network is told: what the user gave, what was measured of the scan, or the card's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..errors import SettingsError
from ..models import Card
from ..scan import ScanQuality

AUTO = "auto"
Strength: TypeAlias = "float | Literal['auto'] | None"
"""Blur or noise that a network shall undo: a number, what is measured of the scan, or the card's default."""
GIVEN, MEASURED, DEFAULT, DEFAULT_UNMEASURED = "given", "measured", "card's default", "card's default, not measurable"
NOT_MEASURED = "Blur and noise could not be measured of this image: the network was told the card's defaults."


@dataclass(frozen=True)
class Steering:
    """What a network is told, and why.

    Attributes:
        blur: Standard deviation of the blur in fine pixels; None for the card's default.
        noise: Standard deviation of the noise in the image's unit; likewise.
        sources: Where each of the card's conditions comes from.
        quality: What was measured; None where nothing was.
    """

    blur: float | None
    noise: float | None
    sources: dict[str, str]
    quality: ScanQuality | None

    @property
    def told(self) -> str:
        """What was measured and told, in a few words; empty where nothing was measured."""
        told = []
        if self.sources.get("blur_px") == MEASURED:
            told.append(f"{self.blur:.2g} px")
        if self.sources.get("noise") == MEASURED:
            told.append(f"{self.noise:.2g} HU")
        return f"auto {', '.join(told)}" if told else ""

    @property
    def sentence(self) -> str:
        """What was measured and told, for the user; empty where nothing was measured."""
        if not self.told:
            return "" if DEFAULT_UNMEASURED not in self.sources.values() else NOT_MEASURED
        return (
            f"Told to the network: {self.told}, by what was measured of the scan; less where a smooth scan looks "
            "blurred. State other values with blur and noise; 0 and 0 undo the averaging over pixels only."
        )

    def to_dict(self) -> dict[str, Any]:
        """Describe for JSON."""
        found: dict[str, Any] = {"sources": self.sources, "sentence": self.sentence}
        quality = self.quality
        if quality is not None:
            found["scan_blur_px"] = None if quality.blur_px is None else quality.blur_px.to_dict()
            found["noise_to_undo"] = None if quality.noise_to_undo is None else quality.noise_to_undo.to_dict()
        return found


def steer(quality: ScanQuality, card: Card, blur: Strength, noise: Strength) -> Steering:
    """Choose what a network is told of blur and noise.

    Args:
        quality: What was measured of the scan, or of the region that is enhanced.
        card: The network's card.
        blur: A number, `AUTO` or None.
        noise: Likewise.

    Raises:
        SettingsError: A strength is another word than `AUTO`.
    """
    given = {"blur_px": blur, "noise": noise}
    for value in given.values():
        if isinstance(value, str) and value != AUTO:
            raise SettingsError(f"The strength '{value}' is no number. Give one, or {AUTO} for what is measured.")
    known = [condition.name for condition in card.conditions if condition.name in given]
    wanted = [name for name in known if given[name] == AUTO]
    told = {name: None if value == AUTO else value for name, value in given.items()}
    sources = {name: DEFAULT if given[name] is None else GIVEN for name in known}
    sources |= dict.fromkeys(wanted, DEFAULT_UNMEASURED)
    if not wanted or card.unit != "HU" or quality.unit != "HU":
        return Steering(_number(told["blur_px"]), _number(told["noise"]), sources, None)
    if quality.advice is not None:
        advised = {"blur_px": quality.advice.blur_px * card.scale, "noise": quality.advice.noise}
        told |= {name: _within(advised[name], card, name) for name in wanted}
        sources |= dict.fromkeys(wanted, MEASURED)
    return Steering(_number(told["blur_px"]), _number(told["noise"]), sources, quality)


def _number(value: Strength) -> float | None:
    """Take a strength that is no word any more."""
    return None if value is None else float(value)


def _within(strength: float, card: Card, name: str) -> float:
    """Take a strength in the card's range."""
    low, high = next(condition.allowed for condition in card.conditions if condition.name == name)
    return round(min(max(strength, low), high), 2)
