"""Intensities: the window that the network sees, and voxels outside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ImageError
from ..grid.types import FloatArray
from ..io.image import Image
from ..io.whole_image import foreground_range
from ..models import Card

BLEND_SHARE = 1 / 150
"""Width of the blend at both ends of the window, as a share of it: about 20 HU for CT."""
MR_HEADROOM = 1.0
"""How far above its window a network for MR sees: enhancing rims and vessels lie above the 99.5 percentile, and clipped
to it they came back as dark dots."""


@dataclass(frozen=True)
class Window:
    """Maps intensities to the network's [0, 1] and back.

    Attributes:
        low: Intensity that becomes 0.
        high: Intensity that becomes 1.
        headroom: How far above ``high`` the network still sees, as a share of the window's width.

    Examples:
        >>> window = Window(-1024.0, 3072.0)
        >>> window.normalise(np.array([-1024.0, 1024.0])).tolist(), window.restore(np.array([0.5])).tolist()
        ([0.0, 0.5], [1024.0])
    """

    low: float
    high: float
    headroom: float = 0.0

    @property
    def brightest(self) -> float:
        """Highest intensity that the network sees."""
        return self.high + self.headroom * (self.high - self.low)

    def normalise(self, values: FloatArray) -> FloatArray:
        """Scale, and clip to [0, 1 + headroom]."""
        scaled = (values - self.low) / (self.high - self.low)
        return np.clip(scaled, 0.0, 1.0 + self.headroom).astype(np.float32, copy=False)

    def restore(self, scaled: FloatArray) -> FloatArray:
        """Scale [0, 1] back to intensities."""
        return scaled * np.float32(self.high - self.low) + np.float32(self.low)

    def weight(self, values: FloatArray) -> FloatArray:
        """Weight the network's change of each voxel: 1 where it sees the voxel, 0 where not, smooth between."""
        band = BLEND_SHARE * (self.high - self.low)
        inside = np.minimum(values - self.low, self.brightest - values) / band
        rise = np.clip(inside, 0.0, 1.0)
        return (rise * rise * (3 - 2 * rise)).astype(np.float32, copy=False)


def window_for(image: Image, card: Card) -> Window:
    """Find the window of a model for an image.

    CT has a fixed window in HU. Other modalities have no unit: the card's window then is in
    shares of `foreground_window` of the whole volume (never of a part, so that every region
    of a volume is scaled alike).

    Raises:
        ImageError: The image has no contrast.
    """
    if card.unit == "HU":
        return Window(*card.window)
    found = image.whole.foreground
    foreground = _checked(foreground_range(image.voxels) if found is None else found, image.name)
    share_low, share_high = card.window
    low, high = (foreground.low + share * (foreground.high - foreground.low) for share in (share_low, share_high))
    return Window(low, high)


def with_headroom(window: Window, modality: str) -> Window:
    """Let a network for MR see above its window; those of other modalities see the window alone."""
    return replace(window, headroom=MR_HEADROOM) if modality == "MR" else window


def foreground_window(voxels: npt.NDArray[Any], name: str) -> Window:
    """Measure the range between the 0.5 and 99.5 percentiles of a whole volume's foreground.

    Args:
        voxels: All voxels of the volume, any shape.
        name: What messages call it.

    Raises:
        ImageError: The foreground has one value.

    Examples:
        >>> window = foreground_window(np.arange(1001.0), "image")
        >>> 0 < window.low < window.high < 1000
        True
    """
    return _checked(foreground_range(voxels), name)


def _checked(found: tuple[float, float], name: str) -> Window:
    low, high = found
    if high <= low:
        raise ImageError(f"'{name}' has no contrast: its foreground has one value. A network cannot enhance it.")
    return Window(low, high)
