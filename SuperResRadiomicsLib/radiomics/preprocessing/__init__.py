"""Steps between an image and its features: normalise, resample, crop, resegment."""

from .cropping import crop_to_reach, reached_box
from .normalisation import Normalisation
from .preprocessing import NO_PREPROCESSING, PreprocessedLesion, Preprocessing
from .resampling import INTERPOLATORS, Resampling
from .resegmentation import Resegmentation

__all__ = [
    "INTERPOLATORS",
    "NO_PREPROCESSING",
    "Normalisation",
    "PreprocessedLesion",
    "Preprocessing",
    "Resampling",
    "Resegmentation",
    "crop_to_reach",
    "reached_box",
]
