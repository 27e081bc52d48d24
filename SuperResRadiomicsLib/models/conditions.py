"""Where figures hold: the conditions under which they were measured, beside those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPACING_TOLERANCE = 0.01
TOLD_WORDS = {"blur_px": "blur told, in pixels", "noise": "noise told"}
"""What models may be told of a scan."""


def differences(known: Mapping[str, Any], spacing_mm: tuple[float, float], asked: Mapping[str, Any]) -> list[str]:
    """Say in which conditions a measurement differs from what is asked for; nothing where its figures hold.

    Args:
        known: Conditions of the measurement by name; all of them must be equal.
        spacing_mm: Least and largest in-plane pixel of the images that were measured.
        asked: Conditions by the same names, and ``spacing_mm``, the two in-plane pixels.

    Examples:
        >>> differences({"noise": 10.0}, (0.5, 1.0), {"noise": 25.0, "spacing_mm": [0.7, 0.7]})
        ['noise told: 10 there, 25 here']
        >>> differences({"noise": 10.0}, (0.5, 1.0), {"noise": 10.0, "spacing_mm": [0.7, 0.7]})
        []
    """
    found: list[str] = []
    for name, value in known.items():
        found += _apart(_words(name), value, asked.get(name))
    least, largest = spacing_mm
    pixels = asked["spacing_mm"]
    if min(pixels) < least * (1 - SPACING_TOLERANCE) or max(pixels) > largest * (1 + SPACING_TOLERANCE):
        found.append(f"pixels of {_range(least, largest)} mm there, {_range(min(pixels), max(pixels))} mm here")
    return found


def _apart(name: str, there: Any, here: Any) -> list[str]:
    """Say where two conditions differ; of several choices in one, only those that do."""
    if not (isinstance(there, Mapping) and isinstance(here, Mapping)):
        return [] if there == here else [f"{name}: {_said(there)} there, {_said(here)} here"]
    found: list[str] = []
    for key in dict.fromkeys((*there, *here)):
        # A choice that nobody made is None, or is not listed at all by what was written before it could be made.
        found += _apart(_words(key), there.get(key), here.get(key))
    return found


def _words(name: str) -> str:
    return TOLD_WORDS.get(name, name.replace("_", " "))


def _range(least: float, largest: float) -> str:
    ends = dict.fromkeys((f"{least:.2f}", f"{largest:.2f}"))
    return " to ".join(ends)


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value)) or "none"
    if isinstance(value, Mapping):
        rest = ", ".join(f"{_words(name)} {_said(part)}" for name, part in value.items() if name != "image_type")
        return " ".join(filter(None, (value.get("image_type", ""), rest))) or "none"
    return "none" if value is None else str(value)
