"""What a steered network is told: what the user gave, what was measured of the scan, or the card's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..errors import SettingsError
from ..models import Card
from ..scan import Estimate, ScanQuality

AUTO = "auto"
Strength: TypeAlias = "float | Literal['auto'] | None"
"""Blur or noise that a network shall undo: a number, what is measured of the scan, or the card's default."""
CAUTION = 1.0
"""How many standard deviations below the measured values a network is told: too much costs more than too little. With
less a scan that is smooth by nature loses more than it gains; see `benchmarks.steering`."""
KNOWN, UNKNOWN = 1.5, 2.5
"""Strangeness up to which a measured blur is told as it is, and from which it is not told at all: the regression has
seen few such scans, and what looks blurred there can be a smooth scan as it should be. Our own choice."""
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
            f"Told to the network: {self.told}, measured of the scan and rather low. State other values "
            "with blur and noise; 0 and 0 undo the averaging over pixels only."
        )

    def to_dict(self) -> dict[str, Any]:
        """Describe for JSON."""
        found: dict[str, Any] = {"sources": self.sources, "sentence": self.sentence}
        quality = self.quality
        if quality is not None:
            found["caution_sd"] = CAUTION
            found["trust"] = round(trust(quality), 3)
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
    if "blur_px" in wanted and quality.blur_px is not None:
        told["blur_px"] = _within(quality.blur_px, card, "blur_px", card.scale * trust(quality))
        sources["blur_px"] = MEASURED
    if "noise" in wanted and quality.noise_to_undo is not None:
        told["noise"] = _within(quality.noise_to_undo, card, "noise", 1)
        sources["noise"] = MEASURED
    return Steering(_number(told["blur_px"]), _number(told["noise"]), sources, quality)


def _number(value: Strength) -> float | None:
    """Take a strength that is no word any more."""
    return None if value is None else float(value)


def trust(quality: ScanQuality) -> float:
    """Weigh a measured blur: 1 for a scan like those of the fit, 0 for one quite unlike them."""
    strangeness = quality.strangeness or 0.0
    return min(1.0, max(0.0, (UNKNOWN - strangeness) / (UNKNOWN - KNOWN)))


def _within(measured: Estimate, card: Card, name: str, times: float) -> float:
    """Take a measured value, rather low, in the card's unit and range."""
    low, high = next(condition.allowed for condition in card.conditions if condition.name == name)
    return round(min(max(measured.lower(CAUTION) * times, low), high), 2)
