"""Checks of what a loss is given."""

from __future__ import annotations

from torch import Tensor


def check_same_shape(first: Tensor, second: Tensor) -> None:
    """Raise ValueError unless both tensors have one shape: broadcasting would hide a mistake."""
    if first.shape != second.shape:
        raise ValueError(f"both must have one shape; given are {tuple(first.shape)} and {tuple(second.shape)}")
