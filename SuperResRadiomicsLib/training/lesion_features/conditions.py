"""The scans under which features are compared."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import fft

from ...enhancement.intensity import Window
from ...grid import FloatArray
from ...operators import Acquisition, correlated_noise, rician_noise
from ..degradation import HU_WINDOW, to_shares


@dataclass(frozen=True)
class ScanCondition:
    """A degradation of known strength, and what methods are told of it.

    Attributes:
        name: How tables call it.
        blur_px: Blur in fine pixels, told.
        noise: Standard deviation of the noise in HU, or in shares of the foreground's window; told.
        family: Family of the blur, not told; see `blur_kernel`.
        sampling: Kind of sampling, not told; see `Acquisition`.
        correlation_px: Correlation of the noise in coarse pixels, not told.
        ramp: Whether the noise has the spectrum of filtered back-projection instead, rising with frequency.
        rician: Whether the noise is that of magnitude images instead.
        in_training: Whether the model that draws samples met this kind of scan in training.
    """

    name: str
    blur_px: float = 0.0
    noise: float = 0.0
    family: str = "gaussian"
    sampling: str = "average"
    correlation_px: float = 0.0
    ramp: bool = False
    rician: bool = False
    in_training: bool = True

    @property
    def is_clean(self) -> bool:
        """Whether methods are told that there is neither blur nor noise."""
        return self.blur_px == 0 and self.noise == 0

    def degrade(
        self, truth: FloatArray, lesion: str, seed: int, factor: int = 2, window: Window = HU_WINDOW
    ) -> FloatArray:
        """Degrade slices (slice, height, width); a lesion's noise is always the same.

        Args:
            truth: True slices, sides divisible by the factor.
            lesion: Name of the lesion.
            seed: Of all noise.
            factor: Fine pixels a coarse pixel; 1 keeps the pixels.
            window: What the scanner's values were scaled by, whose zero Rician noise knows.
        """
        coarse = Acquisition(factor, self.blur_px, self.family, self.sampling).forward(truth) if factor > 1 else truth
        if self.noise == 0:
            return coarse
        rng = np.random.default_rng((seed, zlib.crc32(lesion.encode()), zlib.crc32(self.name.encode())))
        if self.rician:
            noisy = rician_noise(window.restore(coarse), self.noise * (window.high - window.low), rng)
            return to_shares(noisy, window)
        if self.ramp:
            drawn = _ramp_noise(coarse.shape, rng)
        else:
            drawn = correlated_noise(coarse.shape, self.correlation_px, rng)
        return coarse + np.float32(self.noise) * drawn

    def describe(self) -> dict[str, Any]:
        """Describe everything about it, for JSON."""
        return asdict(self)


CT_CONDITIONS = (
    ScanCondition("clean"),
    ScanCondition("0.8px-10HU", 0.8, 10.0),
    ScanCondition("1.0px-25HU", 1.0, 25.0),
    ScanCondition("0.6px-15HU-correlated", 0.6, 15.0, correlation_px=0.7),
    ScanCondition("exponential-0.8px-10HU", 0.8, 10.0, family="exponential", in_training=False),
    ScanCondition("k-space-10HU", 0.0, 10.0, sampling="k-space"),
    ScanCondition("point-10HU", 0.0, 10.0, sampling="point"),
    ScanCondition("0.6px-15HU-ramp", 0.6, 15.0, ramp=True, in_training=False),
)
"""The first four have targets; the others ask whether training degradations were too easy a test."""
MR_CONDITIONS = (
    ScanCondition("k-space", sampling="k-space"),
    ScanCondition("k-space-noise-0.03", 0.0, 0.03, sampling="k-space", rician=True),
    ScanCondition("mean-0.5px-noise-0.03", 0.5, 0.03, rician=True),
    ScanCondition("mean-0.5px-noise-0.08", 0.5, 0.08, rician=True),
    ScanCondition("point-noise-0.03", 0.0, 0.03, sampling="point", rician=True, in_training=False),
)
"""Half the matrix; the first is what Moummad et al. 2022 resample."""
MR_DENOISING_CONDITIONS = (
    ScanCondition("noise-0.03", noise=0.03, rician=True),
    ScanCondition("noise-0.06", noise=0.06, rician=True),
    ScanCondition("noise-0.12", noise=0.12, rician=True),
    ScanCondition("noise-0.06-correlated", noise=0.06, correlation_px=0.7, in_training=False),
)
"""Fewer excitations: the noise of magnitude images; the last is correlated and Gaussian."""
CONDITIONS = {("CT", 2): CT_CONDITIONS, ("MR", 2): MR_CONDITIONS, ("MR", 1): MR_DENOISING_CONDITIONS}
"""By modality and factor."""


def _ramp_noise(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Noise of filtered back-projection with a smooth window: power rises with frequency, then falls.

    Amplitude |f|^(1/2) times a Hann window over the frequencies, unit variance.
    """
    rows, columns = (np.fft.fftfreq(length) for length in shape[-2:])
    frequency = np.hypot(rows[:, None], columns)
    amplitude = np.sqrt(frequency) * np.cos(np.pi * np.minimum(frequency, 0.5)) ** 2
    amplitude /= np.sqrt(np.mean(amplitude**2))
    spectrum = fft.fft2(rng.standard_normal(shape, dtype=np.float32)) * amplitude
    return np.real(fft.ifft2(spectrum)).astype(np.float32)
