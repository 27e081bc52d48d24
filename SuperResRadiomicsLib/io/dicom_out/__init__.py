"""DICOM out: an image as a derived series, a mask as Segmentation, numbers as Parametric Map (extra ``dicom``)."""

from .derived import derived_series
from .segmentation import SEGMENT, parametric_map, segmentation
from .source import Source, read_source

__all__ = ["SEGMENT", "Source", "derived_series", "parametric_map", "read_source", "segmentation"]
