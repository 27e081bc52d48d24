"""Small data sets in the layouts of the public ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image

INTERCEPT = -1024
SIZE = (52, 48)


def texture(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Smooth noise of standard deviation about 60."""
    noise = np.random.default_rng(seed).normal(0, 200, shape)
    return gaussian_filter(noise, [0] * (len(shape) - 2) + [1.0, 1.0])


def _object(storage: str, modality: str, series: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = storage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Modality, dataset.SeriesInstanceUID, dataset.StudyInstanceUID = modality, series, "1.2.3"
    dataset.PatientID = dataset.PatientName = "made-up"
    return dataset


def _save(dataset: Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for name, value in attributes.items():
        setattr(item, name, value)
    return item


def _text(values: np.ndarray) -> list[str]:
    return [f"{value:.10g}" for value in np.ravel(values)]


def _pixels(dataset: Dataset, rows: int, columns: int, bits: int) -> None:
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0


def write_series(folder: Path, voxels: np.ndarray, grid: Grid, modality: str = "CT", image_type: str = "AXIAL") -> str:
    """Write a volume as a DICOM series whose file names are not in the order of the slices; returns its UID."""
    uid = generate_uid()
    axes = np.reshape(grid.direction, (3, 3))
    names = np.random.default_rng(0).permutation(len(voxels))
    for k, plane in enumerate(voxels):
        dataset = _object(CTImageStorage if modality == "CT" else MRImageStorage, modality, uid)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", image_type]
        dataset.InstanceNumber = int(names[k]) + 1
        dataset.ImagePositionPatient = _text(grid.index_to_world((0, 0, k)))
        dataset.ImageOrientationPatient = _text(axes[:, :2].T)
        dataset.PixelSpacing = _text(np.array(grid.spacing[1::-1]))
        dataset.SliceThickness = grid.spacing[2]
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, INTERCEPT
        _pixels(dataset, *plane.shape, 16)
        dataset.PixelData = (plane.astype(np.int32) - INTERCEPT).astype(np.uint16).tobytes()
        _save(dataset, folder / f"1-{names[k] + 1:03d}.dcm")
    return uid


def write_rtstruct(path: Path, series: str, structures: dict[str, list[np.ndarray]]) -> None:
    """Write named structures, each a list of contours (n, 3) in mm, that were drawn on a series."""
    dataset = _object(RTStructureSetStorage, "RTSTRUCT", generate_uid())
    referenced = _item(RTReferencedSeriesSequence=[_item(SeriesInstanceUID=series)])
    dataset.ReferencedFrameOfReferenceSequence = [_item(RTReferencedStudySequence=[referenced])]
    dataset.StructureSetROISequence = [_item(ROINumber=n, ROIName=name) for n, name in enumerate(structures, start=1)]
    dataset.ROIContourSequence = [
        _item(
            ReferencedROINumber=n,
            ContourSequence=[
                _item(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(contour),
                    ContourData=_text(contour),
                )
                for contour in contours
            ],
        )
        for n, contours in enumerate(structures.values(), start=1)
    ]
    _save(dataset, path)


def write_segmentation(
    path: Path, series: str, segments: dict[str, np.ndarray], grid: Grid, fractional: bool = False
) -> None:
    """Write masks [k, j, i] as a SEG object, without their empty slices and from the last slice to the first."""
    dataset = _object(SegmentationStorage, "SEG", generate_uid())
    dataset.ReferencedSeriesSequence = [_item(SeriesInstanceUID=series)]
    dataset.SegmentationType = "FRACTIONAL" if fractional else "BINARY"
    dataset.SegmentSequence = [
        _item(SegmentNumber=n, SegmentLabel=name, SegmentDescription="") for n, name in enumerate(segments, start=1)
    ]
    axes = np.reshape(grid.direction, (3, 3))
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=_text(axes[:, :2].T))],
            PixelMeasuresSequence=[
                _item(PixelSpacing=_text(np.array(grid.spacing[1::-1])), SliceThickness=grid.spacing[2])
            ],
        )
    ]
    frames, groups = [], []
    for number, mask in enumerate(segments.values(), start=1):
        for k in reversed(np.flatnonzero(mask.any(axis=(1, 2)))):
            frames.append(mask[k])
            groups.append(
                _item(
                    SegmentIdentificationSequence=[_item(ReferencedSegmentNumber=number)],
                    PlanePositionSequence=[_item(ImagePositionPatient=_text(grid.index_to_world((0, 0, k))))],
                )
            )
    dataset.PerFrameFunctionalGroupsSequence, dataset.NumberOfFrames = groups, len(frames)
    _pixels(dataset, grid.size[1], grid.size[0], 8 if fractional else 1)
    stack = np.stack(frames)
    if fractional:
        dataset.MaximumFractionalValue = 255
        dataset.PixelData = stack.astype(np.uint8).tobytes()
    else:
        packed = np.packbits(stack.astype(np.uint8).ravel(), bitorder="little").tobytes()
        dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    _save(dataset, path)


DEEPLESION_COLUMNS = [
    "File_name",
    "Patient_index",
    "Study_index",
    "Series_ID",
    "Key_slice_index",
    "Measurement_coordinates",
    "Bounding_boxes",
    "Lesion_diameters_Pixel_",
    "Normalized_lesion_location",
    "Coarse_lesion_type",
    "Possibly_noisy",
    "Slice_range",
    "Spacing_mm_px_",
    "Image_size",
    "DICOM_windows",
    "Patient_gender",
    "Patient_age",
    "Train_Val_Test",
]


def deeplesion_row(patient: int, number: int, box: str, role: int, noisy: int = 0) -> dict[str, object]:
    """A row of DeepLesion's table."""
    row: dict[str, object] = dict.fromkeys(DEEPLESION_COLUMNS, "0")
    return row | {
        "File_name": f"{patient:06d}_01_02_{number:03d}.png",
        "Patient_index": patient,
        "Key_slice_index": number,
        "Bounding_boxes": box,
        "Possibly_noisy": noisy,
        "Spacing_mm_px_": "0.7, 0.8, 5",
        "Train_Val_Test": role,
    }


def write_deeplesion(folder: Path, rows: list[dict[str, object]], dtype: type = np.uint16) -> None:
    """Write DeepLesion's table and the slices that it names: texture about 40 HU."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "DL_info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, DEEPLESION_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    for number, name in enumerate(sorted({str(row["File_name"]) for row in rows})):
        series, _, file_name = name.rpartition("_")
        target = folder / "Images_png" / series / file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        values = deeplesion_slice(number) + (32768 if dtype is np.uint16 else 0)
        sitk.WriteImage(sitk.GetImageFromArray(values.clip(0, np.iinfo(dtype).max).astype(dtype)), str(target))


def deeplesion_slice(number: int) -> np.ndarray:
    """HU of the slice that is number so-and-so in the alphabet."""
    return (40 + texture(SIZE[::-1], number)).round()


def write_brats(folder: Path, cases: dict[str, str]) -> None:
    """Write cases (name: grade) of four sequences and labels like BraTS 2018's; t1ce is 500 brighter than t1."""
    grid = Grid((*SIZE, 4), (1.0, 1.0, 1.0), (0.0, -239.0, 0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[1:3, 10:20, 12:30], labels[2, 12:15, 15:20], labels[1, 12:15, 15:20] = 2, 1, 4
    for number, (name, grade) in enumerate(cases.items()):
        case = folder / grade / name
        case.mkdir(parents=True)
        for offset, sequence in enumerate(("t1", "t1ce", "t2", "flair")):
            voxels = (1000 + 500 * offset + texture(grid.shape, number)).round().astype(np.int16)
            write_image(Image(voxels, grid, "MR"), case / f"{name}_{sequence}.nii.gz")
        write_image(Image(labels, grid), case / f"{name}_seg.nii.gz")


def write_picture(path: Path, values: np.ndarray) -> None:
    """Write a picture, grey (height, width) or in colour (height, width, 3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=values.ndim == 3), str(path))
