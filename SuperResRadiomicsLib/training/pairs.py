"""Pairs of patches from two devices' images of the same place, or from anywhere on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SettingsError
from ..grid.types import FloatArray
from .config import DataConfig
from .patches import BatchSampler, Pair, Stacks, flip
from .volumes import SliceStack


class PairSampler(BatchSampler):
    """Draws patches of low-end and high-end images: of the same place, or, unpaired, of both sides independently.

    Args:
        stacks: Volumes with the low-end image of the same place; unpaired, volumes of both sides.
        data: How patches are taken; `DataConfig.paired` says which of both.

    Raises:
        SettingsError: One side has no image, or none that is as large as a patch.
    """

    def __init__(self, stacks: Sequence[SliceStack], data: DataConfig) -> None:
        super().__init__(data)
        low = [stack for stack in stacks if stack.entry.is_low]
        high = [stack for stack in stacks if not stack.entry.is_low]
        sides = {"high-end": high} if data.paired else {"low-end": low, "high-end": high}
        for name, known in sides.items():
            if not known:
                raise SettingsError(f"No {name} image has the role 'train'. Give some in '{data.splits}'.")
        self.high = Stacks(high, max(self.sides))
        self.low = None if data.paired else Stacks(low, max(self.sides))

    def _pair(self, rng: np.random.Generator, side: int) -> Pair:
        if self.low is None:
            stack = self.high.draw(rng)
            assert stack.low is not None
            low, high = self._patches(rng, side, stack.low, stack.slices)
        else:
            low, high = (self._patches(rng, side, stacks.draw(rng).slices)[0] for stacks in (self.low, self.high))
        return low, low, high, (0.0, 0.0)

    def _patches(self, rng: np.random.Generator, side: int, *images: FloatArray) -> FloatArray:
        """Cut the same patch of images (slice, height, width) of the same place: (image, side, side)."""
        number = rng.integers(images[0].shape[0])
        top, left = (int(rng.integers(length - side + 1)) for length in images[0].shape[1:])
        cut = number, slice(top, top + side), slice(left, left + side)
        return flip(np.stack([image[cut] for image in images]), rng, self.data.modality)
