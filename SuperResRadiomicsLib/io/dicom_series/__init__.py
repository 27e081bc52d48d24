"""DICOM image series, every slice checked: read right or refused."""

from .files import DicomFile, damage_said, find_dicom_files, is_dicom, read_header
from .reading import DicomImage, read_dicom, read_files
from .series import choose_series, image_series

__all__ = [
    "DicomFile",
    "DicomImage",
    "choose_series",
    "damage_said",
    "find_dicom_files",
    "image_series",
    "is_dicom",
    "read_dicom",
    "read_files",
    "read_header",
]
