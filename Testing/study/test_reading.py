"""A study reads through the same doors as every other command: series, segments and structures are chosen alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.headers import read_acquisition
from SuperResRadiomicsLib.study.manifest import read_manifest, write_manifest
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.unit import Job, Outcome, Prepared, make_case
from Testing.io.series import write_series
from Testing.io.test_masks import slicer_segmentation, square, structure_set
from Testing.study.cohort import PROTOCOL

Lesion = tuple[Image, np.ndarray]


def prepared(folder: Path, manifest: str, **protocol: Any) -> Prepared | Outcome:
    """Prepare the only case of a manifest, without any perturbation."""
    (folder / "manifest.csv").write_text(manifest)
    (case,) = read_manifest(folder / "manifest.csv")
    (folder / "results" / "cases").mkdir(parents=True, exist_ok=True)
    content = {**PROTOCOL, "perturbations": {}, **protocol}
    return make_case(Job(StudyFolder(folder), case, Protocol.model_validate(content), "key"))


def measured(made: Prepared | Outcome) -> np.ndarray:
    """The original's values in the lesion."""
    assert isinstance(made, Prepared), made.error
    version = made.versions[0]["original"]
    return np.sort(version.image.voxels[next(iter(version.masks.values()))])


@pytest.fixture
def scans(lesion: Lesion, tmp_path: Path) -> Path:
    """A folder with two series of one examination."""
    image, _ = lesion
    for number, offset in ((2, 0), (3, 100)):

        def change(data: Dataset, _: int, number: int = number) -> None:
            data.SeriesNumber, data.SeriesInstanceUID, data.FrameOfReferenceUID = number, f"1.2.{number}", "1.2.9"
            data.SliceThickness = number

        write_series(tmp_path / "scans" / str(number), image.voxels + np.int16(offset), change=change)
    return tmp_path / "scans"


def test_the_manifest_chooses_series_and_structure(scans: Path, tmp_path: Path) -> None:
    image = read_image(scans / "3")
    structures = structure_set(image, [("CLOSED_PLANAR", square(image, level, 9.5, 20.5)) for level in (2, 3)])
    structures.FrameOfReferenceUID = "1.2.9"
    structures.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    head = "case,patient,image,mask,series,roi\n"
    made = prepared(tmp_path, f"{head}a,p,scans,rt.dcm,3.0,gtv\n")
    assert np.array_equal(measured(made), np.sort(image.voxels[2:4, 10:21, 10:21].ravel()))
    assert not any("frame of reference" in warning for warning in made.warnings)
    for line, reason in (("a,p,scans,rt.dcm,,gtv", "2 DICOM series"), ("a,p,scans,rt.dcm,3,", "--roi")):
        refused = prepared(tmp_path, f"{head}{line}\n")
        assert isinstance(refused, Outcome) and reason in str(refused.error)
    case = read_manifest(tmp_path / "manifest.csv")[0]
    assert read_acquisition(case.image, "3").slice_thickness == 3


def test_another_frame_of_reference_is_said(scans: Path, tmp_path: Path) -> None:
    image = read_image(scans / "3")
    structures = structure_set(image, [("CLOSED_PLANAR", square(image, 2, 9.5, 20.5))])
    structures.FrameOfReferenceUID = "1.2.8"
    structures.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    made = prepared(tmp_path, "case,patient,image,mask,series,roi\na,p,scans,rt.dcm,2,1\n")
    assert any("another frame of reference" in warning for warning in made.warnings)


def test_the_manifest_chooses_segments_and_labels(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    write_image(image, tmp_path / "i.nrrd")
    core = mask & (image.voxels > 40)
    slicer_segmentation(tmp_path, image.grid, [mask + 2 * ~mask, core])
    head = "case,patient,image,mask,segment,label\n"
    for chosen, expected in (("Necrosis,", core), (",2.0", ~mask), ("0,", mask)):
        values = measured(prepared(tmp_path, f"{head}a,p,i.nrrd,s.seg.nrrd,{chosen}\n"))
        assert np.array_equal(values, np.sort(image.voxels[expected]))


def test_a_manifest_with_choices_is_read_back(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("case,patient,image,mask,segment,series\na,p,scans,scans,core,B30*\n")
    cases = read_manifest(tmp_path / "manifest.csv")
    write_manifest(tmp_path / "again.csv", cases)
    assert read_manifest(tmp_path / "again.csv") == cases


def test_the_geometry_tolerance_of_a_parameter_file_holds(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    write_image(image, tmp_path / "i.nrrd")
    x, y, z = image.grid.origin
    write_mask(mask, replace(image.grid, origin=(x + 0.002, y, z)), tmp_path / "m.nrrd")
    manifest = "case,patient,image,mask\na,p,i.nrrd,m.nrrd\n"
    refused = prepared(tmp_path, manifest)
    assert isinstance(refused, Outcome) and "another grid" in str(refused.error)
    parameters = {"featureClass": {"firstorder": ["Mean"]}, "setting": {"geometryTolerance": 0.01}}
    made = prepared(tmp_path, manifest, features={"engine": "exact", "parameters": parameters})
    assert np.array_equal(measured(made), np.sort(image.voxels[mask]))
