"""A drawing of one feature: its three values on a line, its variation, and the spread between lesions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import qt
from slicer.i18n import tr as _

from .featuretable import number

WIDTH, HEIGHT = 400, 96
LINE, LABELS = 50, 14  # Heights of the axis and of the first label.
MARGIN = 34
HALF = 5  # Of a mark, in pixels.
# Okabe and Ito's colours; each value has a shape of its own besides.
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


def describe(values: FeatureValues, bins: str = "") -> str:
    """The same in words, for those who do not see the drawing."""
    text = _("Original {original}, bicubic {bicubic}, enhanced {enhanced}.").format(
        original=number(values.original), bicubic=number(values.bicubic), enhanced=number(values.enhanced)
    )
    if not math.isfinite(values.variation):
        return f"{text} {_('Its variation under perturbation is not known: check stability.')}"
    text += " " + _("Perturbed ({bins}) it varies by {variation}.").format(
        bins=bins, variation=number(values.variation)
    )
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
        if math.isfinite(values.spread) and math.isfinite(values.enhanced):
            self._band(values.spread, 16, SPREAD, 60)
        if math.isfinite(values.variation) and math.isfinite(values.enhanced):
            self._band(values.variation, 8, ENHANCED, 110)
        self._painter.setPen(self._textColour)
        self._painter.drawLine(MARGIN, LINE, WIDTH - MARGIN, LINE)
        for value, shape, colour in (
            (values.original, self._circle, ORIGINAL),
            (values.bicubic, self._square, BICUBIC),
            (values.enhanced, self._diamond, ENHANCED),
        ):
            if math.isfinite(value):
                self._painter.setBrush(qt.QBrush(qt.QColor(*colour)))
                shape(self._x(value))
        self._legend()
        self._ends()

    def _x(self, value: float) -> int:
        part = (value - self._low) / (self._high - self._low)
        return round(MARGIN + part * (WIDTH - 2 * MARGIN))

    def _band(self, reach: float, half: int, colour: tuple[int, int, int], opacity: int) -> None:
        left, right = (self._x(self._values.enhanced + sign * reach) for sign in (-1, 1))
        self._painter.fillRect(left, LINE - half, max(1, right - left), 2 * half, qt.QColor(*colour, opacity))

    def _circle(self, x: int, y: int = LINE) -> None:
        self._painter.drawEllipse(x - HALF, y - HALF, 2 * HALF, 2 * HALF)

    def _square(self, x: int, y: int = LINE) -> None:
        self._painter.drawRect(x - HALF, y - HALF, 2 * HALF, 2 * HALF)

    def _diamond(self, x: int, y: int = LINE) -> None:
        corners = ((0, -HALF - 2), (HALF + 2, 0), (0, HALF + 2), (-HALF - 2, 0))
        self._painter.drawPolygon(qt.QPolygon([qt.QPoint(x + dx, y + dy) for dx, dy in corners]))

    def _legend(self) -> None:
        entries = (
            (_("original"), self._circle, ORIGINAL),
            (_("bicubic"), self._square, BICUBIC),
            (_("enhanced"), self._diamond, ENHANCED),
        )
        for place, (name, shape, colour) in enumerate(entries):
            x = MARGIN + place * (WIDTH - 2 * MARGIN) // len(entries)
            self._painter.setBrush(qt.QBrush(qt.QColor(*colour)))
            shape(x, LABELS)
            self._painter.drawText(x + HALF + 6, LABELS + 5, name)

    def _ends(self) -> None:
        metrics = self._painter.fontMetrics()
        low, high = number(self._low), number(self._high)
        self._painter.drawText(MARGIN, HEIGHT - 8, low)
        self._painter.drawText(WIDTH - MARGIN - metrics.boundingRect(high).width(), HEIGHT - 8, high)
