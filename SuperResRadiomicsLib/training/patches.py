"""Pairs of a degraded and a true patch, drawn at random and repeatably."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from ..enhancement.intensity import Window
from ..errors import SettingsError
from ..grid.types import FloatArray
from ..operators import BlurDecimate
from .config import DataConfig, DegradationConfig
from .degradation import Degradation
from .volumes import SliceStack

Pair = tuple[FloatArray, FloatArray, FloatArray, Sequence[float]]
"""Coarse, interpolated and true patch, and the conditions: how it was degraded."""
ATTEMPTS = 4


class Batch(NamedTuple):
    """Training pairs in intensity units (HU, or shares of the foreground's window).

    Attributes:
        coarse: (batch, height / factor, width / factor) degraded patches.
        interpolated: (batch, height, width) bicubic images of them.
        target: (batch, height, width) true patches.
        conditions: (batch, 2) blur in fine pixels and noise standard deviation of each; of thick slices (batch, 3)
            factor, thickness over slice distance, noise. The order is that of `TrainingConfig.condition_scales`.
    """

    coarse: FloatArray
    interpolated: FloatArray
    target: FloatArray
    conditions: FloatArray


class Stacks:
    """Training volumes by patient.

    Args:
        stacks: The volumes.
        smallest: Shortest side in pixels of the slices that can be used.

    Raises:
        SettingsError: No slice is that large.
    """

    def __init__(self, stacks: Sequence[SliceStack], smallest: int) -> None:
        self.usable = [stack for stack in stacks if min(stack.slices.shape[1:]) >= smallest]
        if not self.usable:
            raise SettingsError(
                f"No training slice is as large as a patch with its context ({smallest} pixels). "
                "Make data.patch or data.patch_sides smaller."
            )
        self._patients: dict[str, list[SliceStack]] = {}
        for stack in self.usable:
            self._patients.setdefault(stack.entry.patient, []).append(stack)
        self._names = sorted(self._patients)

    def draw(self, rng: np.random.Generator) -> SliceStack:
        """Draw a patient, then one of the patient's volumes."""
        volumes = self._patients[self._names[rng.integers(len(self._names))]]
        return volumes[rng.integers(len(volumes))]


class BatchSampler(ABC):
    """Draws batches of pairs of one side each."""

    def __init__(self, data: DataConfig) -> None:
        self.data = data
        self.sides = data.patch_sides or (data.patch,)

    def batch(self, size: int, *draw: int) -> Batch:
        """Draw a batch; the same numbers (such as seed and step) always give the same one.

        Args:
            size: Patches of side `DataConfig.patch`; with other sides as many as have about as
                many pixels together.
            draw: What the draw depends on.
        """
        rng = np.random.default_rng(draw)
        side = self.sides[rng.integers(len(self.sides))] if len(self.sides) > 1 else self.sides[0]
        count = max(2, round(size * (self.data.patch / side) ** 2)) if side != self.data.patch else size
        pairs = [self._pair(rng, side) for _ in range(count)]
        return Batch(*(np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True)))

    @abstractmethod
    def _pair(self, rng: np.random.Generator, side: int) -> Pair:
        """Draw one pair."""


class PatchSampler(BatchSampler):
    """Draws patches: a patient, one of its volumes, a place (random or on the lesion), a degradation."""

    def __init__(self, stacks: Sequence[SliceStack], data: DataConfig, degradation: DegradationConfig) -> None:
        super().__init__(data)
        self.stacks = Stacks(stacks, max(self.sides) + 2 * data.context)
        self.settings = degradation
        self.degradation = Degradation(degradation)
        self._lesions = {
            id(s): np.argwhere(s.lesion) for s in self.stacks.usable if s.lesion is not None and s.lesion.any()
        }

    def _pair(self, rng: np.random.Generator, side: int) -> Pair:
        if self.settings.sampling == "low-end-ultrasound":
            return self._frame_pair(rng, side)
        patch, window = self._place(rng, side)
        fine = self._smooth(flip(patch, rng, self.data.modality), rng)
        pair = self.degradation.draw(fine, rng, window)
        context, factor = self.data.context, self.settings.factor
        cut = (slice(context, context + side),) * 2
        coarse_cut = (slice(context // factor, (context + side) // factor),) * 2
        return pair.coarse[coarse_cut], pair.interpolated[cut], fine[cut], (pair.blur_px, pair.noise)

    def _frame_pair(self, rng: np.random.Generator, side: int) -> Pair:
        """Cut a patch of a whole degraded frame: attenuation depends on the depth in the frame."""
        stack = self.stacks.draw(rng)
        fine = flip(stack.slices[rng.integers(stack.slices.shape[0])], rng, self.data.modality)
        low = self.degradation.draw(fine, rng, stack.window).coarse
        top, left = (int(rng.integers(length - side + 1)) for length in fine.shape)
        cut = (slice(top, top + side), slice(left, left + side))
        return low[cut], low[cut], fine[cut], (0.0, 0.0)

    def _place(self, rng: np.random.Generator, side: int) -> tuple[FloatArray, Window]:
        for _ in range(ATTEMPTS):
            patch, window = self._cut(rng, side + 2 * self.data.context)
            if float((patch < self.data.air_below).mean()) <= self.data.max_air:
                break
        return patch, window

    def _cut(self, rng: np.random.Generator, side: int) -> tuple[FloatArray, Window]:
        stack = self.stacks.draw(rng)
        height, width = stack.slices.shape[1:]
        coarse = rng.random() < self.settings.coarse_fraction and min(height, width) >= 2 * side
        side = 2 * side if coarse else side
        lesion = self._lesions.get(id(stack))
        if lesion is not None and rng.random() < self.data.lesion_fraction:
            number, row, column = lesion[rng.integers(len(lesion))]
            top = int(np.clip(row - side // 2, 0, height - side))
            left = int(np.clip(column - side // 2, 0, width - side))
        else:
            number = rng.integers(stack.slices.shape[0])
            top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        patch = stack.slices[number, top : top + side, left : left + side]
        return (BlurDecimate(2).forward(patch) if coarse else patch), stack.window

    def _smooth(self, patch: FloatArray, rng: np.random.Generator) -> FloatArray:
        if rng.random() >= self.settings.smooth_fraction:
            return patch
        return gaussian_filter(patch, rng.uniform(*self.settings.smooth_px), mode="reflect")


def flip(patch: FloatArray, rng: np.random.Generator, modality: str) -> FloatArray:
    """Flip by one of the square's eight symmetries; ultrasound, whose depth has a direction, left and right only.

    Args:
        patch: (..., height, width).
        rng: Source of the draw.
        modality: Modality of the patch.
    """
    if modality == "US":
        return np.ascontiguousarray(patch[..., ::-1] if rng.random() < 0.5 else patch)
    turned = np.rot90(patch, int(rng.integers(4)), (-2, -1))
    return np.ascontiguousarray(turned.swapaxes(-2, -1) if rng.random() < 0.5 else turned)
