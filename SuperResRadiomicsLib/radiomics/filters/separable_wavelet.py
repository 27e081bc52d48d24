"""Separable wavelets of the standard (25BO): one undecimated response map, also invariant to rotation.

pyradiomics' ``Wavelet`` gives all maps, takes the image as periodic and knows no invariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import SettingsError
from ...grid import FloatArray, Triple
from .bounded_filter import BoundedFilter, longest_reach, whole_numbers
from .laws import separable
from .rotations import mean, turned_responses
from .wavelet import _import_pywt


@dataclass(frozen=True, kw_only=True)
class SeparableWavelet(BoundedFilter):
    """One response map.

    Attributes:
        wavelet: Name of a discrete wavelet of PyWavelets.
        bands: ``L`` or ``H`` along i, j, k: two letters in 2D, three in 3D.
        level: Level of the decomposition; those before it are low-pass.
        invariant: Take the mean over all right-angled turns.

    Examples:
        >>> SeparableWavelet(wavelet="db3", bands="LLH").name
        'wavelet-db3-LLH-1-invariant'
    """

    image_type: ClassVar[str] = "SeparableWavelet"
    parameters: ClassVar[dict[str, str]] = {
        **BoundedFilter.parameters,
        "wavelet": "wavelet",
        "bands": "bands",
        "level": "level",
        "invariant": "invariant",
    }

    wavelet: str = "db3"
    bands: str = "LLH"
    level: int = 1
    invariant: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = _import_pywt().wavelist(kind="discrete")
        if self.wavelet not in allowed:
            raise SettingsError(f"The wavelet is '{self.wavelet}'. Choose one of: {', '.join(allowed)}.")
        if len(self.bands) not in (2, 3) or set(self.bands) - set("LH"):
            raise SettingsError(f"The bands are '{self.bands}'. Give two (2D) or three (3D) letters, each L or H.")
        whole_numbers(self.level, 1, "level of the wavelet")

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        return f"wavelet-{self.wavelet}-{self.bands}-{self.level}{'-invariant' if self.invariant else ''}"

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the kernels of all levels."""
        length = int(_import_pywt().Wavelet(self.wavelet).dec_len)
        return longest_reach(length * (2**self.level - 1))

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter; see `BoundedFilter.response`."""
        if len(self.bands) != voxels.ndim:
            raise SettingsError(
                f"The bands of the wavelet are '{self.bands}', for {len(self.bands)} dimensions; texture is "
                f"{voxels.ndim}D. Name one for each axis."
            )
        if self.invariant:
            return mean(turned_responses(voxels, self._decomposed))
        return self._decomposed(voxels)

    def _decomposed(self, voxels: FloatArray) -> FloatArray:
        bank = _import_pywt().Wavelet(self.wavelet)
        low, high = np.array(bank.dec_lo), np.array(bank.dec_hi)
        for level in range(1, self.level):
            voxels = separable(voxels, [_spread(low, level)] * voxels.ndim, self.boundary)
        kernels = [_spread(low if letter == "L" else high, self.level) for letter in self.bands]
        return separable(voxels, kernels, self.boundary)


def _spread(kernel: FloatArray, level: int) -> FloatArray:
    """Put zeros behind each coefficient: the kernel of a level without decimation."""
    step = 2 ** (level - 1)
    spread = np.zeros(kernel.size * step)
    spread[::step] = kernel
    return spread
