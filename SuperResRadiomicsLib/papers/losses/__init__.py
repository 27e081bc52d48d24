"""Losses that only comparators use: plain functions of tensors."""

from .contrastive import region_contrast
from .smoothness import smoothness
from .superpixels import region_means, superpixel_count, superpixels
from .teacher import certain_consistency

__all__ = [
    "certain_consistency",
    "region_contrast",
    "region_means",
    "smoothness",
    "superpixel_count",
    "superpixels",
]
