"""Do the bins suit the lesion's intensities? Texture needs more than one grey level and fewer than thousands."""

from __future__ import annotations

import math

import numpy as np

from ..grid import BoolArray, box_of_mask
from ..io.image import Image
from ..io.plane import guessed_plane_note
from ..io.plausibility import lesion_notes
from .settings import FeatureSettings

FEWEST_LEVELS, MOST_LEVELS = 3, 1000
GOOD_LEVELS = 32
"""Grey levels that a proposed width gives; pyradiomics' FAQ on bin widths advises 30 to 130."""


OTHER_SPREAD = 4.0
"""Ratio of spreads that no enhancement makes."""


def feature_warnings(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Collect all that there is to say before features are computed: of the image, of the lesion, of the settings.

    Args:
        image: The image.
        mask: The lesion; bool [k, j, i], not empty.
        settings: The settings.
    """
    return [*image.notes, *lesion_notes(image, mask), *settings_notes(image, mask, settings)]


def settings_notes(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Note what settings mean for a lesion: its number of grey levels, and slices that are only guessed.

    Args:
        image: The original image.
        mask: The lesion on it; bool [k, j, i], not empty.
        settings: The settings.
    """
    notes = grey_level_notes(image, mask, settings)
    planar = settings.slice_axis is None and settings.resolve_dimension(image.grid) == "2D"
    guessed = guessed_plane_note(image.whole_grid, image.name) if planar and image.through_plane is None else None
    return [*notes, *([guessed] if guessed else []), *_planar_shape_notes(image, mask, settings)]


def _planar_shape_notes(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Note that the class shape2D is left out, as pyradiomics leaves it out."""
    if "shape2D" not in settings.classes:
        return []
    axis = settings.through_plane(image.grid, image.through_plane)
    if settings.resolve_dimension(image.grid) == "2D" and box_of_mask(mask).size[axis] == 1:
        return []
    return ["shape2D is left out: it is of a lesion in a single slice, with texture in 2D (force2D)."]


def grey_level_notes(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Note that a bin width gives one grey level, two, or over a thousand, with a width that would do."""
    width = settings.bin_width
    if width is None or settings.preprocessing.normalisation is not None:
        return []
    values = image.voxels[mask]
    low, high = float(values.min()), float(values.max())
    levels = math.floor(high / width) - math.floor(low / width) + 1
    if FEWEST_LEVELS <= levels <= MOST_LEVELS:
        return []
    found = "one grey level" if levels == 1 else f"{levels} grey levels"
    advice = "there is no texture to measure"
    if high > low:
        advice = f"a width of about {proposed_width(low, high):g} would give {GOOD_LEVELS} (--bin-width)"
    return [
        f"The lesion's values in '{image.name}' run from {low:.4g} to {high:.4g}, so that a bin width of {width:g} "
        f"makes {found} of them; {advice}."
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


def version_notes(bicubic: Image, enhanced: Image, mask: BoolArray) -> list[str]:
    """Note that an enhanced image is on another scale than its bicubic twin.

    Args:
        bicubic: The twin.
        enhanced: The enhanced image on the same grid.
        mask: The lesion on it.
    """
    before, after = (image.voxels[mask].astype(np.float64) for image in (bicubic, enhanced))
    spread = float(np.ptp(np.percentile(before, (5, 95))))
    other = float(np.ptp(np.percentile(after, (5, 95))))
    shift = float(np.median(after) - np.median(before))
    if abs(shift) <= max(spread, 1e-12) and spread <= OTHER_SPREAD * other and other <= OTHER_SPREAD * spread:
        return []
    return [
        f"The enhanced image looks to be on another scale than its original: the lesion's median is "
        f"{np.median(after):.4g} against {np.median(before):.4g}, its spread {other:.4g} against {spread:.4g}. Check "
        "that both are in one unit."
    ]
