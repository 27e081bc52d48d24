"""Enhancement: from an image and a model to the enhanced image and its bicubic twin."""

from .device import available_devices
from .lesions import enhance_lesions
from .model import LoadedModel, load_model
from .pasting import paste
from .pipeline import enhance
from .result import Enhancement, load_enhancement
from .whole import WholeEnhancement, enhance_whole

__all__ = [
    "Enhancement",
    "LoadedModel",
    "WholeEnhancement",
    "available_devices",
    "enhance",
    "enhance_lesions",
    "enhance_whole",
    "load_enhancement",
    "load_model",
    "paste",
]
