"""A drawing of one feature: its three values on a line, its variation, and the spread between lesions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from .numbertext import number

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureRow

WIDTH, HEIGHT = 360, 92
LEFT, RIGHT = 64, 84  # Room for names and numbers.
LANES = (14, 36, 58)  # Heights of the three values.
AXIS = 72
HALF = 5  # Of a mark, in pixels.
# Okabe and Ito's colours; each value has a shape and a name besides.
ORIGINAL, BICUBIC, ENHANCED, SPREAD = (0, 114, 178), (230, 159, 0), (0, 158, 115), (128, 128, 128)


@dataclass(frozen=True)
class FeatureValues:
    """What is drawn; NaN where it is not known.

    Attributes:
        original: Value on the original image.
        bicubic: Value on the bicubic image.
        enhanced: Value on the enhanced image.
        variation: Standard deviation of the last one under perturbation.
        spread: Standard deviation between lesions.
    """

    original: float
    bicubic: float
    enhanced: float
    variation: float = math.nan
    spread: float = math.nan

    @property
    def known(self) -> list[float]:
        """The values that are defined."""
        return [value for value in (self.original, self.bicubic, self.enhanced) if math.isfinite(value)]

    def limits(self) -> tuple[float, float]:
        """What the axis has to show, never of no extent."""
        ends = list(self.known)
        for reach in (self.variation, self.spread):
            if math.isfinite(reach) and math.isfinite(self.enhanced):
                ends += [self.enhanced - reach, self.enhanced + reach]
        low, high = min(ends), max(ends)
        pad = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        return low - pad, high + pad


def valuesOf(row: FeatureRow, stability: dict[str, Any] | None) -> tuple[FeatureValues, str]:
    """What is known of a feature, and words on the bins at which its variation was found.

    Args:
        row: The feature.
        stability: What `check_stability` of the package found, None when it was not checked.
    """
    values = FeatureValues(row.original, row.bicubic, row.enhanced)
    found = stability["variation"].get(row.key) if stability else None
    if not stability or not found:
        return values, ""
    variations = {
        bins: math.nan if value is None else value for bins, value in zip(stability["bins"], found, strict=True)
    }
    own = variations[stability["own"]]
    spread = stability["spread"].get(row.key, math.nan)
    return replace(values, variation=own, spread=spread), _binWords(variations, stability["own"])


def _binWords(variations: dict[str, float], own: str) -> str:
    """At which bins the variation was found, and what it is at the others."""
    said = {bins: number(value) for bins, value in variations.items()}
    if len(set(said.values())) == 1:
        return _(" whatever the bins")
    others = ", ".join(_("{value} at {bins}").format(value=said[bins], bins=bins) for bins in said if bins != own)
    return _(" at {own} ({others})").format(own=own, others=others)


def describe(values: FeatureValues, bins: str = "") -> str:
    """The same in words, for those who do not see the drawing.

    Args:
        values: What is drawn.
        bins: Said after the variation: at which bins, and what it is at others.
    """
    text = _("Original {original}, bicubic {bicubic}, enhanced {enhanced}.").format(
        original=number(values.original), bicubic=number(values.bicubic), enhanced=number(values.enhanced)
    )
    if not math.isfinite(values.variation):
        return f"{text} {_('Its variation under perturbation is not known: check stability.')}"
    text += " " + _("Perturbed it varies by {variation}{bins}.").format(variation=number(values.variation), bins=bins)
    if not math.isfinite(values.spread):
        return f"{text} {_('The model does not state the spread between lesions.')}"
    ratio = _("That is {ratio:.2f} of the spread between lesions, {spread}.")
    return f"{text} {ratio.format(ratio=values.variation / values.spread, spread=number(values.spread))}"


def draw(values: FeatureValues, textColour: Any) -> Any:
    """Draw a feature.

    Args:
        values: What to draw; at least one of the three values is defined.
        textColour: QColor of axis and labels, from the widget's palette.

    Returns:
        A QPixmap with a transparent background.
    """
    pixmap = qt.QPixmap(WIDTH, HEIGHT)
    pixmap.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter(pixmap)
    painter.setRenderHint(qt.QPainter.Antialiasing)
    _Drawing(painter, values, textColour).paint()
    painter.end()
    return pixmap


class _Drawing:
    def __init__(self, painter: Any, values: FeatureValues, textColour: Any) -> None:
        self._painter, self._values, self._textColour = painter, values, textColour
        self._low, self._high = values.limits()

    def paint(self) -> None:
        values = self._values
        self._band(values.spread, LANES[0] - 10, AXIS, SPREAD, 60)
        self._band(values.variation, LANES[2] - 9, LANES[2] + 9, ENHANCED, 110)
        self._painter.setPen(self._textColour)
        self._painter.drawLine(LEFT, AXIS, WIDTH - RIGHT, AXIS)
        self._text(number(self._low), LEFT, HEIGHT - 4)
        high = number(self._high)
        self._text(high, WIDTH - RIGHT - self._painter.fontMetrics().boundingRect(high).width(), HEIGHT - 4)
        for lane, name, value, shape, colour in (
            (LANES[0], _("original"), values.original, self._circle, ORIGINAL),
            (LANES[1], _("bicubic"), values.bicubic, self._square, BICUBIC),
            (LANES[2], _("enhanced"), values.enhanced, self._diamond, ENHANCED),
        ):
            self._text(name, 0, lane + 4)
            self._text(number(value), WIDTH - RIGHT + 14, lane + 4)
            if math.isfinite(value):
                self._painter.setBrush(qt.QBrush(qt.QColor(*colour)))
                shape(self._x(value), lane)

    def _x(self, value: float) -> int:
        part = (value - self._low) / (self._high - self._low)
        return round(LEFT + part * (WIDTH - LEFT - RIGHT))

    def _band(self, reach: float, top: int, bottom: int, colour: tuple[int, int, int], opacity: int) -> None:
        """What lies within a distance of the enhanced value; nothing when either is not known."""
        if math.isfinite(reach) and math.isfinite(self._values.enhanced):
            left, right = (self._x(self._values.enhanced + sign * reach) for sign in (-1, 1))
            self._painter.fillRect(left, top, max(1, right - left), bottom - top, qt.QColor(*colour, opacity))

    def _text(self, text: str, x: int, y: int) -> None:
        self._painter.drawText(x, y, text)

    def _circle(self, x: int, y: int) -> None:
        self._painter.drawEllipse(x - HALF, y - HALF, 2 * HALF, 2 * HALF)

    def _square(self, x: int, y: int) -> None:
        self._painter.drawRect(x - HALF, y - HALF, 2 * HALF, 2 * HALF)

    def _diamond(self, x: int, y: int) -> None:
        corners = ((0, -HALF - 2), (HALF + 2, 0), (0, HALF + 2), (-HALF - 2, 0))
        self._painter.drawPolygon(qt.QPolygon([qt.QPoint(x + dx, y + dy) for dx, dy in corners]))
