"""DICOM series: every slice is read right, or the series is refused with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEGLSLossless, RLELossless

from SuperResRadiomicsLib.errors import ImageError
from SuperResRadiomicsLib.io.choices import ImageChoice
from SuperResRadiomicsLib.io.reading import read_image
from Testing.io.series import enhanced_dataset, plain_dataset, with_values, write_series

STORED = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
TILT = np.radians(20)
TILTED_AXES = (1, 0, 0, 0, np.cos(TILT), -np.sin(TILT))


def test_slices_are_sorted_by_position_and_put_where_they_lie(tmp_path: Path) -> None:
    order = [3, 0, 4, 1, 2]
    positions = np.array([[-30, 20, -100 + 2 * level] for level in order])
    image = read_image(write_series(tmp_path, STORED, positions=positions))
    assert np.array_equal(image.voxels, STORED[np.argsort(order)])
    assert image.grid.spacing == pytest.approx((0.7, 0.8, 2.0)) and image.grid.origin == pytest.approx((-30, 20, -100))
    assert (image.modality, image.unit, image.voxels.dtype, image.through_plane, image.notes) == (
        "CT", "HU", np.int16, 2, (),
    )  # fmt: skip


def test_a_series_is_read_as_simpleitk_reads_it(tmp_path: Path, test_data: Path) -> None:
    folder = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    image, itk = read_image(folder), sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    assert np.array_equal(image.voxels, sitk.GetArrayFromImage(itk))
    for ours, theirs in zip((image.spacing, image.origin, image.direction),
                            (itk.GetSpacing(), itk.GetOrigin(), itk.GetDirection()), strict=True):  # fmt: skip
        assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("name", ["LIDC-IDRI-0001_12sl.nii.gz", "LIDC-IDRI-0314_14sl.nii.gz"])
def test_real_slices_survive_the_way_through_dicom(tmp_path: Path, test_data: Path, name: str) -> None:
    source = read_image(test_data / "ct" / "lidc-idri" / name)
    part = source.voxels[:, 100:140, 200:260]

    def as_scanners_do(data: Dataset, number: int) -> None:
        data.PixelData = (part[number].astype(np.int32) + 4096).astype(np.uint16).tobytes()
        data.PixelRepresentation, data.RescaleIntercept = 0, -4096

    image = read_image(write_series(tmp_path / "s", part, change=as_scanners_do))
    assert np.array_equal(image.voxels, part) and image.voxels.dtype == np.int16


def test_every_slice_has_its_own_slope(tmp_path: Path) -> None:
    slopes = [1.0, 0.5, 0.25, 2.0, 0.125]
    stored = np.abs(STORED)

    def slope(data: Dataset, number: int) -> None:
        data.RescaleSlope, data.Units = slopes[number], "BQML"

    image = read_image(write_series(tmp_path, stored, "PT", change=slope))
    assert np.array_equal(image.voxels, stored * np.reshape(slopes, (5, 1, 1)))
    assert (image.modality, image.unit) == ("PT", "Bq/ml") and "--suv" in " ".join(image.notes)


def test_a_tilted_gantry_is_refused_or_straightened(tmp_path: Path) -> None:
    """A plane through the world must stay flat: the value is the world's y, which the tilt moves."""
    positions = np.array([[0.0, 0.0, 2.0 * number] for number in range(12)])
    rows = np.arange(40)[:, None] * 0.8 * np.array([0, np.cos(TILT), -np.sin(TILT)])
    stored = np.array([np.tile((place + rows)[:, 1:2] * 100, (1, 8)) for place in positions]).round().astype(np.int16)
    folder = write_series(tmp_path, stored, positions=positions, axes=TILTED_AXES)
    with pytest.raises(ImageError, match=r"tilted by 20\.0 degrees.*--straighten"):
        read_image(folder)
    image = read_image(folder, choice=ImageChoice(straighten=True))
    assert image.grid.voxel_volume == pytest.approx(0.7 * 0.8 * 2 * np.cos(TILT), rel=1e-6)
    k, j, i = np.indices(image.voxels.shape)
    world = image.grid.index_to_world(np.stack([i, j, k], axis=-1))
    right = np.abs(image.voxels - world[..., 1] * 100) < 2
    filled = image.voxels == image.voxels.min()
    # All but the outermost rows, which the padding shares in.
    assert right.mean() > 0.75 and (right | filled).mean() > 0.97
    assert any("tilted by 20.0" in note for note in image.notes)


def _position(number: int, value: list[float]):
    def change(data: Dataset, slice_number: int) -> None:
        if slice_number == number:
            data.ImagePositionPatient = value

    return change


REFUSED = {
    "a slice is missing": (_position(4, [-30, 20, -90]), "uneven slice positions"),
    "two slices at one place": (_position(4, [-30, 20, -94]), "more than one slice"),
    "a slice is shifted": (_position(2, [-28, 20, -96]), "do not lie above one another"),
    "a slice without position": (with_values(2, ImagePositionPatient=None), "states no position"),
    "a slice is turned": (with_values(2, ImageOrientationPatient=[0, 1, 0, 0, 0, 1]), "different orientations"),
    "a slice is turned a little": (
        with_values(2, ImageOrientationPatient=["0.999950", "0.010000", "0", "-0.010000", "0.999950", "0"]),
        "turned against one another",
    ),
    "a slice without orientation": (with_values(2, ImageOrientationPatient=None), "no orientation"),
    "axes at no right angle": (with_values(None, ImageOrientationPatient=[1, 0, 0, 0.5, 0.8, 0]), "right angles"),
    "pixel spacing of 0": (with_values(None, PixelSpacing=[0, 0.7]), "cannot be used"),
    "mixed pixel spacing": (with_values(3, PixelSpacing=[0.9, 0.7]), "mixes slices with a PixelSpacing"),
    "no pixel spacing": (with_values(None, PixelSpacing=None), "no PixelSpacing"),
    "mixed modality": (with_values(3, Modality="MR"), "mixes CT and MR"),
    "a slice without rescale": (with_values(2, RescaleSlope=None, RescaleIntercept=None), "but others do"),
    "slope of 0": (with_values(3, RescaleSlope=0), "RescaleSlope of 0"),
    "a slope that is no number": (with_values(3, RescaleSlope="nan"), "RescaleSlope is"),
    "mixed sizes": (with_values(3, Rows=3), "mixes slices of"),
    "pixels are cut off": (with_values(4, PixelData=bytes(20)), "is incomplete: 84 bytes"),
    "no pixels": (with_values(4, PixelData=None), "no pixels"),
    "a look-up table": (with_values(None, ModalityLUTSequence=Sequence([Dataset()])), "look-up table"),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_slices_that_make_no_volume_are_refused(tmp_path: Path, change, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_image(write_series(tmp_path, STORED, change=change))


def test_a_file_cut_off_on_the_disk_is_refused(tmp_path: Path) -> None:
    folder = write_series(tmp_path, STORED)
    last = folder / "IM0004.dcm"
    last.write_bytes(last.read_bytes()[:-30])
    with pytest.raises(ImageError, match="incomplete"):
        read_image(folder)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.9], ids=str)
@pytest.mark.parametrize("name", ["IM0004.dcm", "IM0004"])
def test_a_last_slice_cut_off_anywhere_is_refused(tmp_path: Path, share: float, name: str) -> None:
    """Even where nothing is left by which to know it for a slice."""
    folder = write_series(tmp_path, STORED)
    for path in list(folder.iterdir()):
        path.rename(path.with_suffix(Path(name).suffix))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ImageError, match=f"'{name}' (is incomplete|is named like|has no pixels|is damaged)"):
        read_image(folder)


def test_other_files_beside_a_series_are_passed_over(tmp_path: Path) -> None:
    folder = write_series(tmp_path, STORED)
    for name in ("README", "DICOMDIR", ".DS_Store", "._IM0001.dcm", "notes.txt"):
        (folder / name).write_text("x")
    assert np.array_equal(read_image(folder).voxels, STORED)


def test_slices_of_different_making_are_said(tmp_path: Path) -> None:
    def kernels(data: Dataset, number: int) -> None:
        data.ConvolutionKernel = "B30f" if number < 3 else "B70f"

    assert "differ in ConvolutionKernel" in " ".join(read_image(write_series(tmp_path, STORED, change=kernels)).notes)


def test_a_ct_without_rescale_is_refused_unless_it_shows_air(tmp_path: Path) -> None:
    bare = with_values(None, RescaleSlope=None, RescaleIntercept=None)
    image = read_image(write_series(tmp_path / "hu", STORED, change=bare))
    assert np.array_equal(image.voxels, STORED) and "no rescale slope" in image.notes[0]
    with pytest.raises(ImageError, match="no Hounsfield units"):
        read_image(write_series(tmp_path / "raw", np.abs(STORED), change=bare))


def test_monochrome1_is_not_inverted(tmp_path: Path) -> None:
    image = read_image(
        write_series(tmp_path, STORED, change=with_values(None, PhotometricInterpretation="MONOCHROME1"))
    )
    assert np.array_equal(image.voxels, STORED) and "inverted" in image.notes[0]


def test_unsigned_ct_stays_16_bits_wide(tmp_path: Path) -> None:
    stored = (STORED.astype(np.int32) + 1024).astype(np.uint16)
    image = read_image(write_series(tmp_path / "low", stored, change=with_values(None, RescaleIntercept=-1024)))
    assert np.array_equal(image.voxels, STORED) and image.voxels.dtype == np.int16
    stored[0, 0, 0] = 65535
    image = read_image(write_series(tmp_path / "high", stored, change=with_values(None, RescaleIntercept=-1024)))
    assert image.voxels[0, 0, 0] == 64511 and image.voxels.dtype == np.int32


def test_unused_high_bits_are_no_values(tmp_path: Path) -> None:
    stored = (np.abs(STORED) | 0x4000).astype(np.uint16)
    image = read_image(write_series(tmp_path, stored, "MR", change=with_values(None, BitsStored=12, HighBit=11)))
    assert np.array_equal(image.voxels, np.abs(STORED))


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=["RLE", "JPEG-LS"])
def test_compressed_slices_are_rescaled_once(tmp_path: Path, syntax: str) -> None:
    def compress(data: Dataset, number: int) -> None:
        data.RescaleSlope, data.RescaleIntercept = 2, -100
        try:
            data.compress(syntax)
        except (RuntimeError, NotImplementedError) as error:
            pytest.skip(f"no encoder: {error}")

    image = read_image(write_series(tmp_path, STORED, change=compress))
    assert np.array_equal(image.voxels, STORED * 2 - 100)


def test_padding_that_looks_like_tissue_is_said(tmp_path: Path) -> None:
    stored = STORED.copy()
    stored[:, 0] = 500

    def padded(data: Dataset, number: int) -> None:
        data.add_new(0x00280120, "SS", 500)

    image = read_image(write_series(tmp_path, stored, change=padded))
    assert any("padding with the value 500" in note for note in image.notes)


def test_one_slice_takes_its_thickness(tmp_path: Path) -> None:
    image = read_image(write_series(tmp_path / "known", STORED[:1], change=with_values(None, SliceThickness=3)))
    assert image.grid.size == (7, 6, 1) and image.grid.spacing[2] == 3 and not image.notes
    unknown = read_image(write_series(tmp_path / "unknown", STORED[:1], change=with_values(None, SliceThickness=None)))
    assert unknown.grid.spacing[2] == 1 and "unknown thickness" in unknown.notes[0]


def test_slices_far_apart_are_said(tmp_path: Path) -> None:
    image = read_image(write_series(tmp_path, STORED, change=with_values(None, SliceThickness=1)))
    assert "slices are missing" in " ".join(image.notes)


def test_enhanced_multi_frame_is_ordered_and_rescaled_by_frame(tmp_path: Path) -> None:
    levels, slopes = [4, 0, 2, 8, 6], [1, 2, 1, 1, 3]
    data = enhanced_dataset(np.abs(STORED), levels, slopes)
    data.save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    image = read_image(tmp_path / "multi.dcm")
    expected = (np.abs(STORED) * np.reshape(slopes, (5, 1, 1)) - 1024)[np.argsort(levels)]
    assert np.array_equal(image.voxels, expected)
    assert image.grid.spacing == pytest.approx((0.7, 0.8, 2.0)) and image.grid.origin == pytest.approx((-30, 20, 0))


@pytest.mark.parametrize(
    ("levels", "reason"),
    [([0, 2, 4, 8, 10], "uneven"), ([0, 2, 4, 0, 2], "more than one slice"), ([0, 2, 4, 6], "claims 5 frames")],
    ids=["a frame is missing", "two phases", "fewer described"],
)
def test_enhanced_multi_frame_that_is_no_volume_is_refused(tmp_path: Path, levels: list[float], reason: str) -> None:
    enhanced_dataset(STORED, levels).save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match=reason):
        read_image(tmp_path / "multi.dcm")


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=["RLE", "JPEG-LS"])
def test_compressed_frames_with_slopes_of_their_own_are_right_or_refused(tmp_path: Path, syntax: str) -> None:
    slopes = [1, 0.5, 2, 0.25, 3]
    for kind, given in (("same", [2] * 5), ("own", slopes)):
        data = enhanced_dataset(np.abs(STORED).astype(np.uint16), [0, 2, 4, 6, 8], given)
        try:
            data.compress(syntax)
        except (RuntimeError, NotImplementedError) as error:
            pytest.skip(f"no encoder: {error}")
        data.save_as(tmp_path / f"{kind}.dcm", enforce_file_format=True)
    right = np.abs(STORED).astype(float)
    assert np.array_equal(read_image(tmp_path / "same.dcm").voxels, right * 2 - 1024)
    if syntax == RLELossless:  # pydicom's own to decode
        image = read_image(tmp_path / "own.dcm")
        assert np.array_equal(image.voxels, right * np.reshape(slopes, (5, 1, 1)) - 1024)
        return
    with pytest.raises(ImageError, match="rescaled each in its own way.*Decompress it"):
        read_image(tmp_path / "own.dcm")


def ultrasound(stored: np.ndarray, *regions: tuple[float, int]) -> Dataset:
    data = plain_dataset("US", stored, 0)
    items = []
    for delta, width in regions:
        region = Dataset()
        region.PhysicalDeltaX = region.PhysicalDeltaY = delta
        region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
        region.RegionSpatialFormat, region.RegionDataType = 1, 1
        region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
        region.RegionLocationMaxX1, region.RegionLocationMaxY1 = width, 5
        items.append(region)
    if items:
        data.SequenceOfUltrasoundRegions = Sequence(items)
    return data


GREY = np.abs(STORED[0] // 4).astype(np.uint8)


def test_ultrasound_takes_the_pixel_size_of_its_region(tmp_path: Path) -> None:
    ultrasound(GREY, (0.02, 6)).save_as(tmp_path / "us.dcm", enforce_file_format=True)
    image = read_image(tmp_path / "us.dcm")
    assert image.spacing == pytest.approx((0.2, 0.2, 1.0)) and np.array_equal(image.voxels[0], GREY)
    ultrasound(GREY, (0.02, 2), (0.03, 6)).save_as(tmp_path / "two.dcm", enforce_file_format=True)
    two = read_image(tmp_path / "two.dcm")
    assert two.spacing[0] == pytest.approx(0.3) and "different pixel sizes" in two.notes[0]
    both = ultrasound(GREY, (0.02, 6))
    both.PixelSpacing = [0.3, 0.3]
    both.save_as(tmp_path / "both.dcm", enforce_file_format=True)
    assert "two pixel sizes: 0.3 x 0.3" in read_image(tmp_path / "both.dcm").notes[0]
    ultrasound(GREY).save_as(tmp_path / "none.dcm", enforce_file_format=True)
    assert "it is not known" in read_image(tmp_path / "none.dcm").notes[0]


def test_a_cine_is_no_volume(tmp_path: Path) -> None:
    frames = np.abs(STORED // 4).astype(np.uint8)
    data = ultrasound(frames, (0.02, 6))
    data.NumberOfFrames = 5
    data.save_as(tmp_path / "cine.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match=r"5 frames .*--frame, from 1 to 5"):
        read_image(tmp_path / "cine.dcm")
    image = read_image(tmp_path / "cine.dcm", choice=ImageChoice(frame=3))
    assert np.array_equal(image.voxels, frames[2:3])
    with pytest.raises(ImageError, match="no frame 6"):
        read_image(tmp_path / "cine.dcm", choice=ImageChoice(frame=6))


def test_grey_ultrasound_in_colour(tmp_path: Path) -> None:
    def coloured(pixels: np.ndarray) -> Dataset:
        data = ultrasound(GREY, (0.02, 6))
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
        data.PixelData = pixels.tobytes()
        return data

    grey = np.stack([GREY] * 3, axis=-1)
    coloured(grey).save_as(tmp_path / "grey.dcm", enforce_file_format=True)
    assert np.array_equal(read_image(tmp_path / "grey.dcm").voxels[0], GREY)
    grey[2, 3, 0] ^= 64
    coloured(grey).save_as(tmp_path / "doppler.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match="colour"):
        read_image(tmp_path / "doppler.dcm")


def _named(uid: str, number: int, description: str, **more: object):
    return with_values(None, SeriesInstanceUID=uid, SeriesNumber=number, SeriesDescription=description, **more)


def test_several_series_are_listed_and_chosen(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "deep", STORED, change=_named("1.2.777001", 2, "THORAX B30f"))
    write_series(tmp_path / "b", STORED + 1, change=_named("1.2.777002", 3, "THORAX B70f"))
    with pytest.raises(ImageError, match=r"2 DICOM series: THORAX B30f .*number 2.*THORAX B70f.*--series"):
        read_image(tmp_path)
    for asked in ("3", "thorax b70*", "777002", "1.2.777002"):
        assert np.array_equal(read_image(tmp_path, choice=ImageChoice(series=asked)).voxels, STORED + 1)
    with pytest.raises(ImageError, match="no DICOM series 'liver'"):
        read_image(tmp_path, choice=ImageChoice(series="liver"))


def test_localisers_are_passed_over(tmp_path: Path) -> None:
    localiser = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    write_series(tmp_path / "scan", STORED, change=_named("1.2.1", 2, "scan"))
    write_series(tmp_path / "scout", STORED[:2], change=_named("1.2.2", 1, "scout", **localiser))
    write_series(
        tmp_path / "within", STORED[:1], axes=(0, 1, 0, 0, 0, -1), change=_named("1.2.1", 2, "scan", **localiser)
    )
    image = read_image(tmp_path)
    assert np.array_equal(image.voxels, STORED)
    assert image.notes == (
        "1 series of localisers were passed over.",
        "1 localisers within the series were passed over.",
    )


def test_copies_of_files_are_passed_over(tmp_path: Path) -> None:
    folder = write_series(tmp_path, STORED)
    shutil.copy(folder / "IM0002.dcm", folder / "copy of IM0002.dcm")
    image = read_image(folder)
    assert np.array_equal(image.voxels, STORED) and "copies" in image.notes[0]


def test_a_damaged_header_takes_no_memory(tmp_path: Path) -> None:
    folder = write_series(tmp_path, STORED[:1], change=with_values(None, Rows=65535, Columns=65535))
    with pytest.raises(ImageError, match="incomplete|more than this computer"):
        read_image(folder)


def test_an_option_that_means_nothing_for_a_file_is_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(STORED), str(tmp_path / "x.nrrd"))
    with pytest.raises(ImageError, match="--series means nothing"):
        read_image(tmp_path / "x.nrrd", choice=ImageChoice(series="2"))


def test_plane_is_known_from_dicom_or_stated(tmp_path: Path) -> None:
    thin = np.array([[-30, 20, -100 + 0.6 * number] for number in range(5)])
    folder = write_series(tmp_path, STORED, positions=thin)
    assert read_image(folder).slice_axis == 2
    assert read_image(folder, choice=ImageChoice(plane="sagittal")).slice_axis == 0
