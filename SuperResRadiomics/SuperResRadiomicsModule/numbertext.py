"""Numbers as people write them."""

from __future__ import annotations

import math

from slicer.i18n import tr as _

DIGITS = 4
LARGEST, SMALLEST = 1e6, 1e-3
"""Outside of these magnitudes numbers are written with a power of ten."""
NOTHING = 0.0005
"""Relative changes below this are as good as none."""
UNDEFINED, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def number(value: float, digits: int = DIGITS) -> str:
    """A number with four digits and separated thousands, such as 12,200; a dash where it is not defined."""
    if not math.isfinite(value):
        return UNDEFINED
    if value != 0 and not SMALLEST <= abs(value) < LARGEST:
        mantissa, exponent = f"{value:.{digits - 2}e}".split("e")
        text = f"{mantissa}\N{MULTIPLICATION SIGN}10{str(int(exponent)).translate(SUPERSCRIPTS)}"
        return text.replace("-", MINUS)
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    text = f"{rounded:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def change(relative: float) -> str:
    """A relative change, such as +17% or +0.4%; a dash where it is not defined."""
    if not math.isfinite(relative):
        return UNDEFINED
    if relative == 0:
        return "0%"
    if abs(relative) < NOTHING:
        return "\N{ALMOST EQUAL TO} 0%"
    percent = 100 * relative
    text = f"{percent:+.1f}%" if abs(percent) < 9.95 else f"{percent:+,.0f}%"
    return text.replace("-", MINUS)


def percentRange(low: float, high: float) -> str:
    """A range of sizes of relative changes, such as ``17 to 41%``."""
    first, last = (_percent(100 * size) for size in (low, high))
    return f"{last}%" if first == last else _("{low} to {high}%").format(low=first, high=last)


def _percent(size: float) -> str:
    return f"{size:.1f}".rstrip("0").rstrip(".") if size < 9.95 else f"{size:,.0f}"
