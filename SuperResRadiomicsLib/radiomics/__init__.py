"""Radiomic features of a lesion, and their comparison between image versions."""

from .comparison import measure_versions
from .extract import extract_features
from .header import TableHeader
from .lesion_size import LesionMeasurements, measure_lesion
from .parameter_file import ParameterFile, read_parameter_file
from .settings import FeatureSettings
from .table import FeatureRow, FeatureTable
from .verdict import Verdict
from .versions import Lesion, LesionVersions

__all__ = [
    "FeatureRow",
    "FeatureSettings",
    "FeatureTable",
    "Lesion",
    "LesionMeasurements",
    "LesionVersions",
    "ParameterFile",
    "TableHeader",
    "Verdict",
    "extract_features",
    "measure_lesion",
    "measure_versions",
    "read_parameter_file",
]
