"""Which intensities a picture shows from black to white: what shows the inside of the lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..grid import Array, BoolArray
from ..io.image import Image
from ..radiomics.wording import number_text

CT_PRESETS = {"soft tissue": (-160.0, 240.0), "lung": (-1350.0, 150.0), "bone": (-500.0, 1300.0)}
"""Windows of a CT reading room in HU (level 40, width 400; -600, 1500; 400, 1800), the narrowest first."""
BULK = (10, 90)
"""Percentiles of the lesion that a window has to hold; at its edge voxels hold air or bone in part."""
WIDE = (1, 99)
MOST_WIDTHS = 8
"""A window that is so many times as wide as the lesion's values shows all of them in nearly one grey."""
LEAST_SHARE = 0.5
"""A window made of percentiles spans at least so much of what the picture holds."""


@dataclass(frozen=True)
class Window:
    """Intensities from black to white.

    Attributes:
        low: Shown black.
        high: Shown white.
        name: What the window is, for captions.
    """

    low: float
    high: float
    name: str


def choose_window(image: Image, mask: BoolArray) -> Window:
    """Choose the window in which a lesion is looked at.

    The first of these that holds nearly all of the lesion's voxels: a window that its file states, unless it is too
    wide to show differences within the lesion; for CT the narrowest preset. Else the lesion's percentiles 1 to 99 with
    half their width on both sides, widened to half the range of the picture where the lesion is even.

    Args:
        image: The image around the lesion.
        mask: The lesion on it; bool [k, j, i], some of it.

    Examples:
        >>> from SuperResRadiomicsLib.grid import Grid
        >>> voxels = np.full((1, 4, 4), -800.0)
        >>> voxels[0, 1:3, 1:3] = 30.0
        >>> scan = Image(voxels, Grid((4, 4, 1), (1.0, 1.0, 1.0)), modality="CT", unit="HU")
        >>> choose_window(scan, voxels > 0).name
        'soft tissue window, −160 to 240 HU'
    """
    lesion = image.voxels[mask]
    low, high = np.percentile(lesion, BULK)
    least, most = np.percentile(lesion, WIDE)
    unit = " HU" if image.unit == "HU" else ""
    for black, white in image.windows:
        if black <= low and high <= white and white - black <= MOST_WIDTHS * (most - least):
            return Window(black, white, f"window of the image's file, {_number(black)} to {_number(white)}{unit}")
    if image.unit == "HU":
        for name, (black, white) in CT_PRESETS.items():
            if black <= low and high <= white:
                return Window(black, white, f"{name} window, {_number(black)} to {_number(white)} HU")
    return _of_percentiles(image, lesion)


def _of_percentiles(image: Image, lesion: Array) -> Window:
    low, high = (float(value) for value in np.percentile(lesion, WIDE))
    least, most = (float(value) for value in np.percentile(image.voxels, WIDE))
    width = max(2 * (high - low), LEAST_SHARE * (most - least), 1e-6)
    middle = (low + high) / 2
    black, white = middle - width / 2, middle + width / 2
    if black < least:
        black, white = least, least + width
    unit = " HU" if image.unit == "HU" else ""
    return Window(black, white, f"window {_number(black)} to {_number(white)}{unit}, chosen by the lesion's values")


def _number(value: float) -> str:
    return number_text(value, digits=3)
