"""When a value agrees with a consensus value of the initiative."""

from __future__ import annotations

import math

DIGITS = 3
"""Significant digits of the consensus values."""


def agrees(value: float, reference: float, tolerance: float) -> bool:
    """Within the tolerance, and half a unit in the last digit that the consensus value has."""
    unit = 10.0 ** (math.floor(math.log10(abs(reference))) - DIGITS + 1) if reference else 0.0
    return abs(value - reference) <= (tolerance + unit / 2) * (1 + 1e-9)
