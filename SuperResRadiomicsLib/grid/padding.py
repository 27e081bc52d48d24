"""Padding that a network needs, and its removal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .types import Array


@dataclass(frozen=True)
class Padding:
    """Voxels added before and after each axis of an array, so that they can be removed again."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    def undo(self, array: Array, factor: int = 1) -> Array:
        """Remove the padding from an array that has been enlarged ``factor`` times since."""
        keep = tuple(
            slice(b * factor, n - a * factor) for b, a, n in zip(self.before, self.after, array.shape, strict=True)
        )
        return array[keep]


def pad_to_multiple(array: Array, multiples: Sequence[int]) -> tuple[Array, Padding]:
    """Pad each axis at its end, by reflection, to a multiple of what a network needs.

    Args:
        array: Any array.
        multiples: For each axis of the array the number that its length must be divisible by.

    Returns:
        The padded array (the same object where nothing is missing) and how to undo it.

    Examples:
        >>> padded, padding = pad_to_multiple(np.zeros((1, 5, 7)), (1, 4, 4))
        >>> padded.shape, padding.undo(padded).shape
        ((1, 8, 8), (1, 5, 7))
    """
    after = tuple(-n % m for n, m in zip(array.shape, multiples, strict=True))
    padding = Padding((0,) * array.ndim, after)
    if not any(after):
        return array, padding
    return np.pad(array, [(0, a) for a in after], mode="symmetric"), padding
