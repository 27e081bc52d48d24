"""Pairs of a plane across thick slices and the true one, from in-plane images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .config import DataConfig, DegradationConfig
from .patches import Pair, PatchSampler, flip
from .slice_degradation import SliceDegradation
from .volumes import SliceStack


class SlicePairSampler(PatchSampler):
    """Draws in-plane patches whose rows become thick slices.

    Within a slice the resolution is what it lacks across slices, and tissue looks alike in all planes: in-plane
    images are pairs without end (Zhao et al. 2021, SMORE, doi:10.1109/TMI.2020.3037187). The network reads rows as
    fine slices, whatever plane they were taken from.
    """

    def __init__(self, stacks: Sequence[SliceStack], data: DataConfig, degradation: DegradationConfig) -> None:
        super().__init__(stacks, data, degradation)
        self.slices = SliceDegradation(degradation)

    def _pair(self, rng: np.random.Generator, side: int) -> Pair:
        patch, _ = self._place(rng, side)
        made = self.slices.draw(self._smooth(flip(patch, rng, self.data.modality), rng), rng)
        # A network must know every place within a thick slice: the patch begins at any of them.
        first = (made.target.shape[0] - side) // 2 - int(rng.integers(made.slices.factor))
        cut = (slice(first, first + side), slice(self.data.context, self.data.context + side))
        seen, truth = made.interpolated[cut], made.target[cut]
        return seen, seen, truth, made.slices.conditions
