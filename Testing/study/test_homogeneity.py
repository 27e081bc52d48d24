"""Homogeneous cohorts by the headers of their images."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from SuperResRadiomicsLib.errors import OutputError, StudyError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.study.headers import Acquisition, read_acquisition
from SuperResRadiomicsLib.study.homogeneity import Criteria, filter_manifest
from SuperResRadiomicsLib.study.manifest import read_manifest

SCANS = {
    "a": (0.70, 3.0, "B30f"),
    "b": (0.80, 3.0, "B30f"),
    "c": (0.82, 3.1, "b30F"),
    "d": (0.84, 3.0, "B70f"),
    "e": (0.83, 3.0, "B30f"),
    "f": (0.80, 5.0, "B30f"),
}
"""In-plane spacing, slice thickness and kernel."""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Scans that differ, a retest of one of them, and one that cannot be read."""
    lines = ["case,patient,image,mask,retest_of,kernel,age"]
    for name, (spacing, thickness, kernel) in SCANS.items():
        grid = Grid((6, 5, 4), (spacing, spacing, thickness))
        write_image(Image(np.zeros(grid.shape, np.int16), grid), tmp_path / f"{name}.nrrd")
        lines.append(f"{name},p{name},{name}.nrrd,m.nrrd,,{kernel},60")
    lines += ["ar,pa,b.nrrd,m.nrrd,a,B30f,60", "x,px,m.nrrd,m.nrrd,,B30f,60"]
    (tmp_path / "m.nrrd").write_text("no image")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "manifest.csv"


def kept(manifest: Path, **criteria) -> tuple[list[str], dict[str, str]]:
    out = manifest.parent / "kept" / "manifest.csv"
    filter_manifest(manifest, out, Criteria(**criteria))
    text = (out.parent / "manifest-left-out.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert all(row["notice"].startswith("Not for clinical use") for row in rows)
    return [case.name for case in read_manifest(out)], {row["case"]: row["reason"] for row in rows}


def test_the_largest_group_is_kept(manifest):
    names, reasons = kept(manifest)
    assert names == ["b", "c", "e"], "all within 0.05 mm of b, with its kernel"
    assert reasons.keys() == {"a", "d", "f", "ar", "x"}
    assert reasons["a"] == "pixel spacing 0.7 mm, not 0.8 mm -+ 0.05"
    assert reasons["d"] == "kernel B70f, not B30f"
    assert reasons["f"] == "slice thickness 5 mm, not 3 mm -+ 0.1"
    assert reasons["ar"] == "its first session, a, is left out"
    assert "could not be read" in reasons["x"]


def test_what_is_asked_for_is_kept(manifest):
    assert kept(manifest, slice_thickness=3.0)[0] == ["a", "b", "c", "d", "e", "ar"]
    assert kept(manifest, pixel_spacing=0.75)[0] == ["a", "b", "f", "ar"], "at the tolerance counts"
    assert kept(manifest, pixel_spacing=0.82, spacing_tolerance=0.015, kernel="B30*")[0] == ["c", "e"]


def test_nothing_left_writes_nothing(manifest):
    with pytest.raises(StudyError, match=r"None of 8 scans is left; the first one: kernel B30f, not FC\*"):
        filter_manifest(manifest, manifest.parent / "none.csv", Criteria(kernel="FC*"))
    assert not (manifest.parent / "none.csv").exists()


def test_what_is_kept_keeps_its_columns_and_files(manifest):
    kept(manifest, kernel="b70?")
    (case,) = read_manifest(manifest.parent / "kept" / "manifest.csv")
    assert case.covariates == {"kernel": "B70f", "age": "60"} and case.image.samefile(manifest.parent / "d.nrrd")


def test_a_dicom_series_states_its_kernel(test_data, tmp_path):
    folder = Path(shutil.copytree(test_data / "ct" / "dcmqi-dicom" / "ct-3slice", tmp_path / "scan"))
    for path in folder.iterdir():
        file = pydicom.dcmread(path)
        file.ConvolutionKernel = "LUNG"
        file.SliceThickness, file.PixelSpacing = "1.25", ["0.7", "0.9"]
        file.save_as(path)
    assert read_acquisition(folder) == Acquisition((0.9, 0.7), 1.25, "LUNG")
    (tmp_path / "empty").mkdir()
    lines = ["case,patient,image,mask,kernel", "a,p,scan,scan,other", "b,q,empty,scan,"]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    found = filter_manifest(tmp_path / "manifest.csv", tmp_path / "out.csv", Criteria(kernel="lung"))
    assert [case.name for case in found.kept] == ["a"]
    assert found.left_out == {"b": "'empty' holds no DICOM image series. Give a folder of DICOM image files."}


def test_sagittal_slices_have_their_thickness_along_i(tmp_path):
    grid = Grid((4, 6, 7), (5.0, 0.8, 0.9))
    write_image(Image(np.zeros(grid.shape, np.int16), grid), tmp_path / "s.nrrd")
    assert read_acquisition(tmp_path / "s.nrrd") == Acquisition((0.8, 0.9), 5.0)


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"pixel_spacing": 0.0}, "above 0"),
        ({"slice_thickness": -1.0}, "above 0"),
        ({"spacing_tolerance": -1.0}, "at least 0"),
    ],
)
def test_bad_criteria(criteria, message):
    with pytest.raises(StudyError, match=message):
        Criteria(**criteria)


def test_the_manifest_is_not_overwritten(manifest):
    with pytest.raises(OutputError, match="is an input"):
        filter_manifest(manifest, manifest.parent / "." / "manifest.csv", Criteria())


def test_the_command(manifest, command):
    out = manifest.parent / "new.csv"
    outcome = command("study", "filter", manifest, "--out", out, "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["kept"] == ["b", "c", "e"]
    shown = command("study", "filter", manifest, "--out", out, "--slice-thickness", 5)
    assert shown.code == 0 and "1 cases kept, 7 left out." in shown.out
    refused = command("study", "filter", manifest, "--out", manifest)
    assert refused.code == 2 and "is an input" in refused.err
