"""Masks: the lesion that is meant, on the image's voxels, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from SuperResRadiomicsLib.errors import ImageError, MaskError
from SuperResRadiomicsLib.grid import Box, Grid, crop_grid, to_sitk
from SuperResRadiomicsLib.io.choices import MaskChoice
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import load_mask, read_image_with_mask
from SuperResRadiomicsLib.io.reading import read_image
from Testing.io.series import plain_dataset, write_series

Lesion = tuple[Image, np.ndarray]


def save(voxels: np.ndarray, grid: Grid, path: Path) -> Path:
    sitk.WriteImage(to_sitk(np.ascontiguousarray(voxels), grid), str(path))
    return path


def labels(mask: np.ndarray) -> np.ndarray:
    """Two lesions: 3 in the lower half, 7 in the upper."""
    values = mask.astype(np.uint8) * 3
    values[: len(values) // 2] = values[: len(values) // 2] // 3 * 7
    return values


def test_several_labels_need_a_choice(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    path = save(labels(mask), image.grid, tmp_path / "m.nrrd")
    with pytest.raises(MaskError, match=r"2 labels: 3 \(\d+ voxels\), 7 \(\d+ voxels\).*--label"):
        load_mask(path, image.grid)
    chosen = load_mask(path, image.grid, MaskChoice(label=7))
    assert np.array_equal(chosen.voxels, labels(mask) == 7) and not chosen.notes
    with pytest.raises(MaskError, match=r"no voxel of label 1; its labels are \[3, 7\]"):
        load_mask(path, image.grid, MaskChoice(label=1))


def test_one_label_is_the_lesion_whatever_its_value(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    path = save(mask.astype(np.float32) * 255, image.grid, tmp_path / "m.nrrd")
    assert np.array_equal(load_mask(path, image.grid).voxels, mask)


def test_a_probability_map_is_no_mask_without_a_threshold(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    path = save(np.where(mask, 0.8, 0.1).astype(np.float32), image.grid, tmp_path / "p.nrrd")
    with pytest.raises(MaskError, match="not whole numbers, from 0.1 to 0.8: a probability map.*--threshold"):
        load_mask(path, image.grid)
    found = load_mask(path, image.grid, MaskChoice(threshold=0.5))
    assert np.array_equal(found.voxels, mask) and "0.5" in found.notes[0]
    for bad in (0.05, 0.9):
        with pytest.raises(MaskError, match="voxel of the mask"):
            load_mask(path, image.grid, MaskChoice(threshold=bad))


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.uint8])
def test_the_image_itself_is_no_mask(lesion: Lesion, tmp_path: Path, kind: type) -> None:
    image, _ = lesion
    voxels = (image.voxels // 8 + 120).clip(0, 255) if kind is np.uint8 else image.voxels
    path = save(voxels.astype(kind), image.grid, tmp_path / "i.nrrd")
    with pytest.raises(MaskError, match="the image itself"):
        read_image_with_mask(path, path)
    if kind is np.int16:
        with pytest.raises(MaskError, match="different values.*an image, not a mask"):
            load_mask(path, image.grid)


def test_what_is_no_number_is_no_lesion(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    voxels = mask.astype(np.float32)
    voxels[0, 0, :3] = np.nan
    found = load_mask(save(voxels, image.grid, tmp_path / "n.nrrd"), image.grid)
    assert np.array_equal(found.voxels, mask) and "3 voxels that are not a number" in found.notes[0]


def test_a_jpeg_is_no_mask(tmp_path: Path) -> None:
    pixels = np.zeros((40, 40), np.uint8)
    pixels[10:20, 10:20] = 255
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "m.jpg"))
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "m.png"))
    grid = Grid((40, 40, 1), (1.0, 1.0, 1.0))
    with pytest.raises(MaskError, match="JPEG.*--threshold 128"):
        load_mask(tmp_path / "m.jpg", grid)
    assert load_mask(tmp_path / "m.jpg", grid, MaskChoice(threshold=128)).voxels.sum() == 100
    assert load_mask(tmp_path / "m.png", grid).voxels.sum() == 100


def reordered(mask: np.ndarray, grid: Grid, order: tuple[int, int, int], flips: tuple[int, ...]) -> tuple:
    """The same voxels in the world, stored along other axes (i, j, k) and backwards along some of these."""
    axes = np.reshape(grid.direction, (3, 3))[:, list(order)]
    size, spacing = (np.asarray(values)[list(order)] for values in (grid.size, grid.spacing))
    voxels = np.transpose(mask, tuple(2 - order[2 - axis] for axis in range(3)))
    first = np.zeros(3)
    for axis in flips:
        voxels = np.flip(voxels, 2 - axis)
        first[order[axis]] = grid.size[order[axis]] - 1
        axes[:, axis] *= -1
    origin = tuple(grid.index_to_world(first).tolist())
    return voxels, Grid(tuple(map(int, size)), tuple(spacing.tolist()), origin, tuple(axes.ravel().tolist()))


@pytest.mark.parametrize("flips", [(), (1,), (0, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)], ids=str)
def test_the_same_voxels_in_another_order_are_put_in_place(
    any_lesion: Lesion, tmp_path: Path, order: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    image, mask = any_lesion
    mask = mask.copy()
    mask[0, 0, 0] = mask[-1, 0, 1] = True  # no symmetric lesion
    path = save(*reordered(mask.astype(np.uint8), image.grid, order, flips), tmp_path / "m.nrrd")
    found = load_mask(path, image.grid)
    assert np.array_equal(found.voxels, mask)
    assert bool(found.notes) == ((order, flips) != ((0, 1, 2), ()))


def test_a_cropped_or_larger_mask_is_put_in_place(any_lesion: Lesion, tmp_path: Path) -> None:
    image, mask = any_lesion
    k, j, i = np.nonzero(mask)
    box = Box((i.min(), j.min(), k.min()), (i.max() + 1, j.max() + 1, k.max() + 1))
    path = save(mask[box.slices].astype(np.uint8), crop_grid(image.grid, box), tmp_path / "crop.nrrd")
    found = load_mask(path, image.grid)
    assert np.array_equal(found.voxels, mask) and "other extent" in found.notes[0]
    smaller = crop_grid(image.grid, box)
    whole = save(mask.astype(np.uint8), image.grid, tmp_path / "whole.nrrd")
    assert np.array_equal(load_mask(whole, smaller).voxels, mask[box.slices])
    cut = crop_grid(image.grid, Box(box.start, (box.stop[0] - 2, *box.stop[1:])))
    with pytest.raises(MaskError, match=r"marks \d+ voxels outside"):
        load_mask(whole, cut)


def test_a_little_off_is_fixed_and_said_and_more_is_refused_with_the_difference(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    grid = image.grid
    near = replace(grid, origin=(grid.origin[0] + 0.0005 * 0.8, *grid.origin[1:]))
    found = load_mask(save(mask.astype(np.uint8), near, tmp_path / "near.nrrd"), grid)
    assert np.array_equal(found.voxels, mask) and "voxels off the image" in found.notes[0]
    angle = 1e-4
    turned = (np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1)
    path = save(mask.astype(np.uint8), replace(grid, direction=turned), tmp_path / "turned.nrrd")
    with pytest.raises(MaskError, match=r"direction .*turned by 0\.00573 degrees.*voxels off.*geometryTolerance"):
        load_mask(path, grid)
    assert np.array_equal(load_mask(path, grid, MaskChoice(tolerance=0.05)).voxels, mask)
    with pytest.raises(MaskError, match="another grid"):
        load_mask(tmp_path / "near.nrrd", grid, MaskChoice(tolerance=1e-6))


def slicer_segmentation(folder: Path, grid: Grid, layers: list[np.ndarray]) -> Path:
    """As 3D Slicer writes overlapping segments: layers as channels, segments described in the header."""
    image = sitk.GetImageFromArray(np.stack(layers, axis=-1).astype(np.uint8), isVector=True)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    for number, (name, layer, label) in enumerate([("Tumour", 0, 1), ("Necrosis", 1, 1), ("Lung", 0, 2)]):
        image.SetMetaData(f"Segment{number}_ID", f"Segment_{number + 1}")
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_Layer", str(layer))
        image.SetMetaData(f"Segment{number}_LabelValue", str(label))
    sitk.WriteImage(image, str(folder / "s.seg.nrrd"))
    return folder / "s.seg.nrrd"


def test_segments_with_layers(lesion: Lesion, tmp_path: Path) -> None:
    image, mask = lesion
    core, lung = mask & (image.voxels > 40), ~mask
    path = slicer_segmentation(tmp_path, image.grid, [mask + 2 * lung, core])
    with pytest.raises(MaskError, match="3 segments: 0 'Tumour/Segment_1', 1 'Necrosis/.*--segment"):
        load_mask(path, image.grid)
    for asked, expected in (("tumour", mask), ("Necr*", core), ("2", lung), ("2.0", lung), ("Segment_2", core)):
        assert np.array_equal(load_mask(path, image.grid, MaskChoice(segment=asked)).voxels, expected)
    assert np.array_equal(load_mask(path, image.grid, MaskChoice(label=2)).voxels, lung)
    with pytest.raises(MaskError, match="no segment 'liver'"):
        load_mask(path, image.grid, MaskChoice(segment="liver"))
    with pytest.raises(MaskError, match="--roi chooses"):
        load_mask(path, image.grid, MaskChoice(roi="tumour"))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("Segment1_LabelValue", "one", "no whole number"),
        ("Segment1_Layer", "7", "no channel 7; it holds 2"),
        ("Segment1_LabelValue", "5", "no voxel of label 5"),
    ],
)
def test_segments_whose_place_is_wrong_are_refused(
    lesion: Lesion, tmp_path: Path, key: str, value: str, reason: str
) -> None:
    image, mask = lesion
    path = slicer_segmentation(tmp_path, image.grid, [mask, mask])
    segments = sitk.ReadImage(str(path))
    segments.SetMetaData(key, value)
    sitk.WriteImage(segments, str(path))
    with pytest.raises(MaskError, match=reason):
        load_mask(path, image.grid, MaskChoice(segment="Necrosis"))


@pytest.fixture
def scan(lesion: Lesion, tmp_path: Path) -> tuple[Path, Image, np.ndarray]:
    """A DICOM series with a lesion."""
    source, mask = lesion
    folder = write_series(tmp_path / "ct", source.voxels)
    return folder, read_image(folder), mask


def structure_set(image: Image, contours: list[tuple[str, np.ndarray]]) -> Dataset:
    """An RTSTRUCT with the structures GTV, of these contours (their kind and world positions), and Lung."""
    data = plain_dataset("CT", np.zeros((1, 1), np.uint8), 0)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(data, keyword)
    data.Modality = "RTSTRUCT"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    rois, filled = [], []
    for number, name in ((1, "GTV"), (2, "Lung")):
        roi, content = Dataset(), Dataset()
        roi.ROINumber = content.ReferencedROINumber = number
        roi.ROIName = name
        content.ContourSequence = Sequence([])
        for kind, points in contours if number == 1 else []:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [f"{value:.4f}" for value in np.ravel(points)]
            content.ContourSequence.append(contour)
        rois.append(roi)
        filled.append(content)
    data.StructureSetROISequence, data.ROIContourSequence = Sequence(rois), Sequence(filled)
    return data


def square(image: Image, level: int, low: float, high: float) -> np.ndarray:
    corners = [(low, low, level), (high, low, level), (high, high, level), (low, high, level)]
    return image.grid.index_to_world(np.array(corners, dtype=float))


@pytest.mark.parametrize("object_states_it", [True, False])
def test_another_frame_of_reference_is_said(
    scan: tuple[Path, Image, np.ndarray], tmp_path: Path, object_states_it: bool
) -> None:
    folder, image, _ = scan
    frame = "1.2.3.4"
    for path in folder.iterdir():
        one = dcmread(path)
        one.FrameOfReferenceUID = frame
        one.save_as(path)
    data = structure_set(image, [("CLOSED_PLANAR", square(image, 2, 9.5, 20.5))])
    stating = data if object_states_it else Dataset()
    if not object_states_it:
        data.ReferencedFrameOfReferenceSequence = Sequence([stating])
    for stated, said in ((frame, False), (f"{frame}.1", True)):
        stating.FrameOfReferenceUID = stated
        data.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
        notes = read_image_with_mask(folder, tmp_path / "rt.dcm", mask_choice=MaskChoice(roi="gtv"))[0].notes
        assert any("another frame of reference" in note for note in notes) is said


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_contours_with_a_hole(scan: tuple[Path, Image, np.ndarray], tmp_path: Path, kind: str) -> None:
    folder, image, _ = scan
    contours = [(kind, square(image, level, 9.5, 20.5)) for level in (2, 3, 5)]
    contours += [
        (kind, square(image, 3, 12.5, 15.5)),
        ("OPEN_PLANAR", square(image, 2, 1, 5)),
        ("POINT", square(image, 2, 1, 5)),
    ]
    path = tmp_path / "rt.dcm"
    structure_set(image, contours).save_as(path, enforce_file_format=True)
    with pytest.raises(MaskError, match="2 structures: 1 'GTV', 2 'Lung'.*--roi"):
        load_mask(path, image.grid)
    scanned, found = read_image_with_mask(folder, path, mask_choice=MaskChoice(roi="gtv"))
    expected = np.zeros(image.grid.shape, bool)
    expected[[2, 3, 5], 10:21, 10:21] = True
    expected[3, 13:16, 13:16] = False
    assert np.array_equal(found, expected)
    said = " ".join(scanned.notes)
    assert (
        "2 contours of 'rt.dcm' are not closed (OPEN_PLANAR, POINT)" in said
        and "leave out slices between others (4)" in said
    )
    with pytest.raises(MaskError, match="marks no voxel"):
        load_mask(path, image.grid, MaskChoice(roi="Lung"))


def box(image: Image, level: float, columns: tuple[float, float]) -> np.ndarray:
    (low, high), rows = columns, (9.5, 20.5)
    corners = [(low, rows[0], level), (high, rows[0], level), (high, rows[1], level), (low, rows[1], level)]
    return image.grid.index_to_world(np.array(corners, dtype=float))


@pytest.mark.parametrize(
    ("boxes", "marked", "said"),
    [
        ([(2, (9.5, 20.5)), (2, (9.5, 20.5))], 11 * 11, None),
        ([(2, (9.5, 14.5)), (2, (20.5, 24.5))], 11 * 9, None),
        ([(2, (9.5, 20.5)), (2, (15.5, 24.5))], 11 * 10, "overlap in one slice"),
        ([(2.3, (9.5, 20.5))], 11 * 11, "0.30 slices beside"),
        ([(level, (9.5, 20.5)) for level in (2, 2.5, 3)], 2 * 11 * 11, None),
        ([(6, (9.5, 20.5)), (7, (9.5, 20.5))], 11 * 11, "reach out of the image"),
        ([(2, (40.5, 60.5))], 11 * 7, "reach out of the image"),
    ],
    ids=["twice", "two islands", "overlapping", "between slices", "finer than slices", "above", "beside"],
)
def test_contours_that_do_not_fit_are_said(
    scan: tuple[Path, Image, np.ndarray], tmp_path: Path, boxes: list, marked: int, said: str | None
) -> None:
    _, image, _ = scan
    contours = [("CLOSED_PLANAR", box(image, level, columns)) for level, columns in boxes]
    structure_set(image, contours).save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    found = load_mask(tmp_path / "rt.dcm", image.grid, MaskChoice(roi="gtv"))
    assert found.voxels.sum() == marked
    assert len(found.notes) == (said is not None) and all(said in note for note in found.notes)


def test_a_structure_of_open_contours_alone_is_refused_with_the_reason(
    scan: tuple[Path, Image, np.ndarray], tmp_path: Path
) -> None:
    _, image, _ = scan
    open_only = structure_set(image, [("OPEN_PLANAR", square(image, 2, 9.5, 20.5))])
    open_only.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    with pytest.raises(MaskError, match=r"marks no voxel.*not closed \(OPEN_PLANAR\)"):
        load_mask(tmp_path / "rt.dcm", image.grid, MaskChoice(roi="gtv"))


def test_contours_without_all_their_points_are_refused(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    _, image, _ = scan
    data = structure_set(image, [("CLOSED_PLANAR", square(image, 2, 9.5, 20.5))])
    data.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 7
    data.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    with pytest.raises(MaskError, match="not as many points"):
        load_mask(tmp_path / "rt.dcm", image.grid, MaskChoice(roi="gtv"))


def segmentation(folder: Path, masks: list[np.ndarray], kind: str) -> Dataset:
    """A DICOM SEG as highdicom makes it; several masks may overlap."""
    highdicom = pytest.importorskip("highdicom")
    from pydicom.sr.codedict import codes

    datasets = [dcmread(path) for path in sorted(folder.iterdir())]
    for data in datasets:
        data.FrameOfReferenceUID, data.StudyID, data.Manufacturer = "1.2.3.4", "1", "x"
        for keyword in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "ReferringPhysicianName",
                        "StudyDate", "StudyTime"):  # fmt: skip
            setattr(data, keyword, "")
    described = [
        highdicom.seg.SegmentDescription(
            number, name, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm,
            highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(("tumour", "core")[: len(masks)], 1)
    ]  # fmt: skip
    pixels = np.stack(masks, axis=-1)
    if kind == "LABELMAP":
        pixels = sum(number * mask for number, mask in enumerate(masks, 1)).astype(np.uint8)
    return highdicom.seg.Segmentation(
        datasets, pixels.astype(np.float32) if kind == "FRACTIONAL" else pixels.astype(np.uint8), kind, described,
        highdicom.UID(), 100, highdicom.UID(), 1, "me", "model", "1", "number",
    )  # fmt: skip


def test_overlapping_dicom_segments(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    folder, image, mask = scan
    core = mask & (image.voxels > 40)
    path = tmp_path / "seg.dcm"
    segmentation(folder, [mask, core], "BINARY").save_as(path)
    with pytest.raises(MaskError, match="2 segments: 1 'tumour', 2 'core'.*--segment"):
        load_mask(path, image.grid)
    assert np.array_equal(load_mask(path, image.grid, MaskChoice(segment="tumour")).voxels, mask)
    assert np.array_equal(load_mask(path, image.grid, MaskChoice(label=2)).voxels, core)
    folder_with_one = tmp_path / "segs"
    folder_with_one.mkdir()
    path.rename(folder_with_one / "seg.dcm")
    assert np.array_equal(load_mask(folder_with_one, image.grid, MaskChoice(segment="1")).voxels, mask)


def test_a_label_map_in_dicom(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    folder, image, mask = scan
    rest = mask & (image.voxels > 40)
    segmentation(folder, [mask & ~rest, rest], "LABELMAP").save_as(tmp_path / "map.dcm")
    for name, expected in (("tumour", mask & ~rest), ("core", rest)):
        assert np.array_equal(load_mask(tmp_path / "map.dcm", image.grid, MaskChoice(segment=name)).voxels, expected)


def test_fractions_in_dicom(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    folder, image, mask = scan
    inner = mask & (image.voxels > 40)
    segmentation(folder, [np.where(inner, 0.9, np.where(mask, 0.3, 0.0))], "FRACTIONAL").save_as(tmp_path / "f.dcm")
    half = load_mask(tmp_path / "f.dcm", image.grid)
    assert np.array_equal(half.voxels, inner) and "from 0.5 on" in half.notes[0]
    assert np.array_equal(load_mask(tmp_path / "f.dcm", image.grid, MaskChoice(threshold=0.2)).voxels, mask)
    with pytest.raises(MaskError, match="fractions are from 0 to 1"):
        load_mask(tmp_path / "f.dcm", image.grid, MaskChoice(threshold=0.0))
    with pytest.raises(MaskError, match="Label_channel chooses"):
        load_mask(tmp_path / "f.dcm", image.grid, MaskChoice(channel=0))


def test_a_dicom_segmentation_of_another_grid_is_refused(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    folder, image, mask = scan
    segmentation(folder, [mask], "BINARY").save_as(tmp_path / "seg.dcm")
    moved = replace(image.grid, origin=(image.grid.origin[0] + 0.35, *image.grid.origin[1:]))
    with pytest.raises(MaskError, match="another voxel grid"):
        load_mask(tmp_path / "seg.dcm", moved)
    near = replace(image.grid, origin=(image.grid.origin[0] + 0.02, *image.grid.origin[1:]))
    found = load_mask(tmp_path / "seg.dcm", near)
    assert np.array_equal(found.voxels, mask) and "voxels off the image" in found.notes[0]
    assert not load_mask(tmp_path / "seg.dcm", image.grid).notes
    with pytest.raises(ImageError, match="holds SEG. A segmentation is given as the mask"):
        read_image(tmp_path / "seg.dcm")


def test_a_series_of_labels_is_a_mask_too(scan: tuple[Path, Image, np.ndarray], tmp_path: Path) -> None:
    folder, image, mask = scan
    labelled = write_series(tmp_path / "labels", mask.astype(np.uint8), "MR")
    assert np.array_equal(load_mask(labelled, image.grid).voxels, mask)
    with pytest.raises(MaskError, match="the image itself|an image, not a mask"):
        read_image_with_mask(folder, folder)


def test_the_real_segmentation_marks_the_liver(test_data: Path) -> None:
    image, mask = read_image_with_mask(
        test_data / "ct" / "dcmqi-dicom" / "ct-3slice", test_data / "ct" / "dcmqi-dicom" / "liver_seg.dcm"
    )
    assert mask.sum() == 107_098 and 30 < np.median(image.voxels[mask]) < 150
