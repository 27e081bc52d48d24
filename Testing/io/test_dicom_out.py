"""DICOM out: read back by others it lies at the same place, holds the same numbers, and says nothing it should not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, ParametricMapStorage, generate_uid

from SuperResRadiomicsLib.enhancement.dicom import DEVIATION_NAME, read_series, save_dicom
from SuperResRadiomicsLib.errors import OutputError
from SuperResRadiomicsLib.grid import Grid, refine
from SuperResRadiomicsLib.io.dicom_out import read_source
from SuperResRadiomicsLib.io.dicom_out.derived import to_stored
from SuperResRadiomicsLib.io.image import UNITS, Image, write_image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions
from SuperResRadiomicsLib.report.dicom_report import REPORT_NAME, save_dicom_report
from SuperResRadiomicsLib.verdict import compare

TOLERANCE_MM = 1e-3
ANGLE = 0.3
PROVENANCE = {
    "notice": "Not for clinical use.",
    "model": {"name": "tiny", "version": "1", "objective": "fidelity", "sha256": "0" * 64},
    "software": {"SuperResRadiomics": "0.1"},
    "parameters": {"scale": 2},
}
PATIENT_AND_STUDY = {
    "PatientName": "Doe^Jane", "PatientID": "P1", "PatientBirthDate": "19700101", "PatientSex": "F",
    "PatientAge": "050Y", "StudyDate": "20200101", "StudyTime": "120000", "StudyID": "S1", "AccessionNumber": "A1",
    "ReferringPhysicianName": "Roe^John", "StudyDescription": "Chest",
}  # fmt: skip
LEAKS = {
    "InstitutionName": "Secret hospital", "StationName": "SECRET", "OperatorsName": "Secret^Operator",
    "DeviceSerialNumber": "SECRET-1", "PerformedProcedureStepID": "SECRET", "ProtocolName": "Secret protocol",
    "SeriesDescription": "Secret series", "ImageComments": "Secret comment", "KVP": "120", "BodyPartExamined": "CHEST",
}  # fmt: skip
ALLOWED = {
    *PATIENT_AND_STUDY, "SpecificCharacterSet", "FrameOfReferenceUID", "StudyInstanceUID",
    "SOPClassUID", "SOPInstanceUID", "InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime",
    "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Modality", "Laterality", "PatientPosition",
    "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions", "PositionReferenceIndicator",
    "ImageType", "InstanceNumber", "AcquisitionNumber", "ImageComments", "DerivationDescription",
    "DerivationCodeSequence", "SourceImageSequence", "KVP", "ScanningSequence", "SequenceVariant", "ScanOptions",
    "MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength", "SpacingBetweenSlices",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SamplesPerPixel",
    "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "PixelData",
}  # fmt: skip


def write_source(folder: Path, voxels: np.ndarray, modality: str, spacing: tuple[float, float, float]) -> None:
    """Write a series of oblique slices with a patient, a study, and much that must not travel on."""
    folder.mkdir(parents=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    row = np.array([np.cos(ANGLE), np.sin(ANGLE), 0])
    column = np.array([-np.sin(ANGLE) * np.cos(ANGLE), np.cos(ANGLE) ** 2, np.sin(ANGLE)])
    normal = np.cross(row, column)
    for k, plane in enumerate(voxels):
        one = pydicom.Dataset()
        one.SOPClassUID = {"CT": CTImageStorage, "MR": MRImageStorage}[modality]
        one.SOPInstanceUID = generate_uid()
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = study, series, frame
        for keyword, value in {**LEAKS, **PATIENT_AND_STUDY}.items():
            setattr(one, keyword, value)
        one.Modality, one.InstanceNumber, one.SliceThickness = modality, k + 1, spacing[2]
        one.ImagePositionPatient = [f"{x:.10f}" for x in np.array([-20.0, 10.0, 5.0]) + k * spacing[2] * normal]
        one.ImageOrientationPatient = [f"{x:.12f}" for x in (*row, *column)]
        one.PixelSpacing = [spacing[1], spacing[0]]
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.Rows, one.Columns = plane.shape
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 1
        if modality == "CT":
            one.ImageType, one.RescaleSlope, one.RescaleIntercept = ["ORIGINAL", "PRIMARY", "AXIAL"], 1, 0
        one.PixelData = plane.astype("<i2").tobytes()
        one.file_meta = pydicom.dataset.FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.save_as(folder / f"{k}.dcm", enforce_file_format=True)


def deviation(grid: Grid) -> np.ndarray:
    return np.random.default_rng(1).random(grid.shape).astype(np.float32)


@pytest.fixture(scope="module", params=["CT", "MR"])
def exported(request, tmp_path_factory):
    """The folder, the enhanced image, its mask, and the source's image."""
    folder = tmp_path_factory.mktemp("dicom")
    random = np.random.default_rng(0)
    write_source(folder / "source", random.integers(0, 900, (6, 20, 24)), request.param, (0.7, 0.9, 2.5))
    original = read_image(folder / "source", request.param)
    grid = refine(original.grid, (2, 2, 1))
    voxels = random.integers(-1000, 2000, grid.shape).astype(np.int16)
    enhanced = Image(voxels, grid, request.param, UNITS[request.param])
    drawn = np.zeros(original.grid.shape, bool)
    drawn[2:5, 5:12, 6:15] = True
    mask = drawn.repeat(2, axis=1).repeat(2, axis=2)
    save_dicom(
        folder,
        read_source(folder / "source", original),
        original=original,
        enhanced=enhanced,
        provenance=PROVENANCE,
        original_mask=drawn,
        mask=mask,
        sd=Image(deviation(grid), grid, request.param, UNITS[request.param]),
    )
    versions = LesionVersions(original, drawn, enhanced, enhanced, mask, "linear", 0.0, "tiny", "fidelity", False)
    table = compare(versions, FeatureSettings(engine="exact", classes=("shape", "firstorder", "glcm")))
    save_dicom_report(table, folder, folder)
    return folder, enhanced, mask, original, table


def objects(folder: Path) -> list[Path]:
    return sorted((folder / "dicom").rglob("*.dcm"))


def corners(grid: Grid) -> np.ndarray:
    indices = np.array(np.meshgrid(*[(0.0, n - 1.0) for n in grid.size])).reshape(3, -1).T
    return grid.index_to_world(indices)


def test_our_own_reader_finds_the_same_voxels_at_the_same_place(exported):
    folder, enhanced, *_ = exported
    back = read_image(folder / "dicom" / "enhanced")
    assert np.array_equal(back.voxels, enhanced.voxels)
    assert np.abs(corners(back.grid) - corners(enhanced.grid)).max() < TOLERANCE_MM


def test_simpleitk_finds_the_same_voxels_at_the_same_place(exported):
    folder, enhanced, *_ = exported
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "dicom" / "enhanced")))
    back = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(back), enhanced.voxels)
    last = [n - 1 for n in enhanced.grid.size]
    for index in ([0, 0, 0], last):
        place = np.array(back.TransformIndexToPhysicalPoint(index))
        assert np.abs(place - enhanced.grid.index_to_world(np.array(index, float))).max() < TOLERANCE_MM


def test_pydicom_finds_the_same_intensities(exported):
    folder, enhanced, *_ = exported
    for k, path in enumerate(sorted((folder / "dicom" / "enhanced").iterdir())):
        one = pydicom.dcmread(path)
        assert np.array_equal(one.pixel_array * one.RescaleSlope + one.RescaleIntercept, enhanced.voxels[k])
        assert one.ImageType[:2] == ["DERIVED", "SECONDARY"]
        assert len(one.SourceImageSequence) == 1


def lesion_points(path: Path) -> np.ndarray:
    """World positions (n, 3; mm, LPS) of a segmentation's voxels, sorted, as highdicom finds them."""
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    indices = np.argwhere(volume.array > 0)
    return np.array(sorted((volume.affine[:3, :3] @ indices.T + volume.affine[:3, 3:]).T.round(4).tolist()))


def test_the_masks_are_read_back_at_the_same_place(exported):
    folder, enhanced, mask, original, _ = exported
    drawn = mask[:, ::2, ::2]
    for name, inside, grid in (("mask", mask, enhanced.grid), ("original_mask", drawn, original.grid)):
        found = lesion_points(folder / "dicom" / f"{name}.dcm")
        expected = grid.index_to_world(np.argwhere(inside)[:, ::-1].astype(float))
        assert np.abs(found - sorted(expected.round(4).tolist())).max() < TOLERANCE_MM


def test_patient_and_study_travel_and_nothing_else(exported):
    folder = exported[0]
    for path in objects(folder):
        one = pydicom.dcmread(path)
        for keyword, value in PATIENT_AND_STUDY.items():
            assert str(one.get(keyword, "")) == value, (path.name, keyword)
        assert not any("secret" in str(element.value).lower() for element in one.iterall()), path.name
        assert "not for clinical use" in one.SeriesDescription
    for path in (folder / "dicom" / "enhanced").iterdir():
        assert {element.keyword for element in pydicom.dcmread(path)} <= ALLOWED


def test_every_object_is_new(exported):
    folder = exported[0]
    found = [pydicom.dcmread(path) for path in objects(folder)]
    sources = [pydicom.dcmread(path) for path in (folder / "source").iterdir()]
    uids = {one.SOPInstanceUID for one in found}
    assert len(uids) == len(found) and not uids & {one.SOPInstanceUID for one in sources}
    assert {one.StudyInstanceUID for one in found} == {sources[0].StudyInstanceUID}
    assert sources[0].SeriesInstanceUID not in {one.SeriesInstanceUID for one in found}


def test_the_report_holds_the_features_under_ibsi_codes(exported):
    folder, *_, table = exported
    content = pydicom.dcmread(folder / REPORT_NAME)
    numbers: dict[str, list[float]] = {}
    texts: list[str] = []

    def walk(items):
        for item in items:
            name = item.get("ConceptNameCodeSequence", [None])[0]
            if item.ValueType == "NUM":
                value = item.MeasuredValueSequence[0]
                numbers.setdefault(name.get("CodeValue") or name.LongCodeValue, []).append(float(value.NumericValue))
            if item.ValueType == "TEXT":
                texts.append(item.TextValue)
            walk(item.get("ContentSequence", []))

    walk(content.ContentSequence)
    rows = {row.key: row for row in table.rows}
    contrast, kurtosis = rows["original_glcm_Contrast"], rows["original_firstorder_Kurtosis"]
    assert numbers["ACUI"] == pytest.approx([contrast.enhanced, contrast.original])
    assert numbers["IPH6"] == pytest.approx([kurtosis.enhanced - 3, kurtosis.original - 3]), "IBSI counts the excess"
    assert any("Not for clinical use" in text for text in texts)
    assert "engine: exact" in texts


def test_the_deviation_of_samples_is_a_parametric_map_on_the_series(exported):
    folder, enhanced, *_ = exported
    found = pydicom.dcmread(folder / DEVIATION_NAME)
    assert found.SOPClassUID == ParametricMapStorage and found.PatientName == "Doe^Jane"
    frames = np.frombuffer(found.FloatPixelData, "<f4").reshape(enhanced.grid.shape)
    expected, seen = deviation(enhanced.grid), set()
    for values, group in zip(frames, found.PerFrameFunctionalGroupsSequence, strict=True):
        place = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        k = round(enhanced.grid.world_to_index(place)[2])
        assert np.abs(enhanced.grid.index_to_world(np.array([0, 0, k], float)) - place).max() < TOLERANCE_MM
        assert np.array_equal(values, expected[k])
        seen.add(k)
    assert len(seen) == len(frames)


def test_dciodvfy_finds_no_error(exported):
    if shutil.which("dciodvfy") is None:
        pytest.skip("DCIODVFY IS MISSING, so no DICOM object is validated: apt-get install dicom3tools")
    for path in objects(exported[0]):
        said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, timeout=60).stderr
        errors = [line for line in said.splitlines() if line.startswith("Error")]
        assert not errors, (path.name, errors)


def test_slicer_finds_the_same_place(exported):
    slicer = pytest.importorskip("slicer", reason="SLICER-CORE IS MISSING")
    folder, enhanced, *_ = exported
    vtk = pytest.importorskip("vtk")
    reader = slicer.vtkMRMLVolumeArchetypeStorageNode()
    reader.SetFileName(str(sorted((folder / "dicom" / "enhanced").iterdir())[0]))
    for path in sorted((folder / "dicom" / "enhanced").iterdir()):
        reader.AddFileName(str(path))
    node = slicer.vtkMRMLScalarVolumeNode()
    if not reader.ReadData(node):
        pytest.skip("THIS SLICER-CORE READS NO DICOM")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    place = np.array(matrix.MultiplyPoint((0, 0, 0, 1))[:3]) * (-1, -1, 1)
    ends = [enhanced.grid.index_to_world(np.array([0, 0, k], float)) for k in (0, enhanced.grid.size[2] - 1)]
    assert min(np.abs(place - end).max() for end in ends) < TOLERANCE_MM


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32])
def test_other_voxels_are_scaled_within_half_a_step(kind):
    values = (np.random.default_rng(0).normal(0, 1e5, (3, 8, 8))).astype(kind)
    stored, slope, intercept = to_stored(values)
    assert np.abs(stored * slope + intercept - values).max() <= slope * 0.51
    flat, slope, intercept = to_stored(np.full((2, 2, 2), 3.25, kind))
    assert np.allclose(flat * slope + intercept, kind(3.25))


def test_an_image_that_was_no_dicom_gets_a_study_without_a_patient(lesion, tmp_path):
    image, mask = lesion
    write_image(image, tmp_path / "image.nrrd")
    source = read_source(tmp_path / "image.nrrd", image)
    save_dicom(tmp_path, source, original=image, enhanced=image, provenance=PROVENANCE, original_mask=mask, mask=mask)
    one = read_series(tmp_path)[0]
    assert one.PatientName == "" and one.PatientID == "" and one.StudyInstanceUID
    assert "SourceImageSequence" not in one
    assert not (tmp_path / "dicom" / "original_mask.dcm").exists()
    assert len(lesion_points(tmp_path / "dicom" / "mask.dcm")) == mask.sum()


@pytest.mark.parametrize(
    ("characters", "name"),
    [
        ("", "Doe^Jane"),
        ("ISO_IR 100", "M\u00fcller^J\u00f6rg"),
        ("ISO_IR 144", "\u0418\u0432\u0430\u043d\u043e\u0432^\u041f"),
    ],
)
def test_names_are_the_same_in_any_characters_of_the_source(tmp_path, characters, name):
    write_source(tmp_path / "source", np.arange(2 * 20 * 24).reshape(2, 20, 24), "CT", (1, 1, 2))
    for path in (tmp_path / "source").iterdir():
        one = pydicom.dcmread(path)
        one.SpecificCharacterSet, one.PatientName = characters, name
        one.save_as(path)
    image = read_image(tmp_path / "source")
    mask = np.zeros(image.grid.shape, bool)
    mask[:, 5:9, 5:9] = True
    source = read_source(tmp_path / "source", image)
    save_dicom(tmp_path, source, original=image, enhanced=image, provenance=PROVENANCE, original_mask=mask, mask=mask)
    assert [str(pydicom.dcmread(path).PatientName) for path in objects(tmp_path)] == [name] * 4


def test_ultrasound_is_refused(lesion, tmp_path):
    image, _ = lesion
    scan = Image(image.voxels, image.grid, "US", UNITS["US"])
    with pytest.raises(OutputError, match="CT and MR"):
        save_dicom(tmp_path, read_source(None, scan), original=scan, enhanced=scan, provenance=PROVENANCE)


@pytest.mark.parametrize("kind", ["dcmqi", "lidc"])
def test_real_series_come_back_at_the_same_place(test_data, tmp_path, kind):
    """A scan as DICOM, its twice finer twin as DICOM, both read again."""
    if kind == "dcmqi":
        folder = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    else:
        scan = read_image(test_data / "ct" / "lidc-idri" / "LIDC-IDRI-0314_14sl.nii.gz", "CT")
        save_dicom(tmp_path, read_source(None, scan), original=scan, enhanced=scan, provenance=PROVENANCE)
        folder = tmp_path / "dicom" / "enhanced"
    original = read_image(folder, "CT")
    if kind == "lidc":
        assert np.array_equal(original.voxels, scan.voxels) and original.grid.matches(scan.grid, TOLERANCE_MM)
    finer = original.voxels.repeat(2, axis=1).repeat(2, axis=2)
    enhanced = Image(finer, refine(original.grid, (2, 2, 1)), "CT", "HU")
    out = tmp_path / "out"
    source = read_source(folder, original)
    save_dicom(out, source, original=original, enhanced=enhanced, provenance=PROVENANCE)
    back = read_image(out / "dicom" / "enhanced", "CT")
    assert np.array_equal(back.voxels, finer)
    assert np.abs(corners(back.grid) - corners(enhanced.grid)).max() < TOLERANCE_MM
    series = read_series(out)
    assert all(len(one.SourceImageSequence) == 1 for one in series)
    assert {one.StudyInstanceUID for one in series} == {source.first.StudyInstanceUID}
    if shutil.which("dciodvfy"):
        said = subprocess.run(
            ["dciodvfy", out / "dicom" / "enhanced" / "0001.dcm"], capture_output=True, text=True
        ).stderr
        assert "Error" not in said
