"""In which windows a series asks to be shown.

Source: DICOM PS3.3, C.11.2.1.2 (window center and window width, after the modality look-up table).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .slices import Slice

EXACT = "LINEAR_EXACT"
CURVED = "SIGMOID"
"""A window of this kind has no black and no white end."""

Windows = tuple[tuple[float, float], ...]


def windows_of(slices: Sequence[Slice]) -> Windows:
    """Read the windows that all slices share, in the order of the file.

    Returns:
        Intensities shown black and white, in the rescaled values' unit. Nothing where the slices state none, or each
        one its own, or what makes no window: how an image is shown never stands in the way of reading it.
    """
    stated = {tuple(each.value(keyword) for keyword in _KEYWORDS) for each in slices}
    if len(stated) != 1:
        return ()
    centres, widths, kind = stated.pop()
    if kind == CURVED:
        return ()
    pairs = zip(_numbers(centres), _numbers(widths), strict=False)
    return tuple(_ends(centre, width, kind) for centre, width in pairs if width >= 1 and math.isfinite(centre + width))


_KEYWORDS = ("WindowCenter", "WindowWidth", "VOILUTFunction")


def _ends(centre: float, width: float, kind: str) -> tuple[float, float]:
    if kind == EXACT:
        return centre - width / 2, centre + width / 2
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def _numbers(text: str) -> list[float]:
    """Read one number, or several as pydicom lists them; none where one of them is no number."""
    parts = text[1:-1].split(",") if text.startswith("[") else [text]
    try:
        return [float(part) for part in parts]
    except ValueError:
        return []
