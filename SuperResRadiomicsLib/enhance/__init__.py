"""Enhancement: from an image and a model to the enhanced image and its bicubic twin; and where the lesion is."""

from .detection import LesionDetection, detect_lesion
from .detector import LoadedDetector, load_detector
from .device import available_devices
from .model import LoadedModel, load_model
from .pipeline import enhance
from .result import Enhancement, load_enhancement

__all__ = [
    "Enhancement",
    "LesionDetection",
    "LoadedDetector",
    "LoadedModel",
    "available_devices",
    "detect_lesion",
    "enhance",
    "load_detector",
    "load_enhancement",
    "load_model",
]
