"""Bins where none were asked for: a width of 25, but for images whose values are too small for it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..grid import BoolArray
from ..io.image import Image
from .scales import HOUNSFIELD
from .settings import DEFAULT_BIN_WIDTH, FeatureSettings

GOOD_LEVELS = 32
"""Grey levels that a proposed width gives; pyradiomics' FAQ on bin widths advises 30 to 130."""


def with_default_bins(image: Image, mask: BoolArray, settings: FeatureSettings) -> FeatureSettings:
    """Set the width of the bins where neither a width nor a count was asked for.

    It is `DEFAULT_BIN_WIDTH`. In units other than HU, of a lesion whose values span less than that (diffusion maps,
    uptake values, scaled images), it is `proposed_width`; a wider bin would leave one or two gray levels.

    Args:
        image: The image; of several versions of one lesion the original.
        mask: The lesion on it; bool [k, j, i], not empty.
        settings: The settings.

    Returns:
        Settings with bins; the same object where it had them.

    Examples:
        >>> from SuperResRadiomicsLib import as_image
        >>> diffusion = as_image(np.linspace(0.0, 3e-3, 64).reshape(4, 4, 4), modality="MR", spacing=(1, 1, 1))
        >>> with_default_bins(diffusion, np.ones((4, 4, 4), dtype=bool), FeatureSettings(engine="exact")).bin_width
        0.0001
    """
    if not settings.bins_by_default:
        return settings
    if image.unit == HOUNSFIELD:
        return replace(settings, bin_width=DEFAULT_BIN_WIDTH)
    low, high = _range(image, mask, settings)
    suits = low == high or high - low >= DEFAULT_BIN_WIDTH
    return replace(settings, bin_width=DEFAULT_BIN_WIDTH if suits else proposed_width(low, high))


def default_bin_notes(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Say so where another width than the usual one is used; the arguments are those of `with_default_bins`."""
    width = with_default_bins(image, mask, settings).bin_width
    if not settings.bins_by_default or width == DEFAULT_BIN_WIDTH:
        return []
    low, high = _range(image, mask, settings)
    return [
        f"The lesion's values in '{image.name}' run from {low:.4g} to {high:.4g}, too close for the usual bin width of "
        f"{DEFAULT_BIN_WIDTH:g}. A width of {width:g} was chosen. To compare lesions, give all of them one width "
        "(--bin-width)."
    ]


def proposed_width(low: float, high: float) -> float:
    """Propose a width of one significant digit, 1, 2 or 5, that gives about 32 levels.

    Examples:
        >>> proposed_width(0.0, 800.0)
        20.0
    """
    wanted = (high - low) / GOOD_LEVELS
    power = 10.0 ** math.floor(math.log10(wanted))
    steps = np.array([1.0, 2.0, 5.0, 10.0]) * power
    return float(steps[np.abs(np.log(steps / wanted)).argmin()])


def _range(image: Image, mask: BoolArray, settings: FeatureSettings) -> tuple[float, float]:
    """Find the lesion's least and greatest value after what changes it; resampling changes the range too little."""
    steps = replace(settings.preprocessing, resampling=None, minimum_voxels=0)
    if steps.changes_values:
        lesion = steps.apply(image, mask)
        image, mask = lesion.image, lesion.mask
    values = image.voxels[mask]
    return float(np.min(values)), float(np.max(values))
