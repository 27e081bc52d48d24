"""DICOM series with contours or segments become volumes with masks."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from skimage.measure import points_in_poly

from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import IDENTITY_DIRECTION, Grid
from SuperResRadiomicsLib.io.contours import fill_polygons, rasterise_contours
from SuperResRadiomicsLib.io.dicom_masks import read_dicom_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.training.config import DataConfig
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack, load_volume
from Testing.training.readers.samples import write_rtstruct, write_segmentation, write_series

DOWNWARDS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0)
TURNED = tuple(np.linalg.qr(np.array([[0.9, -0.3, 0.2], [0.35, 0.9, -0.1], [-0.1, 0.2, 0.95]]))[0].ravel().tolist())
DIRECTIONS = {"axial": IDENTITY_DIRECTION, "downwards": DOWNWARDS, "coronal": CORONAL, "oblique": TURNED}
CENTRE = np.array([19.3, 15.6])
RADII = {1: (9.2, 4.1, 1.7), 2: (11.4, 5.3, 2.2), 4: (6.6, 3.05, 1.3)}
"""Of slices k: a disc, its hole, an island in the hole; in units of the first axis' spacing."""


def make_grid(direction: tuple[float, ...]) -> Grid:
    return Grid((40, 32, 6), (0.75, 0.75, 3.0), (-41.5, 12.25, 77.0), direction)


def circle(grid: Grid, k: int, radius: float, points: int = 240) -> np.ndarray:
    angle = np.arange(points) * 2 * np.pi / points
    index = np.column_stack([CENTRE + radius * np.column_stack([np.cos(angle), np.sin(angle)]), np.full(points, k)])
    return grid.index_to_world(index)


def rings(grid: Grid) -> list[np.ndarray]:
    return [circle(grid, k, radius) for k, radii in RADII.items() for radius in radii]


def expected_rings(grid: Grid, on: Grid) -> np.ndarray:
    """The rings drawn on ``grid``, by world position at the voxel centres of another order of the same slices."""
    k, j, i = np.indices(on.shape)
    index = grid.world_to_index(on.index_to_world(np.stack([i, j, k], axis=-1)))
    distance = np.linalg.norm(index[..., :2] - CENTRE, axis=-1)
    inside = np.zeros(on.shape, dtype=bool)
    for level, (outer, hole, island) in RADII.items():
        ring = ((distance < outer) & (distance > hole)) | (distance < island)
        inside |= ring & (np.abs(index[..., 2] - level) < 0.5)
    return inside


def marked_voxels(grid: Grid) -> np.ndarray:
    """HU that tell voxels apart."""
    return np.random.default_rng(5).integers(-1000, 3000, grid.shape)


def write_case(folder: Path, grid: Grid, patient: str = "LUNG1-001") -> tuple[Path, str]:
    """An image series with contours of a lung and of two tumours."""
    study = folder / patient / "1.2.3"
    uid = write_series(study / "image", marked_voxels(grid), grid)
    lung = [circle(grid, k, 14.0, 40) for k in range(6)]
    structures = {"Lung-Left": lung, "GTV-2": lung[:1], "gtv-1": rings(grid)}
    write_rtstruct(study / "contours" / "1-1.dcm", uid, structures)
    (study / "image" / "LICENSE").write_text("none")
    return study, uid


def configure(folder: Path, **changes: object) -> DataConfig:
    return DataConfig.model_validate({"folder": folder, "layout": "dicom"} | changes)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_contours_and_holes_in_any_orientation(direction: tuple[float, ...], tmp_path: Path) -> None:
    grid = make_grid(direction)
    write_case(tmp_path, grid)
    data = configure(tmp_path)
    (entry,) = list_volumes(data, 0)
    assert (entry.path, entry.patient) == ("LUNG1-001/1.2.3/image", "LUNG1-001")
    volume = load_volume(entry, data)
    image, mask = volume.image, volume.lesion
    assert image.modality == "CT"
    k, j, i = np.indices(image.grid.shape)
    index = np.rint(grid.world_to_index(image.grid.index_to_world(np.stack([i, j, k], axis=-1)))).astype(int)
    assert np.array_equal(image.voxels, marked_voxels(grid)[index[..., 2], index[..., 1], index[..., 0]])
    assert mask is not None and np.array_equal(mask, expected_rings(grid, image.grid))
    stack = load_stack(entry, data)
    assert stack.spacing == pytest.approx((0.75, 0.75)) and stack.slices.shape == (6, 32, 40)


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_segments_in_any_orientation(direction: tuple[float, ...], fractional: bool, tmp_path: Path) -> None:
    grid = make_grid(direction)
    study = tmp_path / "P1" / "study"
    uid = write_series(study / "image", marked_voxels(grid), grid)
    mask = expected_rings(grid, grid)
    values = np.where(mask, 128, 127 * ~mask) if fractional else mask
    write_segmentation(study / "seg" / "1-1.dcm", uid, {"Lung": ~mask * 255, "GTV": values}, grid, fractional)
    data = configure(tmp_path)
    volume = load_volume(list_volumes(data, 0)[0], data)
    image, lesion = volume.image, volume.lesion
    assert lesion is not None and np.array_equal(lesion, expected_rings(grid, image.grid))


def test_a_segment_stored_in_another_order_of_rows_and_columns(tmp_path: Path) -> None:
    grid = make_grid(TURNED)
    axes = np.reshape(TURNED, (3, 3)) @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = Grid((32, 40, 6), (0.75, 0.75, 3.0), tuple(grid.index_to_world((39, 0, 0))), tuple(axes.ravel()))
    write_segmentation(tmp_path / "seg.dcm", "1.2", {"GTV": expected_rings(grid, turned)}, turned)
    assert np.array_equal(read_dicom_mask(tmp_path / "seg.dcm", grid, ["gtv"]), expected_rings(grid, grid))


def test_a_real_segmentation(test_data: Path) -> None:
    folder = test_data / "ct" / "dcmqi-dicom"
    image = read_image(folder / "ct-3slice")
    liver = read_dicom_mask(folder / "liver_seg.dcm", image.grid, ["liver"])
    assert liver.sum() == 107098 and 20 < np.median(image.voxels[liver]) < 80


def test_polygons_agree_with_points_in_polygon() -> None:
    rng = np.random.default_rng(1)
    rows, columns = np.indices((30, 40))
    centres = np.column_stack([columns.ravel(), rows.ravel()])
    for _ in range(20):
        polygon = rng.uniform((-5, -5), (45, 35), (9, 2))
        expected = points_in_poly(centres, polygon).reshape(30, 40)
        assert np.array_equal(fill_polygons([polygon], (30, 40)), expected)


def test_polygons_that_share_an_edge_share_no_pixel_and_leave_none_out() -> None:
    edges = [2.0, 5.0, 9.0]
    filled = np.zeros((12, 12), dtype=int)
    for low, high in pairwise(edges):
        for left, right in pairwise(edges):
            square = np.array([[left, low], [right, low], [right, high], [left, high]])
            filled += fill_polygons([square], (12, 12))
    assert filled[2:9, 2:9].min() == filled.max() == 1 and filled.sum() == 49


def test_planes_between_slices_count_for_the_nearest() -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    dense = [circle(grid, k / 2, 5.0 + k) for k in range(5)]
    mask = rasterise_contours(dense, grid)
    alone = rasterise_contours([circle(grid, k, 5.0 + 2 * k) for k in range(3)], grid)
    assert np.array_equal(mask[:3], alone[:3]), "slices take the contours of their own plane"
    assert not rasterise_contours([circle(grid, -1, 5.0), circle(grid, 6, 5.0)], grid).any()


def test_rtstruct_comes_before_seg_and_the_named_structure_decides(tmp_path: Path) -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    study, uid = write_case(tmp_path, grid)
    box = np.zeros(grid.shape, dtype=bool)
    box[2, 3:9, 4:20] = True
    write_segmentation(study / "a-seg" / "1-1.dcm", uid, {"GTV-1": box, "Heart": ~box}, grid)
    (entry,) = list_volumes(configure(tmp_path), 0)
    assert entry.lesion_mask == "LUNG1-001/1.2.3/contours/1-1.dcm"
    heart = configure(tmp_path, structure=["spinal*", "heart"])
    lesion = load_volume(list_volumes(heart, 0)[0], heart).lesion
    assert lesion is not None and np.array_equal(lesion, ~box)


def test_series_without_contours_have_no_lesion_and_localisers_are_left_out(tmp_path: Path) -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    study, _ = write_case(tmp_path, grid)
    write_series(study / "other", marked_voxels(grid), grid)
    write_series(study / "scout", marked_voxels(grid)[:1], grid, image_type="LOCALIZER")
    write_series(study / "mr", marked_voxels(grid), grid, "MR")
    data = configure(tmp_path)
    found = {e.path.rpartition("/")[2]: e for e in list_volumes(data, 0)}
    assert set(found) == {"image", "other"} and found["other"].lesion_mask is None
    assert load_volume(found["other"], data).lesion is None


def test_roles_are_drawn_by_patient_or_read_from_the_splits_file(tmp_path: Path) -> None:
    grid = Grid((4, 4, 2), (1.0, 1.0, 2.0))
    for number in range(10):
        for series in ("a", "b"):
            write_series(tmp_path / f"P{number}" / "study" / series, np.zeros(grid.shape), grid)
    data = configure(tmp_path)
    roles = {(e.patient, e.role) for e in list_volumes(data, 1)}
    assert len(roles) == 10, "both series of a patient have one role"
    counts = [role for _, role in roles]
    assert (counts.count("train"), counts.count("validation"), counts.count("test")) == (8, 1, 1)
    assert list_volumes(data, 1) == list_volumes(data, 1) != list_volumes(data, 2)
    (tmp_path / "splits.csv").write_text("patient,role\nP3,train\nP4,test\n")
    chosen = {e.patient: e.role for e in list_volumes(data, 1)}
    assert (chosen["P3"], chosen["P4"], chosen["P5"]) == ("train", "test", "unused")
    (tmp_path / "splits.csv").write_text("patient,role\nP3,train\nP33,test\n")
    with pytest.raises(SettingsError, match=r"does not hold: \['P33'\]"):
        list_volumes(data, 1)
    (tmp_path / "splits.csv").write_text("patient,role\nP3,train\nP3,test\n")
    with pytest.raises(SettingsError, match="'P3' two roles"):
        list_volumes(data, 1)


def test_wrong_layouts_are_explained(tmp_path: Path) -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    with pytest.raises(SettingsError, match="no data folder 'absent'"):
        list_volumes(configure(tmp_path / "absent"), 0)
    with pytest.raises(SettingsError, match=r"three folders deep.*LUNG1-001/<study>/<series>/1-001.dcm"):
        list_volumes(configure(tmp_path), 0)
    study, _ = write_case(tmp_path, grid)
    with pytest.raises(SettingsError, match="three folders deep"):
        list_volumes(configure(study.parent), 0)
    with pytest.raises(SettingsError, match=r"has the modality MR; there are \['CT', 'RTSTRUCT'\]"):
        list_volumes(configure(tmp_path, modality="MR"), 0)
    with pytest.raises(SettingsError, match=r"holds CT or MR but data.modality is 'US'"):
        list_volumes(configure(tmp_path, modality="US"), 0)
    with pytest.raises(SettingsError, match=r"named like \['tumour'\]; there are \['GTV-2', 'Lung-Left', 'gtv-1'\]"):
        list_volumes(configure(tmp_path, structure=["tumour"]), 0)


def test_contours_of_another_series_are_refused(tmp_path: Path) -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    study, _ = write_case(tmp_path, grid)
    write_rtstruct(study / "contours" / "1-1.dcm", "9.9.9", {"GTV-1": rings(grid)})
    with pytest.raises(SettingsError, match="refer to that series by its SeriesInstanceUID"):
        list_volumes(configure(tmp_path), 0)


def test_two_series_in_one_folder_are_refused(tmp_path: Path) -> None:
    study, _ = write_case(tmp_path, make_grid(IDENTITY_DIRECTION))
    shutil.move(study / "contours" / "1-1.dcm", study / "image" / "contours.dcm")
    with pytest.raises(SettingsError, match=r"1.2.3/image' holds 2 DICOM series \(CT, RTSTRUCT\)"):
        list_volumes(configure(tmp_path), 0)


def test_masks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    grid = make_grid(IDENTITY_DIRECTION)
    path = tmp_path / "mask.dcm"
    write_rtstruct(path, "1.2", {"GTV": [circle(make_grid(TURNED), 2, 5.0)]})
    with pytest.raises(MaskError, match=r"reaches over .* slices"):
        read_dicom_mask(path, grid, ["GTV"])
    write_rtstruct(path, "1.2", {"GTV": [circle(grid, 2, 5.0)[:2]]})
    with pytest.raises(MaskError, match="2 vertices"):
        read_dicom_mask(path, grid, ["GTV"])
    write_rtstruct(path, "1.2", {"GTV": [circle(grid, 20, 5.0)]})
    with pytest.raises(MaskError, match=r"'GTV' of 'mask.dcm' marks no voxel"):
        read_dicom_mask(path, grid, ["GTV"])
    with pytest.raises(MaskError, match=r"no structure named like \['liver'\]; it has \['GTV'\]"):
        read_dicom_mask(path, grid, ["liver"])
    coarse = Grid((20, 16, 6), (1.5, 1.5, 3.0), grid.origin)
    write_segmentation(path, "1.2", {"GTV": np.ones(coarse.shape, dtype=bool)}, coarse)
    with pytest.raises(MaskError, match="another voxel grid"):
        read_dicom_mask(path, grid, ["GTV"])
    moved = Grid(grid.size, grid.spacing, tuple(grid.index_to_world((1, 0, 0))))
    write_segmentation(path, "1.2", {"GTV": np.ones(grid.shape, dtype=bool)}, moved)
    with pytest.raises(MaskError, match="outside the image"):
        read_dicom_mask(path, grid, ["GTV"])
    write_series(tmp_path / "image", marked_voxels(grid)[:1], grid)
    with pytest.raises(MaskError, match="no RTSTRUCT and no SEG object but 'CT'"):
        read_dicom_mask(tmp_path / "image" / "1-001.dcm", grid, ["GTV"])
    path.write_text("not DICOM")
    with pytest.raises(MaskError, match="could not be read as a DICOM file"):
        read_dicom_mask(path, grid, ["GTV"])
