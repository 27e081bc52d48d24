"""How the rows of a true patch become thick slices: a plane across thick slices, made from an in-plane image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..grid import FloatArray, interpolate_bicubic
from ..operators import SliceProfile, correlated_noise
from .config import DegradationConfig
from .degradation import drawn, in_steps


@dataclass(frozen=True)
class ThickSlices:
    """Thick slices of known kind.

    Attributes:
        factor: Fine slices for each thick one.
        thickness: FWHM of the profile over the slice distance.
        shape: Shape of the profile; see `SliceProfile`.
        noise: Standard deviation of the noise in intensity units (HU, or shares of the window).
    """

    factor: int
    thickness: float = 1.0
    shape: str = "box"
    noise: float = 0.0

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"x{self.factor}-{self.shape}{self.thickness:g}-noise{self.noise:g}"

    @property
    def conditions(self) -> tuple[float, float, float]:
        """What steers the network."""
        return float(self.factor), self.thickness, self.noise

    @property
    def profile(self) -> SliceProfile:
        """The linear part."""
        return SliceProfile(self.factor, self.thickness, self.shape)


class DegradedSlices(NamedTuple):
    """A plane across thick slices.

    Attributes:
        interpolated: (height, width), its bicubic image; rows are fine slices.
        target: (height, width), the truth.
        slices: What was done to it.
    """

    interpolated: FloatArray
    target: FloatArray
    slices: ThickSlices


class SliceDegradation:
    """The configured thick slices: draws their kind, or applies a given one."""

    def __init__(self, settings: DegradationConfig) -> None:
        self.settings = settings

    def draw(self, fine: FloatArray, rng: np.random.Generator) -> DegradedSlices:
        """Turn a patch (height, width) into thick slices of a drawn kind; rows that fill no slice are left out."""
        slices = self._kind(rng)
        height = fine.shape[0] // slices.factor * slices.factor
        first = int(rng.integers(fine.shape[0] - height + 1))
        target = fine[first : first + height]
        return DegradedSlices(interpolate_bicubic(self.apply(target, slices, rng), target.shape), target, slices)

    def apply(self, fine: FloatArray, slices: ThickSlices, rng: np.random.Generator) -> FloatArray:
        """Measure (height, width) by thick slices: (height / factor, width)."""
        coarse = slices.profile.forward(fine)
        if slices.noise == 0:
            return coarse
        # Slices are reconstructed one by one: their noise is independent of one another, and correlated within each.
        correlation = self._correlation(rng)
        noise = correlated_noise((coarse.shape[0], 1, coarse.shape[1]), correlation, rng)[:, 0]
        return coarse + np.float32(slices.noise) * noise

    def _kind(self, rng: np.random.Generator) -> ThickSlices:
        """Draw the kind; only "touching, no noise" says exactly what was measured, which results are projected onto."""
        settings = self.settings
        factor = int(rng.choice(settings.slices.factors))
        if rng.random() < settings.both_clean_fraction:
            return ThickSlices(factor)
        touching = rng.random() < settings.clean_fraction
        thickness = 1.0 if touching else in_steps(rng.uniform(*settings.slices.thickness))
        noise = 0.0 if rng.random() < settings.clean_fraction else float(rng.uniform(*settings.noise))
        exact = thickness == 1.0 and noise == 0.0
        return ThickSlices(factor, thickness, "box" if exact else drawn(settings.slices.profiles, rng), noise)

    def _correlation(self, rng: np.random.Generator) -> float:
        settings = self.settings
        if settings.correlated_fraction == 0 or rng.random() >= settings.correlated_fraction:
            return 0.0
        return in_steps(rng.uniform(*settings.correlation_px))
