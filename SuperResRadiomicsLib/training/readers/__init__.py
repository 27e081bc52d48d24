"""Readers of public data sets in the layout in which they are distributed, one layout a file."""

from . import brats2018, deeplesion, dicom_series
from .reader import Reader

READERS = {"dicom": dicom_series.READER, "deeplesion": deeplesion.READER, "brats2018": brats2018.READER}

__all__ = ["READERS", "Reader"]
