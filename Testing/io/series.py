"""Small DICOM files for tests, written by pydicom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
}
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
Change = Callable[[Dataset, int], None]


def plain_dataset(modality: str, stored: np.ndarray, number: int) -> Dataset:
    """A file's dataset without place and pixel size."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CLASSES[modality], generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientID, data.InstanceNumber = modality, "P1", number + 1
    data.SeriesInstanceUID = data.StudyInstanceUID = "1.2.3"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = stored.shape[-2:]
    data.BitsAllocated = data.BitsStored = stored.dtype.itemsize * 8
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(stored.dtype.kind == "i")
    data.PixelData = stored.tobytes()
    return data


def write_series(
    folder: Path,
    stored: np.ndarray,
    modality: str = "CT",
    positions: np.ndarray | None = None,
    axes: Sequence[float] = (1, 0, 0, 0, 1, 0),
    spacing: tuple[float, float] = (0.8, 0.7),
    change: Change | None = None,
) -> Path:
    """One file for each slice of ``stored`` [k, j, i]; positions default to 2 mm apart along z."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, plane in enumerate(stored):
        data = plain_dataset(modality, plane, number)
        place = np.array([-30.0, 20.0, -100.0 + 2 * number]) if positions is None else positions[number]
        data.ImagePositionPatient = [f"{value:.6f}" for value in place]
        data.ImageOrientationPatient = [f"{value:.6f}" for value in axes]
        data.PixelSpacing, data.SliceThickness = [f"{value:.6f}" for value in spacing], 2
        if modality in ("CT", "PT"):
            data.RescaleSlope, data.RescaleIntercept = 1, 0
        if change:
            change(data, number)
        data.save_as(folder / f"IM{number:04d}.dcm", enforce_file_format=True)
    return folder


def enhanced_dataset(stored: np.ndarray, levels: Sequence[float], slopes: Sequence[float] | None = None) -> Dataset:
    """A multi-frame CT whose frames lie at ``levels`` along z."""
    data = plain_dataset("CT", stored, 0)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    data.NumberOfFrames = len(stored)
    shared = Dataset()
    shared.PixelMeasuresSequence = DicomSequence([Dataset()])
    shared.PixelMeasuresSequence[0].PixelSpacing, shared.PixelMeasuresSequence[0].SliceThickness = [0.8, 0.7], 2
    shared.PlaneOrientationSequence = DicomSequence([Dataset()])
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.SharedFunctionalGroupsSequence = DicomSequence([shared])
    frames = []
    for number, level in enumerate(levels):
        frame = Dataset()
        frame.PlanePositionSequence = DicomSequence([Dataset()])
        frame.PlanePositionSequence[0].ImagePositionPatient = [-30, 20, level]
        frame.PixelValueTransformationSequence = DicomSequence([Dataset()])
        frame.PixelValueTransformationSequence[0].RescaleSlope = 1 if slopes is None else slopes[number]
        frame.PixelValueTransformationSequence[0].RescaleIntercept = -1024
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    return data


def with_values(number: int | None, **values: object) -> Change:
    """Make a change of one slice, or of all: elements get values, or are taken out where the value is None."""

    def change(data: Dataset, slice_number: int) -> None:
        if number is None or slice_number == number:
            for keyword, value in values.items():
                if value is None:
                    delattr(data, keyword)
                else:
                    setattr(data, keyword, value)

    return change
