"""Held-out figures of trained models, for their cards and for the tables of the papers."""

from .detection import evaluate_detector
from .enhancement import evaluate_contender, evaluate_enhancement
from .judges import further_judges
from .slices import evaluate_slices

__all__ = [
    "evaluate_contender",
    "evaluate_detector",
    "evaluate_enhancement",
    "evaluate_slices",
    "further_judges",
]
