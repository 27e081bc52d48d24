"""How a true patch becomes a degraded one in training, validation and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..enhancement.intensity import Window
from ..grid import FloatArray, interpolate_bicubic
from ..operators import (
    Acquisition,
    BlurDecimate,
    KSpaceTruncation,
    LowEndUltrasound,
    correlated_noise,
    rician_noise,
    streak_noise,
)
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
        kind: A sampling of `Acquisition`.
        blur_px: Standard deviation of the blur in fine pixels.
        family: Family of the blur; see `blur_kernel`.
    """

    factor: int
    kind: str
    blur_px: float = 0.0
    family: str = "gaussian"

    def forward(self, fine: FloatArray) -> FloatArray:
        """Degrade (..., height, width)."""
        if self.family != "gaussian" or self.kind in ("point", "lanczos"):
            return Acquisition(self.factor, self.blur_px, self.family, self.kind).forward(fine)
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
        blur, noise = self._strength(rng)
        sampling, family = self._kind(blur, noise, rng)
        coarse = self.apply(fine, sampling, blur, noise, rng, window, family)
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
        family: str = "gaussian",
    ) -> FloatArray:
        """Degrade slices (..., height, width) by a given strength; see `DegradationConfig` for the kinds."""
        if sampling == "low-end-ultrasound":
            return to_shares(self.low_end.degrade(window.restore(fine), rng), window)
        coarse = Sampling(self.settings.factor, sampling, blur_px, family).forward(fine)
        return self._add_noise(coarse, noise, rng, window) if noise > 0 else coarse

    def _add_noise(
        self, coarse: FloatArray, noise: float, rng: np.random.Generator, window: Window = HU_WINDOW
    ) -> FloatArray:
        if self.settings.noise_kind == "rician":
            magnitude = rician_noise(window.restore(coarse), noise * (window.high - window.low), rng)
            return to_shares(magnitude, window)
        return coarse + np.float32(noise) * self._unit_noise(coarse.shape, rng)

    def _unit_noise(self, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
        """Draw white or correlated noise, or streaks."""
        settings = self.settings
        if settings.streak_fraction and rng.random() < settings.streak_fraction:
            direction, across = rng.uniform(0, np.pi), rng.uniform(*settings.correlation_px)
            return streak_noise(shape, direction, rng.uniform(*settings.streak_px), across, rng)
        return correlated_noise(shape, self._correlation(rng), rng)

    def _correlation(self, rng: np.random.Generator) -> float:
        """Correlation of this patch's noise in coarse pixels, in steps like the blur; mostly none."""
        settings = self.settings
        if settings.correlated_fraction == 0 or rng.random() >= settings.correlated_fraction:
            return 0.0
        return in_steps(rng.uniform(*settings.correlation_px))

    def _kind(self, blur: float, noise: float, rng: np.random.Generator) -> tuple[str, str]:
        """Choose this patch's sampling and blur family.

        A clean patch has no kernel, and in a mixture of samplings is a plain mean: only there does "no blur, no
        noise" say exactly what the measurement is, which is what results are projected onto.
        """
        settings, is_clean = self.settings, blur == 0 and noise == 0
        sampling: str = settings.sampling
        if sampling == "either":
            sampling = "k-space" if rng.random() < 0.5 else "average"
        elif sampling == "mixed":
            sampling = "average" if is_clean else drawn(settings.samplings, rng)
        return sampling, "gaussian" if is_clean else drawn(settings.blur_families, rng)

    def _strength(self, rng: np.random.Generator) -> tuple[float, float]:
        settings = self.settings
        if rng.random() < settings.both_clean_fraction:
            return 0.0, 0.0
        blur = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.blur_px)
        noise = 0.0 if rng.random() < settings.clean_fraction else rng.uniform(*settings.noise)
        return in_steps(blur), float(noise)


def in_steps(length_px: float) -> float:
    """Round a strength to the steps in which strengths are drawn."""
    return round(length_px / BLUR_STEP_PX) * BLUR_STEP_PX


def drawn(weights: Mapping[Any, float], rng: np.random.Generator) -> str:
    """Draw one of the names, as often as their weights say; nothing is drawn where there is one only."""
    names = list(weights)
    if len(names) == 1:
        return names[0]
    shares = np.array(list(weights.values()))
    return names[rng.choice(len(names), p=shares / shares.sum())]


def to_shares(values: npt.NDArray, window: Window) -> FloatArray:
    """Scale values to shares of a window, without clipping."""
    return ((values - window.low) / (window.high - window.low)).astype(np.float32)
