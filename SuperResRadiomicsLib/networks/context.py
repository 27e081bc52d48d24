"""Sides of a tile that are context only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Sides = tuple[bool, bool, bool, bool]
"""Top, bottom, left, right."""
NO_SIDE: Sides = (False, False, False, False)


def trim(value: Tensor, sides: Sides, pixels: int = 1) -> Tensor:
    """Cut pixels off the chosen sides (top, bottom, left, right) of a (batch, channels, height, width) tensor."""
    top, bottom, left, right = (pixels if side else 0 for side in sides)
    return value[..., top : value.shape[-2] - bottom, left : value.shape[-1] - right]
