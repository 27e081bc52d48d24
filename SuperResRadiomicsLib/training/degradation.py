"""How a true patch becomes a degraded one in training, validation and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..enhancement.intensity import Window
from ..grid import FloatArray, interpolate_bicubic
from ..operators import BlurDecimate, KSpaceTruncation, LowEndUltrasound, rician_noise
from .config import DegradationConfig

BLUR_STEP_PX = 0.05
"""Blur is drawn in steps, so that the operators' matrices are made once and kept."""
HU_WINDOW = Window(0.0, 1.0)
"""HU are not scaled."""


class DegradedPatch(NamedTuple):
    """A degraded patch with what was done to it.

    Attributes:
        coarse: (height / factor, width / factor).
        interpolated: (height, width), its bicubic image.
        blur_px: Standard deviation of the blur in fine pixels.
        noise: Standard deviation of the noise in intensity units.
    """

    coarse: FloatArray
    interpolated: FloatArray
    blur_px: float
    noise: float


@dataclass(frozen=True)
class Sampling:
    """The linear part of a degradation of known strength.

    Attributes:
        factor: Decimation factor along both in-plane axes.
        kind: ``average`` or ``k-space``; see `DegradationConfig`.
        blur_px: Standard deviation of the blur in fine pixels.
    """

    factor: int
    kind: str
    blur_px: float = 0.0

    def forward(self, fine: FloatArray) -> FloatArray:
        """Degrade (..., height, width)."""
        if self.kind == "k-space":
            fine = BlurDecimate(1, self.blur_px).forward(fine) if self.blur_px else fine
            return KSpaceTruncation(self.factor).forward(fine).astype(np.float32)
        return BlurDecimate(self.factor, self.blur_px).forward(fine)


class Degradation:
    """The configured degradation: draws its strength, or applies a given one."""

    def __init__(self, settings: DegradationConfig) -> None:
        self.settings = settings
        self.low_end = LowEndUltrasound()

    def draw(self, fine: FloatArray, rng: np.random.Generator, window: Window = HU_WINDOW) -> DegradedPatch:
        """Degrade a patch (height, width) by a strength drawn from the configured ranges.

        Args:
            fine: True values, in shares of the window.
            rng: Source of all draws.
            window: What the scanner's values were scaled by: magnitudes and echoes have a true zero.
        """
        blur, noise, sampling = *self._strength(rng), self.settings.sampling
        if sampling == "either":
            sampling = "k-space" if rng.random() < 0.5 else "average"
        coarse = self.apply(fine, sampling, blur, noise, rng, window)
        interpolated = coarse if self.settings.factor == 1 else interpolate_bicubic(coarse, fine.shape)
        return DegradedPatch(coarse, interpolated, blur, noise)

    def apply(
        self,
        fine: FloatArray,
        sampling: str,
        blur_px: float,
        noise: float,
        rng: np.random.Generator,
        window: Window = HU_WINDOW,
    ) -> FloatArray:
        """Degrade slices (..., height, width) by a given strength; see `DegradationConfig` for the kinds."""
        if sampling == "low-end-ultrasound":
            return to_shares(self.low_end.degrade(window.restore(fine), rng), window)
        coarse = Sampling(self.settings.factor, sampling, blur_px).forward(fine)
        return self._add_noise(coarse, noise, rng, window) if noise > 0 else coarse

    def _add_noise(
        self, coarse: FloatArray, noise: float, rng: np.random.Generator, window: Window = HU_WINDOW
    ) -> FloatArray:
        if self.settings.noise_kind == "rician":
            magnitude = rician_noise(window.restore(coarse), noise * (window.high - window.low), rng)
            return to_shares(magnitude, window)
        return coarse + np.float32(noise) * rng.standard_normal(coarse.shape, dtype=np.float32)

    def _strength(self, rng: np.random.Generator) -> tuple[float, float]:
        settings = self.settings
        if rng.random() < settings.both_clean_fraction:
            return 0.0, 0.0
        blur = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.blur_px)
        noise = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.noise)
        return round(blur / BLUR_STEP_PX) * BLUR_STEP_PX, float(noise)


def to_shares(values: npt.NDArray, window: Window) -> FloatArray:
    """Scale values to shares of a window, without clipping."""
    return ((values - window.low) / (window.high - window.low)).astype(np.float32)
