"""A radiologist's folder goes through both commands, and comes out as DICOM."""

from __future__ import annotations

import json

import numpy as np
import pandas
import pydicom
import pytest
from pydicom.uid import ParametricMapStorage, generate_uid

from SuperResRadiomicsLib.enhancement.dicom import write_dicom
from SuperResRadiomicsLib.io.dicom_out import read_source, segmentation
from SuperResRadiomicsLib.io.image import write_mask
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from Testing.io.test_dicom_out import write_source


@pytest.fixture
def scan(tmp_path):
    """A folder with a CT series ``series`` and the lesion's ``mask.nrrd``."""
    random = np.random.default_rng(0)
    write_source(tmp_path / "series", random.integers(-100, 200, (6, 40, 44)), "CT", (0.8, 0.8, 3.0))
    grid = read_image(tmp_path / "series").grid
    mask = np.zeros(grid.shape, bool)
    mask[2:5, 12:26, 14:28] = True
    write_mask(mask, grid, tmp_path / "mask.nrrd")
    return tmp_path


def test_enhance_and_compare_write_dicom(command, scan, tiny_model):
    out = scan / "out"
    enhance = ("enhance", scan / "series", "--mask", scan / "mask.nrrd", "--model", tiny_model, "--out", out)
    done = command(*enhance, "--format", "dicom")
    assert done.code == 0
    assert all(f"  {line}\n" in done.out for line in ("dicom/enhanced (6 slices)", "dicom/mask.dcm", "enhanced.nrrd"))
    compared = command("compare", out, "--engine", "exact", "--classes", "firstorder", "--report", "--dicom")
    assert compared.code == 0, compared.err
    assert "  dicom/features.dcm\n" in compared.out and "  report.html\n" in compared.out
    enhanced = read_image(out / "enhanced.nrrd")
    series = read_image(out / "dicom" / "enhanced")
    assert np.array_equal(series.voxels, enhanced.voxels) and series.grid.matches(enhanced.grid, 1e-3)
    objects = {path.name: pydicom.dcmread(out / "dicom" / path.name) for path in (out / "dicom").glob("*.dcm")}
    assert {name: one.Modality for name, one in objects.items()} == {
        "mask.dcm": "SEG", "original_mask.dcm": "SEG", "features.dcm": "SR"
    }  # fmt: skip
    assert objects["features.dcm"].PatientName == "Doe^Jane"
    assert command(*enhance).code == 0, "what was written is ours"
    assert not (out / "dicom").exists(), "and goes with the set"


def test_a_radiologists_folder_of_series_and_segmentation_needs_no_option(command, scan, tiny_model):
    """The folder is the image and the mask."""
    folder, image = scan / "series", read_image(scan / "series")
    mask = read_mask(scan / "mask.nrrd", image.grid)
    headers = read_source(folder, image).slices_of(image.grid)
    write_dicom(segmentation(mask, headers, "Lesion", generate_uid()), folder / "objects" / "seg.dcm")
    done = command("enhance", folder, "--mask", folder, "--model", tiny_model, "--out", scan / "out")
    assert done.code == 0, done.err
    assert np.array_equal(read_mask(scan / "out" / "original_mask.nrrd", image.grid), mask)
    compared = command("compare", scan / "out", "--report", "--engine", "exact", "--classes", "firstorder")
    assert compared.code == 0, compared.err
    table = pandas.read_csv(scan / "out" / "features.csv").set_index("key")
    assert table.loc["original_firstorder_Mean", "original"] == pytest.approx(image.voxels[mask].mean())
    assert (scan / "out" / "report.html").exists()


def test_of_several_series_at_one_place_the_chosen_one_is_the_source(command, scan, tiny_model):
    for number, path in enumerate(sorted((scan / "series").iterdir())):
        other = pydicom.dcmread(path)
        other.SeriesInstanceUID, other.SeriesNumber = "1.2.826.0.1.99", 9
        other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.99.{number}"
        other.save_as(scan / "series" / f"other-{path.name}")
    enhance = ("enhance", scan / "series", "--mask", scan / "mask.nrrd", "--model", tiny_model, "--format", "dicom")
    assert "Choose one with --series" in command(*enhance, "--out", scan / "out").err
    done = command(*enhance, "--out", scan / "out", "--series", "9", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["dicom"][0] == "dicom/enhanced (6 slices)"
    slices = [pydicom.dcmread(path) for path in (scan / "out" / "dicom" / "enhanced").iterdir()]
    sources = {one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in slices}
    assert len(sources) == 6 and all(uid.startswith("1.2.826.0.1.99.") for uid in sources)


def test_samples_come_with_their_deviation_as_a_parametric_map(command, scan, tiny_sampler):
    out = scan / "out"
    enhance = ("enhance", scan / "series", "--mask", scan / "mask.nrrd", "--model", tiny_sampler, "--out", out)
    done = command(*enhance, "--samples", 2, "--format", "dicom")
    assert done.code == 0, done.err
    found = pydicom.dcmread(out / "dicom" / "sd.dcm")
    expected = read_image(out / "sd.nrrd")
    values = np.frombuffer(found.FloatPixelData, "<f4").reshape(expected.voxels.shape)
    assert found.SOPClassUID == ParametricMapStorage and values.max() > 0
    assert np.array_equal(np.sort(values, axis=None), np.sort(expected.voxels, axis=None))
    assert found.ContentDescription.startswith("Not for clinical use")


def test_dicom_reports_need_dicom_images(command, scan, tiny_model):
    out = scan / "out"
    enhance = ("enhance", scan / "series", "--mask", scan / "mask.nrrd", "--model", tiny_model, "--out", out)
    assert command(*enhance).code == 0
    refused = command("compare", out, "--engine", "exact", "--classes", "firstorder", "--dicom")
    assert refused.code == 2 and "--format dicom" in refused.err
