"""Simoncelli's wavelet (PRT7): a band of frequencies, the same in every direction.

With a Riesz transform (AYRS) of the response, where that is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import SettingsError
from ...grid import FloatArray, Triple
from .bounded_filter import BoundedFilter, longest_reach, whole_numbers
from .riesz import check_orders, riesz_transfer

EVERYWHERE = 10**6
"""The filter looks at the whole image."""


@dataclass(frozen=True, kw_only=True)
class Simoncelli(BoundedFilter):
    """Band-pass B of a level, on the periodic image.

    Attributes:
        level: 1 is the band of the highest frequencies; each further one lies an octave lower.
        riesz: Orders along i, j, k of a Riesz transform of the response, or nothing.

    Examples:
        >>> Simoncelli(level=2).name, Simoncelli(riesz=(0, 2, 0)).name
        ('simoncelli-2', 'simoncelli-1-riesz-0-2-0')
    """

    image_type: ClassVar[str] = "Simoncelli"
    parameters: ClassVar[dict[str, str]] = {"level": "level", "riesz": "riesz"}

    boundary: str = "periodic"
    level: int = 1
    riesz: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.boundary != "periodic":
            raise SettingsError(f"The boundary of Simoncelli is '{self.boundary}'. It can only be periodic.")
        whole_numbers(self.level, 1, "level of Simoncelli's wavelet")
        check_orders(self.riesz)

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        orders = f"-riesz-{'-'.join(map(str, self.riesz))}" if self.riesz else ""
        return f"simoncelli-{self.level}{orders}"

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the whole image."""
        return longest_reach(EVERYWHERE)

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter; see `BoundedFilter.response`."""
        frequencies = angular_frequencies(voxels.shape)
        radius = np.sqrt(sum(each**2 for each in frequencies))
        transfer = _band(radius * 2 ** (self.level - 1)).astype(np.complex128)
        if self.riesz:
            transfer *= riesz_transfer(frequencies, self.riesz)
        filtered: FloatArray = np.fft.ifftn(np.fft.fftn(voxels) * transfer).real
        return filtered


def angular_frequencies(shape: tuple[int, ...]) -> list[FloatArray]:
    """List the angular frequencies along each axis, in the order of a Fourier transform, shaped to broadcast.

    They run from -pi to pi, both included: with these the consensus maps are met, with those of the discrete transform,
    which leave out pi, they differ by up to 8% of their range.
    """
    found: list[FloatArray] = []
    for axis, size in enumerate(shape):
        line = np.fft.ifftshift(np.linspace(-math.pi, math.pi, size)) if size > 1 else np.zeros(1)
        found.append(line.reshape([-1 if n == axis else 1 for n in range(len(shape))]))
    return found


def _band(radius: FloatArray) -> FloatArray:
    """Evaluate the mother wavelet at magnitudes of the angular frequency."""
    inside = (radius > math.pi / 4) & (radius <= math.pi)
    band = np.zeros(radius.shape)
    band[inside] = np.cos(math.pi / 2 * np.log2(2 * radius[inside] / math.pi))
    return band
