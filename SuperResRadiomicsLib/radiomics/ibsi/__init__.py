"""The features of the Image Biomarker Standardisation Initiative (IBSI), by its definitions and names."""

from .engine import IbsiEngine, box_reach

__all__ = ["IbsiEngine", "box_reach"]
