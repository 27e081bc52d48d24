"""Where the lesion is: a box found by a network."""

from .detection import LesionDetection, detect_lesion
from .detector import LoadedDetector, load_detector

__all__ = ["LesionDetection", "LoadedDetector", "detect_lesion", "load_detector"]
