"""Pairs of a degraded and a true patch, drawn at random and repeatably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from ..errors import SettingsError
from ..grid import interpolate_bicubic
from ..operators import BlurDecimate
from .config import DataConfig, DegradationConfig
from .volumes import SliceStack

FloatArray = npt.NDArray[np.float32]
BLUR_STEP_PX = 0.05
"""Blur is drawn in steps, so that the operators' matrices are made once and kept."""
ATTEMPTS = 4


@dataclass(frozen=True)
class Batch:
    """Training pairs in intensity units.

    Attributes:
        coarse: (batch, height / factor, width / factor) degraded patches.
        interpolated: (batch, height, width) bicubic images of them.
        target: (batch, height, width) true patches.
        blur_px: (batch,) blur of each.
        noise: (batch,) noise standard deviation of each.
    """

    coarse: FloatArray
    interpolated: FloatArray
    target: FloatArray
    blur_px: FloatArray
    noise: FloatArray


class PatchSampler:
    """Draws patches: a patient, one of its volumes, a place (random or on the lesion), a degradation."""

    def __init__(self, stacks: Sequence[SliceStack], data: DataConfig, degradation: DegradationConfig) -> None:
        side = data.patch + 2 * data.context
        usable = [s for s in stacks if min(s.slices.shape[1:]) >= side]
        if not usable:
            raise SettingsError(
                f"No training slice is as large as a patch with its context ({side} pixels). Make data.patch smaller."
            )
        self.data = data
        self.degradation = degradation
        self.side = side
        self.patients: dict[str, list[SliceStack]] = {}
        for stack in usable:
            self.patients.setdefault(stack.entry.patient, []).append(stack)
        self.names = sorted(self.patients)
        self._lesions = {id(s): np.argwhere(s.lesion) for s in usable if s.lesion is not None and s.lesion.any()}

    def batch(self, size: int, seed: int, step: int) -> Batch:
        """Draw the batch of a step; the same seed and step always give the same batch."""
        rng = np.random.default_rng((seed, step))
        pairs = [self._pair(rng) for _ in range(size)]
        return Batch(*(np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True)))

    def _pair(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray, float, float]:
        fine = self._smooth(_flip(self._place(rng), rng), rng)
        blur, noise = self._draw_degradation(rng)
        coarse = BlurDecimate(self.degradation.factor, blur).forward(fine)
        if noise > 0:
            coarse = coarse + noise * rng.standard_normal(coarse.shape, dtype=np.float32)
        context, patch = self.data.context, self.data.patch
        cut = (slice(context, context + patch),) * 2
        factor = self.degradation.factor
        coarse_cut = (slice(context // factor, (context + patch) // factor),) * 2
        return coarse[coarse_cut], interpolate_bicubic(coarse, fine.shape)[cut], fine[cut], blur, noise

    def _place(self, rng: np.random.Generator) -> FloatArray:
        for _ in range(ATTEMPTS):
            patch = self._cut(rng)
            if float((patch < self.data.air_below).mean()) <= self.data.max_air:
                break
        return patch

    def _cut(self, rng: np.random.Generator) -> FloatArray:
        volumes = self.patients[self.names[rng.integers(len(self.names))]]
        stack = volumes[rng.integers(len(volumes))]
        height, width = stack.slices.shape[1:]
        coarse = rng.random() < self.degradation.coarse_fraction and min(height, width) >= 2 * self.side
        side = 2 * self.side if coarse else self.side
        lesion = self._lesions.get(id(stack))
        if lesion is not None and rng.random() < self.data.lesion_fraction:
            number, row, column = lesion[rng.integers(len(lesion))]
            top = int(np.clip(row - side // 2, 0, height - side))
            left = int(np.clip(column - side // 2, 0, width - side))
        else:
            number = rng.integers(stack.slices.shape[0])
            top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        patch = stack.slices[number, top : top + side, left : left + side]
        return BlurDecimate(2).forward(patch) if coarse else patch

    def _smooth(self, patch: FloatArray, rng: np.random.Generator) -> FloatArray:
        if rng.random() >= self.degradation.smooth_fraction:
            return patch
        return gaussian_filter(patch, rng.uniform(*self.degradation.smooth_px), mode="reflect")

    def _draw_degradation(self, rng: np.random.Generator) -> tuple[float, float]:
        settings = self.degradation
        if rng.random() < settings.both_clean_fraction:
            return 0.0, 0.0
        blur = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.blur_px)
        noise = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.noise)
        return round(blur / BLUR_STEP_PX) * BLUR_STEP_PX, float(noise)


def _flip(patch: FloatArray, rng: np.random.Generator) -> FloatArray:
    """One of the eight symmetries of the square."""
    turned = np.rot90(patch, int(rng.integers(4)))
    return np.ascontiguousarray(turned.T if rng.random() < 0.5 else turned)
