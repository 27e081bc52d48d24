"""Radiomic features of a lesion, and their comparison between image versions."""

from .comparison import compare
from .extract import extract_features
from .lesion import LesionMeasurements, measure_lesion
from .parameter_file import ParameterFile, read_parameter_file
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
    "ParameterFile",
    "Verdict",
    "compare",
    "extract_features",
    "measure_lesion",
    "read_parameter_file",
]
