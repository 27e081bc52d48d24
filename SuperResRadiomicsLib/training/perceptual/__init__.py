"""Perceptual features and distances behind one interface.

Each model has a name that its numbers carry; distances of different models are not comparable.
"""

from .distance import FeatureModel, PerceptualModel, perceptual_distance
from .encoder import PerceptualEncoder
from .lpips_vgg import LpipsVgg, load_lpips_vgg
from .shipped import load_perceptual, read_perceptual_card
from .st_lpips import StLpips

__all__ = [
    "FeatureModel",
    "LpipsVgg",
    "PerceptualEncoder",
    "PerceptualModel",
    "StLpips",
    "load_lpips_vgg",
    "load_perceptual",
    "perceptual_distance",
    "read_perceptual_card",
]
