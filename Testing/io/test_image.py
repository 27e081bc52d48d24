"""Reading and writing: nothing about an image changes on the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from SuperResRadiomicsLib.errors import GridError, ImageError, MaskError, OutputError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, cast_like, write_image, write_mask
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image


@pytest.mark.parametrize("ending", [".nrrd", ".nii", ".nii.gz", ".mha"])
@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32])
def test_round_trip(any_lesion: tuple[Image, np.ndarray], tmp_path: Path, ending: str, dtype: type) -> None:
    image, _ = any_lesion
    image = image.with_voxels(cast_like(image.voxels.astype(np.float32), dtype))
    write_image(image, tmp_path / f"case{ending}")
    again = read_image(tmp_path / f"case{ending}", "CT")
    assert again.voxels.dtype == dtype
    assert np.array_equal(again.voxels, image.voxels)
    assert again.grid.matches(image.grid, 1e-3)
    assert (again.name, again.modality, again.unit) == ("case", "CT", "HU")


def test_mask_round_trip(any_lesion: tuple[Image, np.ndarray], tmp_path: Path) -> None:
    image, mask = any_lesion
    write_mask(mask, image.grid, tmp_path / "mask.nrrd")
    assert np.array_equal(read_mask(tmp_path / "mask.nrrd", image.grid), mask)


def test_integers_saturate_and_round() -> None:
    values = np.array([-40000.4, -0.6, 0.5, 1.5, 32766.6, 40000.0])
    assert cast_like(values, np.int16).tolist() == [-32768, -1, 0, 2, 32767, 32767]
    assert cast_like(np.array([-3.0, 300.0]), np.uint8).tolist() == [0, 255]
    assert cast_like(np.array([3e9], dtype=np.float32), np.int32).tolist() == [2147483647]
    assert cast_like(np.array([0.25]), np.float32).dtype == np.float32


def test_modality_is_guessed_from_air(lesion: tuple[Image, np.ndarray], tmp_path: Path) -> None:
    image, _ = lesion
    write_image(image, tmp_path / "ct.nrrd")
    write_image(image.with_voxels(np.abs(image.voxels)), tmp_path / "mr.nrrd")
    assert read_image(tmp_path / "ct.nrrd").modality == "CT"
    assert read_image(tmp_path / "mr.nrrd").modality == "unknown"


def test_dicom_series_gives_hounsfield_units(test_data: Path) -> None:
    folder = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    image = read_image(folder)
    files = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    files.sort(key=lambda file: file.ImagePositionPatient[2])
    expected = np.stack([f.pixel_array * float(f.RescaleSlope) + float(f.RescaleIntercept) for f in files])
    assert np.array_equal(image.voxels, expected)
    assert image.modality == "CT" and image.unit == "HU"
    assert np.allclose(image.origin, files[0].ImagePositionPatient, atol=1e-4)


def test_several_series_are_listed(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    for path in source.iterdir():
        shutil.copy(path, tmp_path / path.name)
        other = pydicom.dcmread(path)
        other.SeriesInstanceUID = "1.2.3.4.5.999"
        other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        other.save_as(tmp_path / f"other-{path.name}")
    with pytest.raises(ImageError, match=r"2 DICOM series: .*3 files.*3 files"):
        read_image(tmp_path)


def test_doubled_slice_is_refused(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    for number, path in enumerate(sorted(source.iterdir())):
        file = pydicom.dcmread(path)
        if number == 2:
            file.ImagePositionPatient[2] += 1.0
        file.save_as(tmp_path / path.name)
    with pytest.raises(ImageError, match="more than one slice"):
        read_image(tmp_path)


def test_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no DICOM image series"):
        read_image(tmp_path)


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no file or folder 'absent.nrrd'"):
        read_image(tmp_path / "absent.nrrd")
    (tmp_path / "text.nrrd").write_text("not an image")
    with pytest.raises(ImageError, match="could not be read as an image"):
        read_image(tmp_path / "text.nrrd")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinite_voxels_are_refused(tmp_path: Path, bad: float) -> None:
    voxels = np.zeros((4, 5, 6), dtype=np.float32)
    voxels[1, 2, 3] = bad
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / "bad.nrrd"))
    with pytest.raises(ImageError, match="1 voxels that are NaN or infinite"):
        read_image(tmp_path / "bad.nrrd")


def test_colour_image_is_refused(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 6, 3), np.uint8)
    colours[1, 2, 3, 0] = 9
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), str(tmp_path / "c.nrrd"))
    with pytest.raises(ImageError, match="3 values in each voxel"):
        read_image(tmp_path / "c.nrrd")


def test_four_dimensional_image_is_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 4, 5, 6), np.int16), isVector=False), str(tmp_path / "t.nrrd"))
    with pytest.raises(ImageError, match="4 dimensions"):
        read_image(tmp_path / "t.nrrd")


@pytest.mark.parametrize("spacing", ["0 1 1", "1e9 1 1"])
def test_zero_and_absurd_spacing_are_refused(tmp_path: Path, spacing: str) -> None:
    x, y, z = spacing.split()
    header = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 4 4\n"
        f"space directions: ({x},0,0) (0,{y},0) (0,0,{z})\nkinds: domain domain domain\nendian: little\n"
        "encoding: raw\nspace origin: (0,0,0)\n\n"
    )
    (tmp_path / "s.nrrd").write_bytes(header.encode() + bytes(128))
    with pytest.raises((ImageError, GridError), match="spacing"):
        read_image(tmp_path / "s.nrrd")


def test_two_dimensional_image_becomes_one_slice(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((5, 6), np.uint8)), str(tmp_path / "flat.nrrd"))
    assert read_image(tmp_path / "flat.nrrd").grid.size == (6, 5, 1)


def test_mask_mistakes(lesion: tuple[Image, np.ndarray], tmp_path: Path) -> None:
    image, mask = lesion
    grid = image.grid
    write_mask(np.zeros_like(mask), grid, tmp_path / "empty.nrrd")
    with pytest.raises(MaskError, match="empty"):
        read_mask(tmp_path / "empty.nrrd", grid)
    write_mask(mask, grid, tmp_path / "mask.nrrd")
    with pytest.raises(MaskError, match=r"no voxel of label 7; its labels are \[1\]"):
        read_mask(tmp_path / "mask.nrrd", grid, 7)
    shifted = Grid(grid.size, grid.spacing, (grid.origin[0] + 0.4, *grid.origin[1:]), grid.direction)
    with pytest.raises(MaskError, match="another grid"):
        read_mask(tmp_path / "mask.nrrd", shifted)
    elsewhere = Grid(grid.size, grid.spacing, (grid.origin[0] + 900, *grid.origin[1:]), grid.direction)
    with pytest.raises(MaskError, match="wholly outside"):
        read_mask(tmp_path / "mask.nrrd", elsewhere)


def test_unknown_ending_is_refused(lesion: tuple[Image, np.ndarray], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.nrrd, \.nii\.gz"):
        write_image(lesion[0], tmp_path / "image.png")


def test_voxels_must_fit_the_grid() -> None:
    with pytest.raises(ImageError, match="shape"):
        Image(np.zeros((2, 3, 4)), Grid((2, 3, 4), (1.0, 1.0, 1.0)))
