"""From a lesion and its settings to the images that an engine measures.

Preprocessing and filters happen here and only here, so that every engine measures the same images.
Filters see the same part of the image as in pyradiomics: all of it, or what preprocessing left.
Where a filter looks only so far around a voxel, the rest is cropped away first, which changes no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..grid import BoolArray
from ..io.image import Image
from .filters import ORIGINAL, Original
from .plan import MASK_CLASSES, ExtractionPlan
from .preprocessing import crop_to_reach


@dataclass(frozen=True)
class DerivedLesion:
    """One image to measure.

    Attributes:
        image_type: First part of the features' keys: ``original``, ``wavelet-LLH``.
        image: The image.
        mask: The lesion; boolean [k, j, i] of the image's shape.
        plan: What to compute on it; filters and preprocessing are done.
        own_bins: Whether the filter has bins of its own, which hold whatever bins are asked for.
    """

    image_type: str
    image: Image
    mask: BoolArray
    plan: ExtractionPlan
    own_bins: bool = False


def derived_lesions(image: Image, mask: BoolArray, plan: ExtractionPlan) -> Iterator[DerivedLesion]:
    """Preprocess and filter, one image after the other.

    Args:
        image: The image, in its own voxel type: integers stay integers when they are resampled.
        mask: Boolean array [k, j, i] of its shape, not empty.
        plan: The whole plan.

    Yields:
        The mask's shape first, then each filtered image. Where a step leaves a mask alone, it is the same object.

    Raises:
        ImageError: A step is not defined for this image.
        MaskError: Too little of the lesion is left.
        SettingsError: The settings do not fit this image.
        MissingDependencyError: A filter's package is not installed.
    """
    lesion = plan.preprocessing.apply(image, mask)
    of_mask = tuple(name for name in plan.classes if name in MASK_CLASSES)
    if of_mask:
        yield DerivedLesion(ORIGINAL, lesion.image, lesion.shape_mask, replace(plan, classes=of_mask))
    others = tuple(name for name in plan.classes if name not in MASK_CLASSES)
    if others:
        yield from filtered_lesions(lesion.image, lesion.mask, replace(plan, classes=others))


def filtered_lesions(image: Image, mask: BoolArray, plan: ExtractionPlan) -> Iterator[DerivedLesion]:
    """Filter a preprocessed image, one filter after the other; see `derived_lesions`."""
    for each in plan.filters:
        bins = (each.bin_width, each.bin_count) if each.has_own_bins else (plan.bin_width, plan.bin_count)
        reduced = replace(plan, bin_width=bins[0], bin_count=bins[1])
        near, part = image, mask
        if not isinstance(each, Original):  # which costs nothing
            reach = each.reach(near.spacing)
            near, part = crop_to_reach(near, part, reach, each.wraps, each.scales)
        for image_type, filtered in each.images(near, plan.planar_axis):
            yield DerivedLesion(image_type, filtered, part, reduced, each.has_own_bins)
