"""Enhancement: from an image and a model to the enhanced image and its bicubic twin."""

from .device import available_devices
from .model import LoadedModel, load_model
from .pipeline import enhance
from .result import Enhancement, load_enhancement

__all__ = [
    "Enhancement",
    "LoadedModel",
    "available_devices",
    "enhance",
    "load_enhancement",
    "load_model",
]
