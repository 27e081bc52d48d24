"""Radiomic features of a lesion, and their comparison between image versions."""

from .comparison import compare
from .extract import extract_features
from .lesion import LesionMeasurements, measure_lesion
from .settings import FeatureSettings
from .table import FeatureRow, FeatureTable
from .verdict import Verdict
from .versions import LesionVersions

__all__ = [
    "FeatureRow",
    "FeatureSettings",
    "FeatureTable",
    "LesionMeasurements",
    "LesionVersions",
    "Verdict",
    "compare",
    "extract_features",
    "measure_lesion",
]
