"""Files on their way to a native reader: whole, honest and harmless, or refused."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib.errors import GridError, ImageError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.io.reading import read_image

VOXELS = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
GRID = Grid((7, 6, 5), (0.7, 0.8, 2.0), (-30.0, 20.0, -100.0), (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
ENDINGS = (".nii", ".nii.gz", ".nrrd", ".mha")


def written(folder: Path, ending: str, compress: bool = True) -> Path:
    path = folder / f"image{ending}"
    write_image(Image(VOXELS, GRID, "CT", "HU"), path, compress)
    return path


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, ending: str, compress: bool, share: float) -> None:
    path = written(tmp_path, ending, compress)
    assert np.array_equal(read_image(path).voxels, VOXELS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ImageError, match="incomplete|damaged"):
        read_image(path)


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_a_flipped_bit_in_compressed_voxels_is_refused(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending)
    content = bytearray(path.read_bytes())
    content[-40] ^= 4
    path.write_bytes(content)
    with pytest.raises(ImageError, match="damaged|incomplete|more data"):
        read_image(path)


def nifti(folder: Path, changes: dict[int, tuple[str, object]]) -> Path:
    """A NIfTI with other values in its header, by their places."""
    path = written(folder, ".nii")
    content = bytearray(path.read_bytes())
    for place, (form, value) in changes.items():
        struct.pack_into("<" + form, content, place, value)
    path.write_bytes(content)
    return path


PIXDIM_1, QFORM, SFORM, SROW, QUATERNION_B, SLOPE, DATATYPE, DIM, OFFSET = 80, 252, 254, 280, 256, 112, 70, 40, 108
BAD_NIFTI = {
    "pixdim of 0": ({PIXDIM_1: ("f", 0.0)}, "spacing"),
    "pixdim NaN": ({PIXDIM_1: ("f", float("nan"))}, "spacing"),
    "negative pixdim": ({PIXDIM_1: ("f", -0.7)}, "spacing"),
    "two voxel sizes": ({PIXDIM_1: ("f", 1.4)}, "two voxel sizes"),
    "sheared sform beside a straight qform": ({SROW + 8: ("f", 0.8)}, "right angles"),
    "sheared sform alone": ({SROW + 8: ("f", 0.8), QFORM: ("h", 0)}, "right angles"),
    "no rotation": ({QUATERNION_B: ("f", 3.0)}, "no rotation"),
    "slope NaN": ({SLOPE: ("f", float("nan"))}, "scl_slope"),
    "intercept beside a slope of 0": ({SLOPE: ("f", 0.0), SLOPE + 4: ("f", 7.0)}, "slope .* of 0"),
    "complex numbers": ({DATATYPE: ("h", 32)}, "voxel type 32"),
    "a hundred dimensions": ({DIM: ("h", 100)}, "100 dimensions"),
    "negative size": ({DIM + 2: ("h", -7)}, "at least 1"),
    "more voxels than there are": ({DIM + 2: ("h", 30000)}, "incomplete"),
    "voxels begin behind the end": ({OFFSET: ("f", 1e9)}, "incomplete"),
}


@pytest.mark.parametrize(("changes", "reason"), BAD_NIFTI.values(), ids=BAD_NIFTI.keys())
def test_a_nifti_header_that_cannot_be_right_is_refused(tmp_path: Path, changes: dict, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_image(nifti(tmp_path, changes))


def test_slope_and_intercept_of_a_nifti_are_applied(tmp_path: Path) -> None:
    image = read_image(nifti(tmp_path, {SLOPE: ("f", 0.5), SLOPE + 4: ("f", -24.0)}))
    assert np.array_equal(image.voxels, VOXELS * 0.5 - 24)


def test_a_nifti_of_version_2_and_one_under_a_wrong_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "two.nii").write_bytes(struct.pack("<i", 540) + b"n+2\0\r\n\x1a\n" + bytes(1000))
    with pytest.raises(ImageError, match="version 2"):
        read_image(tmp_path / "two.nii")
    written(tmp_path, ".nii.gz").rename(tmp_path / "packed.nii")
    with pytest.raises(ImageError, match=r"end in \.nii\.gz"):
        read_image(tmp_path / "packed.nii")


def test_qform_and_sform_in_two_places_are_said(tmp_path: Path) -> None:
    image = read_image(nifti(tmp_path, {SROW + 12: ("f", 99.0)}))
    assert np.array_equal(image.voxels, VOXELS)
    assert "different places" in image.notes[0] and image.notes[1].endswith("is used.")


def test_a_nifti_without_directions_is_said(tmp_path: Path) -> None:
    image = read_image(nifti(tmp_path, {QFORM: ("h", 0), SFORM: ("h", 0)}))
    assert "no directions" in image.notes[0]


def nrrd(folder: Path, *lines: str, data: bytes = VOXELS.tobytes()) -> Path:
    header = ["NRRD0004", "type: short", "dimension: 3", "sizes: 7 6 5", "endian: little", "encoding: raw"]
    given = {line.split(":")[0] for line in lines}
    kept = [line for line in header if line.split(":")[0] not in given]
    path = folder / "image.nrrd"
    path.write_bytes("\n".join([*kept, *lines, "", ""]).encode() + data)
    return path


SPACE = "space: left-posterior-superior"
BAD_NRRD = {
    "claims 100k^3": (["sizes: 100000 100000 100000"], "memory"),
    "a hundred dimensions": (["dimension: 100", "sizes: " + "1 " * 100], "100 dimensions"),
    "sizes that do not fit": (["sizes: 7 6"], "2 sizes"),
    "a spacing NaN": (["spacings: nan 0.8 2"], "spacing"),
    "a spacing of 0": (["spacings: 0 0.8 2"], "spacing"),
    "sheared": ([SPACE, "space directions: (1,0,0) (0.2,1,0) (0,0,2)"], "right angles"),
    "a direction NaN": ([SPACE, "space directions: (nan,0,0) (0,1,0) (0,0,2)"], "not a number"),
    "a pattern of files": (["data file: slice%03d.raw 1 5 1"], "one .nrrd file"),
    "a file elsewhere": (["data file: ../../secret.raw"], "one .nrrd file"),
    "an encoding": (["encoding: bzip2"], "bzip2"),
    "a type": (["type: block"], "type 'block'"),
    "many keys": ([f"key{number}:=x" for number in range(20000)], "longer than"),
    "no field": (["nonsense"], "not valid NRRD"),
    "directions in cm": (
        [SPACE, 'space units: "cm" "cm" "cm"', "space directions: (.07,0,0) (0,.08,0) (0,0,.2)"],
        "lengths in cm",
    ),
    "spacings in metres": (["spacings: .0007 .0008 .002", 'units: "m" "m" "m"'], "lengths in m"),
}


@pytest.mark.parametrize(("lines", "reason"), BAD_NRRD.values(), ids=BAD_NRRD.keys())
def test_an_nrrd_header_that_cannot_be_right_is_refused(tmp_path: Path, lines: list[str], reason: str) -> None:
    with pytest.raises((ImageError, GridError), match=reason):
        read_image(nrrd(tmp_path, *lines))


def test_what_an_nrrd_leaves_open_is_said(tmp_path: Path) -> None:
    assert "no voxel size" in read_image(nrrd(tmp_path)).notes[0]
    assert "no directions" in read_image(nrrd(tmp_path, "spacings: 0.7 0.8 2")).notes[0]


def test_an_nrrd_in_text(tmp_path: Path) -> None:
    text = " ".join(map(str, VOXELS.ravel()))
    assert np.array_equal(read_image(nrrd(tmp_path, "encoding: text", data=text.encode())).voxels, VOXELS)
    with pytest.raises(ImageError, match="incomplete"):
        read_image(nrrd(tmp_path, "encoding: text", data=text[:300].encode()))


def metaimage(folder: Path, *lines: str, data: bytes = VOXELS.tobytes()) -> Path:
    header = [
        "ObjectType = Image", "NDims = 3", "BinaryData = True", "TransformMatrix = 1 0 0 0 1 0 0 0 1", "Offset = 0 0 0",
        "ElementSpacing = 0.7 0.8 2", "DimSize = 7 6 5", "ElementType = MET_SHORT", "ElementDataFile = LOCAL",
    ]  # fmt: skip
    given = {line.split(" ")[0]: line for line in lines}
    path = folder / "image.mha"
    path.write_bytes("\n".join([given.get(line.split(" ")[0], line) for line in header] + [""]).encode() + data)
    return path


BAD_METAIMAGE = {
    "a pattern of files": ("ElementDataFile = %s%s%s%n", "one .mha file"),
    "a list of files": ("ElementDataFile = LIST", "one .mha file"),
    "a file elsewhere": ("ElementDataFile = /etc/passwd", "one .mha file"),
    "a hundred dimensions": ("NDims = 100", "3 sizes for 100"),
    "claims 100k^3": ("DimSize = 100000 100000 100000", "memory"),
    "a spacing of 0": ("ElementSpacing = 0 0.8 2", "spacing"),
    "a spacing NaN": ("ElementSpacing = nan 0.8 2", "not a number"),
    "sheared": ("TransformMatrix = 1 0 0 0.2 1 0 0 0 1", "right angles"),
    "a type": ("ElementType = MET_STRING", "MET_STRING"),
    "text": ("BinaryData = False", "BinaryData"),
    "a size of the header, behind which the voxels lie": ("NDims = 3\nHeaderSize = 7", "HeaderSize of 7"),
    "a field twice": ("Offset = 0 0 0\nOffset = 1 2 3", "'Offset' twice"),
    "micrometres": ("NDims = 3\nDistanceUnits = um", "lengths in um"),
    "a slope": ("NDims = 3\nElementToIntensityFunctionSlope = 2", "scales its values"),
    "an intercept": ("NDims = 3\nElementToIntensityFunctionOffset = -1024", "scales its values"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_METAIMAGE.values(), ids=BAD_METAIMAGE.keys())
def test_a_metaimage_header_that_cannot_be_right_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    assert np.array_equal(read_image(metaimage(tmp_path)).voxels, VOXELS)
    with pytest.raises(ImageError, match=reason):
        read_image(metaimage(tmp_path, line))


COMPRESSED_SIZES = {
    "none": b"",
    "of another letter, which ITK does not know": b"compressedDataSize = %d\n",
    "a wrong one": b"CompressedDataSize = 7\n",
}


@pytest.mark.parametrize("stated", COMPRESSED_SIZES.values(), ids=COMPRESSED_SIZES.keys())
def test_compressed_metaimage_voxels_without_their_right_size_are_refused(tmp_path: Path, stated: bytes) -> None:
    """ITK unfolds from the start of the file then, header and all, and gives what was in memory."""
    path = written(tmp_path, ".mha", compress=True)
    start, line, rest = re.split(rb"(CompressedDataSize = \d+\n)", path.read_bytes())
    size = int(line.split()[-1])
    path.write_bytes(start + (stated % size if b"%" in stated else stated) + rest)
    with pytest.raises(ImageError, match="CompressedDataSize"):
        read_image(path)
    path.write_bytes(start + line + rest)
    assert np.array_equal(read_image(path).voxels, VOXELS)


def test_a_metaimage_without_a_position_is_said(tmp_path: Path) -> None:
    notes = read_image(metaimage(tmp_path)).notes
    assert not any("position" in note for note in notes)
    path = metaimage(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"Offset", b"offset"))
    assert any("no position" in note for note in read_image(path).notes)


def test_a_metaimage_with_its_voxels_beside_it(tmp_path: Path) -> None:
    path = metaimage(tmp_path, "ElementDataFile = voxels.raw", data=b"")
    (tmp_path / "voxels.raw").write_bytes(VOXELS.tobytes())
    assert np.array_equal(read_image(path).voxels, VOXELS)
    (tmp_path / "voxels.raw").write_bytes(VOXELS.tobytes()[:-1])
    with pytest.raises(ImageError, match="incomplete"):
        read_image(path)


def test_decompression_bombs_are_refused_without_unfolding_them(tmp_path: Path) -> None:
    honest = gzip.compress(written(tmp_path, ".nii").read_bytes() + bytes(64 << 20))
    (tmp_path / "more.nii.gz").write_bytes(honest)
    with pytest.raises(ImageError, match="more data than its header claims"):
        read_image(tmp_path / "more.nii.gz")
    zeros = zlib.compressobj(9, zlib.DEFLATED, 31)
    path = nrrd(tmp_path, "encoding: gzip", "sizes: 1024 1024 800", data=zeros.compress(bytes(1 << 20)) + zeros.flush())
    with pytest.raises(ImageError, match=r"would unfold to|memory"):
        read_image(path)


def test_pictures_are_whole_and_have_no_size(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(4000, dtype=np.uint8).reshape(50, 80)), str(tmp_path / "p.png"))
    assert "without a voxel size" in read_image(tmp_path / "p.png").notes[0]
    content = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").write_bytes(content[:-20])
    with pytest.raises(ImageError, match="incomplete"):
        read_image(tmp_path / "p.png")


def test_grey_in_colour_is_read_and_colours_are_not(tmp_path: Path) -> None:
    grey = np.arange(210, dtype=np.uint8).reshape(5, 6, 7)
    colour = np.stack([grey] * 3, axis=-1)
    sitk.WriteImage(sitk.GetImageFromArray(colour, isVector=True), str(tmp_path / "c.nrrd"))
    image = read_image(tmp_path / "c.nrrd")
    assert np.array_equal(image.voxels, grey) and "stored in colour" in " ".join(image.notes)


@pytest.mark.parametrize(
    ("voxels", "reason"),
    [
        (VOXELS.clip(-1000) // 2 + 1024, "shifted by \\+1024"),
        ((VOXELS + 1000) / 2000, "between 0 and 1"),
        ((VOXELS + 1000) / 1000 + 0.01, "g/cm"),
        (np.where(np.arange(7) < 2, -2000, VOXELS.clip(-1000) // 2 + 1024), "shifted by \\+1024"),
        ((VOXELS.astype(int) + 1000) * 255 // 2000, "grey levels of a picture"),
    ],
    ids=["shifted", "share", "density", "shifted with padding", "picture"],
)
def test_a_ct_on_another_scale_is_said(tmp_path: Path, voxels: np.ndarray, reason: str) -> None:
    import re

    values = voxels.astype(np.int16) if voxels.dtype.kind == "i" else voxels.astype(np.float32)
    write_image(Image(values, GRID, "CT", "HU"), tmp_path / "ct.nrrd")
    assert any(re.search(reason, note) for note in read_image(tmp_path / "ct.nrrd", "CT").notes)
    assert not read_image(written(tmp_path, ".nrrd")).notes


def test_a_metaimage_without_byte_order_is_said(tmp_path):
    path = tmp_path / "image.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5)), str(path))
    assert not any("byte order" in note for note in read_image(path).notes)
    path.write_bytes(path.read_bytes().replace(b"BinaryDataByteOrderMSB", b"BinaryDataByteOrderMSX"))
    assert any("byte order" in note for note in read_image(path).notes)
