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
    found = [
        f"{_words(name)}: {_said(value)} there, {_said(asked.get(name))} here"
        for name, value in known.items()
        if asked.get(name) != value
    ]
    least, largest = spacing_mm
    pixels = asked["spacing_mm"]
    if min(pixels) < least * (1 - SPACING_TOLERANCE) or max(pixels) > largest * (1 + SPACING_TOLERANCE):
        here = " x ".join(f"{pixel:.2f}" for pixel in pixels)
        found.append(f"pixels of {least:.2f} to {largest:.2f} mm there, {here} mm here")
    return found


def _words(name: str) -> str:
    return TOLD_WORDS.get(name, name.replace("_", " "))


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, [], {}) else str(value)
