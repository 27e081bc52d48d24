"""Warnings before features: above all whether bins suit the lesion, since texture needs more than one grey level."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ..grid import BoolArray, box_of_mask
from ..io.image import Image
from ..io.plane import guessed_plane_note
from ..io.plausibility import lesion_notes
from .default_bins import GOOD_LEVELS, default_bin_notes, proposed_width, with_default_bins
from .derived import DerivedLesion, derived_lesions
from .filters import ORIGINAL, UNFILTERED
from .ibsi import IbsiEngine
from .plan import MASK_CLASSES
from .settings import FeatureSettings
from .slow_shape import slow_shape_notes

FEWEST_LEVELS, MOST_LEVELS = 3, 1000
SHOWN = 6
"""Filtered images that are named in one sentence."""

OTHER_SPREAD = 4.0
"""Ratio of spreads that no enhancement makes."""


def feature_warnings(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Collect all that there is to say before features are computed: of the image, of the lesion, of the settings.

    Args:
        image: The image.
        mask: The lesion; bool [k, j, i], not empty.
        settings: The settings.
    """
    return [
        *image.notes,
        *lesion_notes(image, mask),
        *settings_notes(image, mask, settings),
        *slow_shape_notes(mask, settings),
    ]


def settings_notes(image: Image, mask: BoolArray, settings: FeatureSettings) -> list[str]:
    """Note what settings mean for a lesion: bins that were chosen, its grey levels, and slices that are only guessed.

    Args:
        image: The original image.
        mask: The lesion on it; bool [k, j, i], not empty.
        settings: The settings.
    """
    notes = default_bin_notes(image, mask, settings)
    notes += grey_level_notes(image, mask, with_default_bins(image, mask, settings))
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
    """Note that bins give one grey level, two, or over a thousand, with bins that would do.

    Args:
        image: The original image.
        mask: The lesion on it; bool [k, j, i], not empty.
        settings: The settings. What preprocessing and filters make of the image is looked at too.
    """
    if not set(settings.classes) - set(MASK_CLASSES):
        return []
    notes, of_filters = [], []
    for lesion in _binned_lesions(image, mask, settings):
        plan, values = lesion.plan, lesion.image.voxels[lesion.mask]
        low, high = float(values.min()), float(values.max())
        levels = _levels(low, high, plan.bin_width, plan.bin_count)
        if FEWEST_LEVELS <= levels <= MOST_LEVELS:
            continue
        if lesion.image_type == ORIGINAL:
            notes.append(_unsuited(lesion, low, high, levels, settings.preprocessing.changes_values))
        else:
            of_filters.append(f"{lesion.image_type} ({_counted(levels)} from {low:.3g} to {high:.3g})")
    if of_filters:
        listed, more = ", ".join(of_filters[:SHOWN]), len(of_filters) - SHOWN
        notes.append(
            f"The bins do not suit the lesion's values in what filters make of '{image.name}': {listed}"
            f"{f' and {more} more' if more > 0 else ''}. Give these filters bins of their own in a parameter file, or "
            "a bin count (--bin-count)."
        )
    return notes


def _binned_lesions(image: Image, mask: BoolArray, settings: FeatureSettings) -> Iterator[DerivedLesion]:
    """Give the images that are binned; what resampling alone changes is too little to be computed twice."""
    steps = settings.preprocessing
    axis = settings.through_plane(image.grid, image.through_plane)
    plan = settings.plan(image.grid, settings.resolve_dimension(image.grid), axis, image.name)
    plan = replace(plan, classes=tuple(name for name in plan.classes if name not in MASK_CLASSES))
    plain = settings.filters == UNFILTERED and not steps.normalisation and not steps.resegmentation
    if plain or settings.engine == IbsiEngine.name:  # which resamples before it filters
        yield DerivedLesion(ORIGINAL, image, mask, plan)
    else:
        yield from derived_lesions(image, mask, plan)


def _levels(low: float, high: float, width: float | None, count: int | None) -> int:
    if low == high:
        return 1
    return count or 0 if width is None else math.floor(high / width) - math.floor(low / width) + 1


def _counted(levels: int) -> str:
    return "one grey level" if levels == 1 else f"{levels} grey levels"


def _unsuited(lesion: DerivedLesion, low: float, high: float, levels: int, changed: bool) -> str:
    plan = lesion.plan
    bins = f"bin count of {plan.bin_count}" if plan.bin_width is None else f"bin width of {plan.bin_width:g}"
    advice = "there is no texture to measure"
    if high > low and plan.bin_width is None:
        advice = f"a count of {GOOD_LEVELS} would do (--bin-count)"
    elif high > low:
        advice = f"a width of about {proposed_width(low, high):g} would give {GOOD_LEVELS} (--bin-width)"
    return (
        f"The lesion's values in '{lesion.image.name}'{' after preprocessing' if changed else ''} run from {low:.4g} "
        f"to {high:.4g}, so that a {bins} makes {_counted(levels)} of them; {advice}."
    )


def version_notes(images: Mapping[str, Image], masks: Mapping[str, BoolArray]) -> list[str]:
    """Note that the bicubic image is on another scale than the original, or the enhanced one than the bicubic.

    Args:
        images: By ``original``, ``bicubic`` and ``enhanced``.
        masks: The lesion on each; bool [k, j, i].
    """
    notes = []
    for before, after in (("original", "bicubic"), ("bicubic", "enhanced")):
        median, spread = _median_and_spread(images[before], masks[before])
        other_median, other_spread = _median_and_spread(images[after], masks[after])
        alike = spread <= OTHER_SPREAD * other_spread and other_spread <= OTHER_SPREAD * spread
        if abs(other_median - median) > max(spread, 1e-12) or not alike:
            notes.append(
                f"The {after} image looks to be on another scale than the {before} one: the lesion's median is "
                f"{other_median:.4g} against {median:.4g}, its spread {other_spread:.4g} against {spread:.4g}. Check "
                "that both are in one unit."
            )
    return notes


def _median_and_spread(image: Image, mask: BoolArray) -> tuple[float, float]:
    low, middle, high = np.percentile(image.voxels[mask].astype(np.float64), (5, 50, 95))
    return float(middle), float(high - low)
