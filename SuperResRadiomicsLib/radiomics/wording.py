"""Numbers and changes of features as people write them."""

from __future__ import annotations

import math

DASH, MINUS, TIMES = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_SUPERSCRIPT = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALLEST, _LARGEST = 1e-3, 1e6
_LEAST_SHARE = 5e-4
"""A smaller change is none at the digits that are written, and has no sign."""
_LEAST_HU = 5e-3
"""Likewise: scanners give whole Hounsfield units."""
_ROUNDING = 1e-9
"""A change by less is no change, but what computing with real numbers leaves."""
_LONG = 1e4
"""A change of so many times is written with a power of ten."""


def number_text(value: float, sign: bool = False, digits: int = 4) -> str:
    """Write a number with the digits that count; a dash where it is not defined.

    Args:
        value: The number.
        sign: Whether a plus sign stands before it where it is positive.
        digits: How many count, up to four; whole numbers keep theirs.

    Examples:
        >>> number_text(0.71879), number_text(12345.6), number_text(1.63e7), number_text(float("nan"))
        ('0.7188', '12,346', '1.63 × 10⁷', '–')
        >>> number_text(109.8, digits=2)
        '110'
    """
    if not math.isfinite(value):
        return DASH
    size = abs(value)
    if size and not _SMALLEST <= size < _LARGEST:
        mantissa, exponent = f"{size:.2e}".split("e")
        text = f"{float(mantissa):g} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    elif size >= 10_000:
        text = f"{size:,.0f}"
    else:
        text = f"{size:.0f}" if 10**digits <= size < 1000 else f"{size:.{4 if size >= 1000 else digits}g}"
    return (_sign(value) if sign or value < 0 else "") + text


def percent_text(fraction: float) -> str:
    """Write a fraction as a percentage with its sign; large ones without decimals, since these say nothing.

    Examples:
        >>> percent_text(0.1234), percent_text(-2.5), percent_text(-0.0001), percent_text(float("nan"))
        ('+12.3%', '−250%', '0.0%', '–')
    """
    if not math.isfinite(fraction):
        return DASH
    size = abs(fraction)
    if size < _ROUNDING:
        return "0%"
    if size < _LEAST_SHARE:
        return "0.0%"
    if size >= _LONG:
        return f"{_sign(fraction)}{number_text(100 * size)}%"
    return _sign(fraction) + (f"{size:.1%}" if size < 1 else f"{size:,.0%}")


def change_text(change: float, relative: float, unit: str) -> str:
    """Write a change as its scale allows: as a percentage, or in the feature's unit.

    Args:
        change: In the feature's unit.
        relative: The same as a fraction; NaN where the scale allows none.
        unit: As `unit_of` names it.

    Examples:
        >>> change_text(-6.0, float("nan"), "HU"), change_text(1.0, 0.25, "")
        ('−6 HU', '+25.0%')
        >>> change_text(-0.0017, float("nan"), "HU")
        '0.00 HU'
    """
    if math.isfinite(relative):
        return percent_text(relative)
    if unit == "HU" and 0 < abs(change) < _LEAST_HU:
        return "0.00 HU"
    text = number_text(change, sign=True, digits=3)
    return text if text == DASH else f"{text} {unit_text(unit)}".rstrip()


def unit_text(unit: str) -> str:
    """Write a unit: ``mm3`` as mm³.

    Examples:
        >>> unit_text("mm3"), unit_text("/mm"), unit_text("HU2")
        ('mm³', '1/mm', 'HU²')
    """
    shown = {"/mm": "1/mm", "mm2": "mm²", "mm3": "mm³", "HU2": "HU²"}
    return shown.get(unit, unit)


def _sign(value: float) -> str:
    return "+" if value > 0 else MINUS if value < 0 else ""
