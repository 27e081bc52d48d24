"""An enhanced image as a DICOM series of its own: CT or MR Image Storage, one file a slice (PS3.3, A.3 and A.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from highdicom import UID
from highdicom.base import SOPClass
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import DSfloat

from ... import NOT_FOR_CLINICAL_USE
from ...errors import OutputError
from ...grid import Grid
from ..image import Image
from .equipment import NOTICE, equipment, names_as_given
from .source import Source

STORAGE_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage}
SERIES_NUMBER = 9001
LONGEST_DESCRIPTION = 1024
BITS = 16


class DerivedSlice(SOPClass):
    """One slice; what it copies from the source are patient, study and frame of reference, and nothing else."""

    def __init__(self, image: Image, source: Source, series: UID, number: int, description: str) -> None:
        first = source.first
        super().__init__(
            study_instance_uid=first.StudyInstanceUID,
            series_instance_uid=series,
            series_number=SERIES_NUMBER,
            sop_instance_uid=UID(),
            sop_class_uid=STORAGE_CLASSES[image.modality],
            instance_number=number,
            modality=image.modality,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            series_description=f"Super-resolved, {NOTICE}",
            **equipment(),
        )
        self.copy_patient_and_study_information(first)
        self.PatientPosition = ""
        self.Laterality = ""
        self.FrameOfReferenceUID = source.frame_of_reference
        self.PositionReferenceIndicator = ""
        self.ImageComments = NOT_FOR_CLINICAL_USE
        self.DerivationDescription = description[:LONGEST_DESCRIPTION]
        self.DerivationCodeSequence = [_code(codes.DCM.SpatialResampling)]
        self._describe_acquisition(image.modality)

    def _describe_acquisition(self, modality: str) -> None:
        """Attributes that must be there; of the scanner's own nothing holds any more."""
        if modality == "CT":
            self.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
            self.KVP = None
            self.AcquisitionNumber = None
        else:
            self.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
            self.ScanningSequence = "RM"  # research mode
            self.SequenceVariant = "NONE"
            self.ScanOptions = ""
            self.MRAcquisitionType = ""
            self.RepetitionTime = None
            self.EchoTime = None
            self.EchoTrainLength = None

    def set_plane(self, grid: Grid, k: int) -> None:
        """Say where slice k of a grid lies."""
        axes = np.reshape(grid.direction, (3, 3))
        corner = grid.index_to_world(np.array([0.0, 0.0, float(k)]))
        self.ImagePositionPatient = _decimals(corner)
        self.ImageOrientationPatient = _decimals([*axes[:, 0], *axes[:, 1]])
        self.PixelSpacing = _decimals([grid.spacing[1], grid.spacing[0]])
        self.SliceThickness = DSfloat(grid.spacing[2], auto_format=True)
        if self.Modality == "MR":
            self.SpacingBetweenSlices = DSfloat(grid.spacing[2], auto_format=True)

    def set_pixels(self, stored: npt.NDArray[Any], slope: float, intercept: float, unit: str) -> None:
        """Set one slice's stored values [j, i] and how they become intensities."""
        self.SamplesPerPixel = 1
        self.PhotometricInterpretation = "MONOCHROME2"
        self.Rows, self.Columns = stored.shape
        self.BitsAllocated = self.BitsStored = BITS
        self.HighBit = BITS - 1
        self.PixelRepresentation = int(stored.dtype.kind == "i")
        self.RescaleSlope = DSfloat(slope, auto_format=True)
        self.RescaleIntercept = DSfloat(intercept, auto_format=True)
        self.RescaleType = "HU" if unit == "HU" else "US"
        self.PixelData = np.ascontiguousarray(stored.astype(stored.dtype.newbyteorder("<"))).tobytes()

    def set_sources(self, sources: list[Dataset]) -> None:
        """Name the slices that it was computed from."""
        if sources:
            self.SourceImageSequence = [_reference(source) for source in sources]


@names_as_given()
def derived_series(image: Image, native: Grid, source: Source, description: str) -> list[DerivedSlice]:
    """Make the files of an enhanced image.

    Args:
        image: The enhanced image; CT or MR. Integers of 16 bits are kept to the bit; others are scaled to 16 bits.
        native: The grid of the image that it was computed from.
        source: The series of that image.
        description: What was done, in words.

    Returns:
        A data set for each slice k, in order.

    Raises:
        OutputError: An image of another modality, or without one.
    """
    if image.modality not in STORAGE_CLASSES:
        raise OutputError(
            f"The image's modality is {image.modality or 'not known'}; DICOM can be written for CT and MR. Choose "
            "another format, or say what the image is with --modality."
        )
    stored, slope, intercept = to_stored(image.voxels)
    slope, intercept = float(_decimals([slope])[0]), float(_decimals([intercept])[0])
    origins = [header for header in source.slices_of(native) if header is not None]
    series, made = UID(), []
    for k in range(image.grid.size[2]):
        one = DerivedSlice(image, source, series, k + 1, description)
        one.set_plane(image.grid, k)
        one.set_pixels(stored[k], slope, intercept, image.unit)
        one.set_sources(_sources_at(image.grid, k, source, origins))
        made.append(one)
    return made


def to_stored(voxels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], float, float]:
    """Turn intensities into integers of 16 bits.

    Returns:
        Stored values, slope and intercept: intensity = stored * slope + intercept. Integers that fit are kept as they
        are; of others the range is divided into 65535 steps.
    """
    if voxels.dtype.kind in "iub":
        low, high = int(voxels.min()), int(voxels.max())
        for kind in (np.int16, np.uint16):
            limits = np.iinfo(kind)
            if limits.min <= low and high <= limits.max:
                return voxels.astype(kind), 1.0, 0.0
    values = voxels.astype(np.float64)
    lowest, highest = float(values.min()), float(values.max())
    # The slope is rounded up as its decimals are written, so that the highest value still fits.
    slope = float(f"{(highest - lowest) / (2**BITS - 1) * (1 + 1e-9) or 1.0:.10g}")
    intercept = float(_decimals([lowest])[0])
    return np.clip(np.rint((values - intercept) / slope), 0, 2**BITS - 1).astype(np.uint16), slope, intercept


def _sources_at(grid: Grid, k: int, source: Source, origins: list[Dataset]) -> list[Dataset]:
    """Find the source's slices behind slice k: those in its plane where planes were kept, else all."""
    if not source.known:
        return []
    axes = np.reshape(grid.direction, (3, 3))
    place = float(np.asarray(grid.index_to_world(np.array([0.0, 0.0, float(k)]))) @ axes[:, 2])
    half = grid.spacing[2] / 2
    near = [
        header
        for header in origins
        if abs(float(np.asarray(header.ImagePositionPatient, float) @ axes[:, 2]) - place) <= half
    ]
    return near or list(source.headers)


def _reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.SOPClassUID
    item.ReferencedSOPInstanceUID = source.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [_code(codes.DCM.SourceImageForImageProcessingOperation)]
    return item


def _code(code: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _decimals(values: Any) -> list[DSfloat]:
    """Numbers as DICOM's decimal strings of 16 characters."""
    return [DSfloat(float(value), auto_format=True) for value in values]
