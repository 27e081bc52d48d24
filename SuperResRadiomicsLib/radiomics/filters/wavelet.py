"""The stationary (undecimated) wavelet transform.

Every axis is low-pass (L) and high-pass (H) filtered; the eight combinations are images of the
original's size. Letters stand for the axes i, j, k; in 2D only for the two within the slices. Further
levels transform the all-low-pass image again.

Source: van Griethuysen et al., Cancer Research 77 (2017) e104; documentation of pyradiomics, ``getWaveletImage``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import MissingDependencyError, SettingsError
from ...grid import Array, Triple
from ...io.image import Image
from .image_filter import ImageFilter


@dataclass(frozen=True, kw_only=True)
class Wavelet(ImageFilter):
    """Wavelet decompositions.

    Attributes:
        wavelet: Name of a discrete wavelet of PyWavelets.
        start_level: So many decompositions come before the first one that is measured.
        level: So many decompositions are measured; the all-low-pass image of the last one only.
    """

    image_type: ClassVar[str] = "Wavelet"
    parameters: ClassVar[dict[str, str]] = {"wavelet": "wavelet", "start_level": "start_level", "level": "level"}

    wavelet: str = "coif1"
    start_level: int = 0
    level: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = _import_pywt().wavelist(kind="discrete")
        if self.wavelet not in allowed:
            raise SettingsError(f"The wavelet is '{self.wavelet}'. Choose one of: {', '.join(allowed)}.")
        if not isinstance(self.start_level, int) or self.start_level < 0:
            raise SettingsError(f"The start level of the wavelets is {self.start_level}. Give a whole number from 0.")
        if not isinstance(self.level, int) or self.level < 1:
            raise SettingsError(f"The number of wavelet levels is {self.level}. Give a whole number from 1.")

    @property
    def wraps(self) -> bool:
        """The transform takes the image as periodic."""
        return True

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Add up the filter's length for each level, and the voxel that makes an odd size even."""
        length = int(_import_pywt().Wavelet(self.wavelet).dec_len)
        voxels = (length + 1) * (self.start_level + self.level)
        return voxels, voxels, voxels

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield ``wavelet-LLH`` and so on; from the second level on ``wavelet2-LLH``."""
        axes = tuple(2 - axis for axis in range(3) if axis != planar_axis)
        # The transform needs even sizes: one voxel of the other end is appended and dropped again.
        voxels = np.pad(image.voxels, [(0, size % 2) for size in image.voxels.shape], "wrap")
        kept = tuple(slice(size) for size in image.voxels.shape)
        approximation = "a" * len(axes)
        for _ in range(self.start_level):
            voxels = self._transform(voxels, axes)[approximation]
        for number in range(1, self.level + 1):
            bands = self._transform(voxels, axes)
            voxels = bands[approximation]
            if number < self.level:
                del bands[approximation]
            name = f"wavelet{number if number > 1 else ''}"
            for letters in sorted(bands, key=lambda band: (band == approximation, band)):
                yield (
                    f"{name}-{letters.replace('a', 'L').replace('d', 'H')}",
                    image.with_voxels(np.ascontiguousarray(bands[letters][kept])),
                )

    def _transform(self, voxels: Array, axes: tuple[int, ...]) -> dict[str, Array]:
        bands: dict[str, Array] = _import_pywt().swtn(voxels, self.wavelet, level=1, axes=axes)[0]
        return bands


def _import_pywt() -> Any:
    try:
        import pywt
    except ImportError as error:
        raise MissingDependencyError(
            "Wavelet images were asked for, but PyWavelets is not installed. "
            "Install it with: pip install PyWavelets, or leave out the image type Wavelet."
        ) from error
    return pywt
