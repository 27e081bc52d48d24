"""Whole files of every kind that is read, small, and how each is read and compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
import yaml
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.dicom_out import segmentation
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.radiomics import read_parameter_file
from SuperResRadiomicsLib.radiomics.batch import read_cases
from SuperResRadiomicsLib.stability import read_signature
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.training.config import read_config
from Testing.conftest import REPOSITORY, TINY_CARD

try:
    from SuperResRadiomicsLib.io.masks import read_mask
    from SuperResRadiomicsLib.io.reading import read_image
    from SuperResRadiomicsLib.io.vetting.vetted import check_plain

    VETTED = check_plain is not None
except ImportError:  # Images are not vetted before ITK reads them.
    VETTED = False

SHAPE, SPACING = (6, 10, 12), (0.8, 0.9, 2.5)
GRID = Grid(SHAPE[::-1], SPACING, (-10.0, 5.0, 20.0))
RANDOM = np.random.default_rng(0)
VOXELS = RANDOM.integers(-900, 900, SHAPE).astype(np.int16)
MASK = np.zeros(SHAPE, bool)
MASK[1:5, 2:8, 3:9] = True
NIFTI_TYPE_AND_SCALE = (b"\x04\x00\x10\x00", b"\x00\x00\x80\x3f\x00\x00\x00\x00")
"""Bytes 70 to 74 and 112 to 120 of the header: int16 of 16 bits, slope 1, intercept 0."""


@dataclass(frozen=True)
class Sample:
    """A kind of file.

    Attributes:
        path: The whole file; a damaged one is put in its place.
        read: Reads it, or the folder that it belongs to, and gives what was read.
        protected: Bytes from the start whose change can be noticed. Behind them lie plain voxels, whose change no
            reader can see; there the file is only cut, stretched and shrunk.
    """

    path: Path
    read: Callable[[], Any]
    protected: int


def make_samples(folder: Path) -> dict[str, Sample]:
    """Write every kind of file that this version's readers vet."""
    return {**(_images(folder) | _dicom(folder) if VETTED else {}), **_documents(folder)}


def _images(folder: Path) -> dict[str, Sample]:
    found = {}
    image = sitk.GetImageFromArray(VOXELS)
    image.SetSpacing(SPACING)
    image.SetOrigin(GRID.origin)
    mask = sitk.GetImageFromArray(MASK.astype(np.uint8))
    mask.CopyInformation(image)
    for ending in ("nii.gz", "nii", "nrrd", "mha"):
        for compressed in (False, True) if ending in ("nrrd", "mha") else (ending == "nii.gz",):
            name = f"{ending} compressed" if compressed else ending
            path = folder / name.replace(" ", "_").replace(".", "_") / f"image.{ending}"
            path.parent.mkdir()
            sitk.WriteImage(image, str(path), useCompression=compressed)
            size = path.stat().st_size
            protected = size if compressed else size - VOXELS.nbytes
            read = _read_nifti if ending.startswith("nii") else _read_voxels
            found[name] = Sample(path, lambda path=path, read=read: read(path), protected)
    path = folder / "mask.nrrd"
    sitk.WriteImage(mask, str(path), useCompression=True)
    found["mask"] = Sample(path, lambda: read_mask(path, GRID), path.stat().st_size)
    return found


def _read_voxels(path: Path) -> Any:
    return read_image(path).voxels


def _read_nifti(path: Path) -> Any:
    """The voxels as the header has it: another type or scale is another image, not a wrong one."""
    voxels, content = read_image(path).voxels, path.read_bytes()
    plain = not content.startswith(b"\x1f\x8b")
    return VOXELS if plain and (content[70:74], content[112:120]) != NIFTI_TYPE_AND_SCALE else voxels


def _dicom(folder: Path) -> dict[str, Sample]:
    series = folder / "series"
    series.mkdir()
    slices = [_slice(k) for k in range(SHAPE[0])]
    study, frame, uid = generate_uid(), generate_uid(), generate_uid()
    for k, one in enumerate(slices):
        one.StudyInstanceUID, one.FrameOfReferenceUID, one.SeriesInstanceUID = study, frame, uid
        one.save_as(series / f"{k}.dcm", enforce_file_format=True)
    path = series / "3.dcm"
    protected = path.stat().st_size - VOXELS[0].nbytes
    seg, structures = folder / "seg.dcm", folder / "rtstruct.dcm"
    segmentation(MASK, slices, "Lesion", generate_uid()).save_as(seg)
    _structures(slices).save_as(structures, enforce_file_format=True)
    return {
        "dicom series": Sample(path, lambda: _read_series(series, path), protected),
        "dicom seg": Sample(seg, lambda: read_mask(seg, GRID), seg.stat().st_size - MASK.size // 8),
        # Another digit of a contour is another contour: that it is read or refused in a sentence is all.
        "rtstruct": Sample(structures, lambda: (read_mask(structures, GRID), None)[1], structures.stat().st_size),
    }


def _read_series(series: Path, changed: Path) -> Any:
    """The voxels as the headers have it: another slope or number of bits is another image, not a wrong one."""
    voxels = read_image(series).voxels
    if np.array_equal(voxels, VOXELS):
        return voxels
    header = pydicom.dcmread(changed)
    scale = (float(header.RescaleSlope), float(header.RescaleIntercept))
    pixels = (header.PixelRepresentation, header.BitsStored, header.HighBit, header.BitsAllocated)
    return VOXELS if scale != (1.0, 0.0) or pixels != (1, 16, 15, 16) else voxels


def _slice(k: int) -> pydicom.Dataset:
    one = pydicom.Dataset()
    one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, generate_uid()
    one.Modality, one.PatientID, one.PatientName = "CT", "P", "Made^Up"
    one.PatientBirthDate = one.PatientSex = one.StudyDate = one.StudyTime = one.StudyID = one.AccessionNumber = ""
    one.ReferringPhysicianName = ""
    one.InstanceNumber, one.SliceThickness, one.ImageType = k + 1, SPACING[2], ["ORIGINAL", "PRIMARY", "AXIAL"]
    one.ImagePositionPatient = [GRID.origin[0], GRID.origin[1], GRID.origin[2] + k * SPACING[2]]
    one.ImageOrientationPatient, one.PixelSpacing = [1, 0, 0, 0, 1, 0], [SPACING[1], SPACING[0]]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.Rows, one.Columns = SHAPE[1:]
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 1
    one.RescaleSlope, one.RescaleIntercept = 1, 0
    one.PixelData = VOXELS[k].tobytes()
    one.file_meta = pydicom.dataset.FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return one


def _structures(slices: list[pydicom.Dataset]) -> pydicom.Dataset:
    made = pydicom.Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = RTStructureSetStorage, generate_uid(), "RTSTRUCT"
    made.PatientID, made.StudyInstanceUID, made.SeriesInstanceUID = "P", slices[0].StudyInstanceUID, generate_uid()
    reference, study, series = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    series.SeriesInstanceUID = slices[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence, reference.RTReferencedStudySequence = [series], [study]
    reference.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
    made.ReferencedFrameOfReferenceSequence = [reference]
    roi, contours = pydicom.Dataset(), pydicom.Dataset()
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 1, "GTV", slices[0].FrameOfReferenceUID
    contours.ReferencedROINumber, contours.ContourSequence = 1, []
    for k in range(1, 5):
        corners = np.array([[2.5, 1.5, k], [8.5, 1.5, k], [8.5, 7.5, k], [2.5, 7.5, k]])
        contour = pydicom.Dataset()
        contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 4
        contour.ContourData = [f"{x:.6f}" for x in GRID.index_to_world(corners).ravel()]
        contours.ContourSequence.append(contour)
    made.StructureSetROISequence, made.ROIContourSequence = [roi], [contours]
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def _documents(folder: Path) -> dict[str, Sample]:
    card = folder / "card"
    card.mkdir()
    content = {"schema_version": 1, **TINY_CARD, "weights": {"sha256": "0" * 64}}
    configuration = next((REPOSITORY / "Resources" / "training").glob("*fidelity*.yaml"))
    protocol = REPOSITORY / "SuperResRadiomicsLib" / "study" / "templates" / "robustness.yaml"
    settings = {
        "imageType": {"LoG": {"sigma": [1, 3]}},
        "setting": {"binWidth": 10, "resampledPixelSpacing": [1, 1, 1]},
    }
    signature = {"name": "s", "coefficients": {"original_firstorder_Mean": 0.5}, "intercept": 1, "cut_off": 0.3}
    texts = {
        "parameters": ("parameters.yaml", yaml.safe_dump(settings), read_parameter_file),
        "protocol": ("protocol.yaml", protocol.read_text(encoding="utf-8").format(engine="exact"), read_protocol),
        "manifest": (
            "manifest.csv",
            "case,patient,image,mask\na,p,i.nrrd,m.nrrd\nb,q,j.nrrd,n.nrrd\n",
            lambda path: read_manifest(path, check_files=False),
        ),
        "list of cases": ("cases.csv", "Image,Mask,Label\ni.nrrd,m.nrrd,1\nj.nrrd,n.nrrd,2\n", read_cases),
        "signature": ("signature.json", json.dumps(signature), read_signature),
        "training": ("training.yaml", configuration.read_text(encoding="utf-8"), read_config),
        "card": ("card/metadata.json", json.dumps(content), lambda path: load_card(path.parent)),
    }
    found = {}
    for kind, (name, text, read) in texts.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        # What a document says may change with its letters; that it is read or refused in a sentence is all.
        found[kind] = Sample(path, lambda path=path, read=read: (read(path), None)[1], path.stat().st_size)
    return found
