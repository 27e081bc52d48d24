"""Changes that a trustworthy feature survives: of the mask, of the image's place, of its noise.

The set of Zwanenburg et al. 2019 (doi:10.1038/s41598-018-36938-4) and the opening and closing of de
Farias et al. 2021. Each is a small value with its parameters and its seed, so that it can be
recorded and repeated to the bit.
"""

from .change import Perturbation, describe
from .image_changes import NoiseAddition, Rotation, Translation, estimate_noise
from .mask_changes import Closing, ContourRandomisation, Opening, VolumeChange

__all__ = [
    "Closing",
    "ContourRandomisation",
    "NoiseAddition",
    "Opening",
    "Perturbation",
    "Rotation",
    "Translation",
    "VolumeChange",
    "describe",
    "estimate_noise",
]
