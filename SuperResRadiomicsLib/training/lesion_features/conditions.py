"""The scans under which features are compared."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import fft

from ...grid import FloatArray
from ...operators import Acquisition, correlated_noise


@dataclass(frozen=True)
class ScanCondition:
    """A degradation of known strength, and what methods are told of it.

    Attributes:
        name: How tables call it.
        blur_px: Blur in fine pixels, told.
        noise: Standard deviation of the noise in HU, told.
        family: Family of the blur, not told; see `blur_kernel`.
        sampling: Kind of sampling, not told; see `Acquisition`.
        correlation_px: Correlation of the noise in coarse pixels, not told.
        ramp: Whether the noise has the spectrum of filtered back-projection instead, rising with frequency.
        in_training: Whether `ct-gancircle-x2-radiomics` met this kind of scan in training.
    """

    name: str
    blur_px: float = 0.0
    noise: float = 0.0
    family: str = "gaussian"
    sampling: str = "average"
    correlation_px: float = 0.0
    ramp: bool = False
    in_training: bool = True

    @property
    def is_clean(self) -> bool:
        """Whether methods are told that there is neither blur nor noise."""
        return self.blur_px == 0 and self.noise == 0

    def degrade(self, truth: FloatArray, patient: str, seed: int) -> FloatArray:
        """Halve the resolution of slices (slice, height, width); a patient's noise is always the same."""
        coarse = Acquisition(2, self.blur_px, self.family, self.sampling).forward(truth)
        if self.noise == 0:
            return coarse
        rng = np.random.default_rng((seed, zlib.crc32(patient.encode()), zlib.crc32(self.name.encode())))
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
