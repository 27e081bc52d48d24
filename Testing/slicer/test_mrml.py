"""Volumes and segments to and from MRML nodes, on a real scene."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib.errors import GridError, ImageError, MaskError
from SuperResRadiomicsLib.grid import Box, Grid, refine
from SuperResRadiomicsLib.io import handover
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.image_stack import write_stack
from SuperResRadiomicsLib.io.mrml import (
    image_from_volume_node,
    read_image_data,
    volume_node_from_data,
    volume_node_from_image,
    write_volume,
)
from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.io.steps import run_steps
from Testing.host.cases import LEFT_HANDED, OBLIQUE, ijk_to_ras, rotation

slicer = pytest.importorskip("slicer")
vtk = pytest.importorskip("vtk")

PLAIN = ijk_to_ras(np.eye(3), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
SHEARED = OBLIQUE @ np.array([[1, 0, 0.3, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=float)
MOVED = ijk_to_ras(rotation((0.0, 40.0, -10.0)), (1, 1, 1), (15.0, 4.0, -9.0))


def matrix_of(node) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def node_ids(scene) -> list[str]:
    return [scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())]


@pytest.mark.parametrize("matrix", [PLAIN, OBLIQUE, LEFT_HANDED])
def test_voxels_lie_where_the_node_has_them(make_lesion, matrix):
    volume = make_lesion(matrix).volume
    image = image_from_volume_node(volume, "CT")
    index = np.array([3, 5, 7])
    ras = (matrix @ [*index, 1])[:3]
    np.testing.assert_allclose(image.grid.index_to_world(index), ras * [-1, -1, 1], atol=1e-12)
    np.testing.assert_array_equal(image.voxels, slicer.util.arrayFromVolume(volume))
    assert (image.modality, image.unit) == ("CT", "HU")


def test_the_image_does_not_carry_the_nodes_name(make_lesion):
    assert "Doe" not in image_from_volume_node(make_lesion().volume).name


def test_sheared_axes_are_refused(make_lesion):
    with pytest.raises(GridError, match="gantry"):
        image_from_volume_node(make_lesion(SHEARED).volume)


def test_a_volume_without_voxels_is_refused(scene):
    with pytest.raises(ImageError, match="no voxels"):
        image_from_volume_node(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))


@pytest.mark.parametrize("matrix", [PLAIN, OBLIQUE, LEFT_HANDED])
def test_an_unrefined_image_comes_back_on_the_same_matrix(make_lesion, matrix):
    volume = make_lesion(matrix).volume
    node = volume_node_from_image(image_from_volume_node(volume), "copy", volume)
    np.testing.assert_allclose(matrix_of(node), matrix, atol=1e-12)


@pytest.mark.parametrize("matrix", [PLAIN, OBLIQUE, LEFT_HANDED])
def test_a_refined_volume_covers_the_same_field_of_view(make_lesion, add_transform, matrix):
    volume = make_lesion(matrix).volume
    add_transform(MOVED, volume)
    image = image_from_volume_node(volume)
    grid = refine(image.grid, (2, 3, 1))
    repeated = image.voxels.repeat(3, axis=1).repeat(2, axis=2)
    node = volume_node_from_image(image.with_voxels(repeated, grid), "fine", volume)
    i, j, k = image.grid.size
    for corner in np.ndindex(2, 2, 2):
        coarse = np.array(corner) * (i, j, k) - 0.5
        fine = np.array(corner) * (2 * i, 3 * j, k) - 0.5
        np.testing.assert_allclose(matrix_of(node) @ [*fine, 1], matrix @ [*coarse, 1], atol=1e-9)
    # What the views and probes use: bounds in the world, parent transform included.
    ours, theirs = np.zeros(6), np.zeros(6)
    node.GetRASBounds(ours)
    volume.GetRASBounds(theirs)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_display_and_transform_are_taken_over(make_lesion, add_transform, scene):
    volume = make_lesion().volume
    transform = add_transform(MOVED, volume)
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(1400, -500)
    color = scene.GetFirstNodeByName("Inferno") or scene.GetNthNodeByClass(1, "vtkMRMLColorTableNode")
    display.SetAndObserveColorNodeID(color.GetID())
    node = volume_node_from_image(image_from_volume_node(volume), "copy", volume)
    shown = node.GetDisplayNode()
    assert (shown.GetWindow(), shown.GetLevel(), shown.GetAutoWindowLevel()) == (1400, -500, 0)
    assert shown.GetColorNode() is color
    assert node.GetParentTransformNode() is transform


@pytest.mark.parametrize(("given", "stored"), [("int64", "float64"), ("float16", "float32"), ("uint8", "uint8")])
def test_types_that_slicer_refuses_are_converted(make_lesion, given, stored):
    volume = make_lesion().volume
    image = image_from_volume_node(volume)
    node = volume_node_from_image(image.with_voxels(np.ones(image.grid.shape, given)), "copy", volume)
    assert slicer.util.arrayFromVolume(node).dtype == stored


@pytest.mark.parametrize("matrix", [PLAIN, OBLIQUE, LEFT_HANDED])
def test_a_segment_is_its_mask(make_lesion, matrix):
    lesion = make_lesion(matrix)
    np.testing.assert_array_equal(mask_from_segment(lesion.segmentation, "lesion", lesion.volume), lesion.mask)


def test_one_transform_over_both_changes_nothing(make_lesion, add_transform):
    lesion = make_lesion()
    add_transform(MOVED, lesion.volume, lesion.segmentation)
    np.testing.assert_array_equal(mask_from_segment(lesion.segmentation, "lesion", lesion.volume), lesion.mask)


@pytest.mark.parametrize("moved", ["volume", "segmentation"])
def test_a_transform_over_one_moves_the_mask_by_it(make_lesion, add_transform, moved):
    """A shift by whole voxels along the volume's own axes must shift the mask by as many."""
    lesion = make_lesion()
    steps = np.array([2, -3, 1])
    shift = np.eye(4)
    shift[:3, 3] = OBLIQUE[:3, :3] @ (steps if moved == "segmentation" else -steps)
    add_transform(shift, getattr(lesion, moved))
    mask = mask_from_segment(lesion.segmentation, "lesion", lesion.volume)
    np.testing.assert_array_equal(mask, np.roll(lesion.mask, tuple(steps[::-1]), axis=(0, 1, 2)))


def test_a_rotated_segmentation_lands_where_the_world_has_it(make_lesion, add_transform):
    lesion = make_lesion()
    add_transform(MOVED, lesion.volume)
    turn = ijk_to_ras(rotation((0.0, 0.0, 8.0)), (1, 1, 1), (0.0, 0.0, 0.0))
    centre = (OBLIQUE @ [*np.argwhere(lesion.mask).mean(axis=0)[::-1], 1])[:3]
    about_centre = np.eye(4)
    about_centre[:3, 3] = centre
    add_transform(MOVED @ about_centre @ turn @ np.linalg.inv(about_centre), lesion.segmentation)
    mask = mask_from_segment(lesion.segmentation, "lesion", lesion.volume)
    found = (OBLIQUE @ [*np.argwhere(mask).mean(axis=0)[::-1], 1])[:3]
    assert np.linalg.norm(found - centre) < 0.5
    assert abs(mask.sum() / lesion.mask.sum() - 1) < 0.1


def test_exporting_leaves_the_scene_alone(make_lesion, scene):
    """Also when the segment is a surface only, so that voxels have to be made for the export."""
    lesion = make_lesion()
    segmentation = lesion.segmentation.GetSegmentation()
    lesion.segmentation.CreateClosedSurfaceRepresentation()
    surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    lesion.segmentation.SetSourceRepresentationToClosedSurface()
    labelmap = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    segmentation.RemoveRepresentation(labelmap)
    before = node_ids(scene)
    mask = mask_from_segment(lesion.segmentation, "lesion", lesion.volume)
    assert node_ids(scene) == before
    assert segmentation.ContainsRepresentation(surface)
    assert not segmentation.ContainsRepresentation(labelmap)
    assert 0.7 < mask.sum() / lesion.mask.sum() < 1.3


def test_only_the_chosen_segment_is_exported(make_lesion):
    lesion = make_lesion()
    other = np.zeros_like(lesion.mask)
    other[:2, :4, :4] = True
    lesion.segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        other.astype(np.uint8), lesion.segmentation, "other", lesion.volume
    )
    np.testing.assert_array_equal(mask_from_segment(lesion.segmentation, "other", lesion.volume), other)
    np.testing.assert_array_equal(mask_from_segment(lesion.segmentation, "lesion", lesion.volume), lesion.mask)


def test_a_missing_segment_is_named(make_lesion):
    lesion = make_lesion()
    with pytest.raises(MaskError, match="no segment 'tumour'"):
        mask_from_segment(lesion.segmentation, "tumour", lesion.volume)


def test_a_segment_outside_the_volume_is_refused(make_lesion, add_transform):
    lesion = make_lesion()
    far = np.eye(4)
    far[:3, 3] = 1000
    add_transform(far, lesion.segmentation)
    with pytest.raises(MaskError, match="outside the image"):
        mask_from_segment(lesion.segmentation, "lesion", lesion.volume)


def test_an_empty_segment_is_refused(make_lesion):
    lesion = make_lesion()
    lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    with pytest.raises(MaskError, match="no voxel"):
        mask_from_segment(lesion.segmentation, "empty", lesion.volume)


@pytest.mark.parametrize("box", [None, Box((3, 4, 1), (20, 19, 8))])
def test_voxels_go_to_a_file_and_back_in_steps(make_lesion, tmp_path, monkeypatch, box):
    monkeypatch.setattr(handover, "BYTES_PER_STEP", 1000)
    volume = make_lesion(LEFT_HANDED).volume
    steps = list(write_volume(volume, tmp_path / "part.nrrd", box))
    assert len(steps) > 5
    wanted = image_from_volume_node(volume, "CT")
    wanted = wanted if box is None else wanted.cut(box)
    read = read_image(tmp_path / "part.nrrd", "CT")
    np.testing.assert_array_equal(read.voxels, wanted.voxels)
    assert read.grid.matches(wanted.grid, 1e-6)
    node = volume_node_from_data(*run_steps(read_image_data(tmp_path / "part.nrrd")), volume)
    back = image_from_volume_node(node, "CT")
    np.testing.assert_array_equal(back.voxels, wanted.voxels)
    assert back.grid.matches(wanted.grid, 1e-6)
    assert node.GetParentTransformNode() is volume.GetParentTransformNode()


def test_a_volume_that_is_edited_meanwhile_is_not_handed_over(make_lesion, tmp_path, monkeypatch):
    monkeypatch.setattr(handover, "BYTES_PER_STEP", 1000)
    volume = make_lesion().volume
    steps = write_volume(volume, tmp_path / "part.nrrd")
    next(steps)
    volume.GetImageData().Modified()
    with pytest.raises(ImageError, match="was edited"):
        run_steps(steps)


def test_a_stack_is_handed_over_as_it_would_be_written(tmp_path):
    """Voxels, their order and the grid, oblique as it is."""
    images = np.arange(3 * 2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4, 3)
    direction = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
    grid = Grid((4, 3, 2), (0.7, 0.8, 2.5), (-3.0, 5.0, 7.5), direction)
    samples = np.moveaxis(images, -1, 0)  # As a volume holds them that has all in each voxel.
    run_steps(handover.hand_over_stack(samples, grid, tmp_path / "given.nrrd"))
    write_stack([Image(np.ascontiguousarray(one), grid) for one in samples], tmp_path / "written.nrrd")
    given, written = (sitk.ReadImage(str(tmp_path / name)) for name in ("given.nrrd", "written.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(given), samples)
    assert given.GetPixelID() == written.GetPixelID()
    for name in ("Size", "Spacing", "Origin", "Direction"):
        assert getattr(given, f"Get{name}")() == pytest.approx(getattr(written, f"Get{name}")()), name


def test_voxels_that_are_no_numbers_are_not_handed_over(tmp_path):
    voxels = np.zeros((2, 3, 4), np.float32)
    voxels[1, 2, 3] = np.nan
    with pytest.raises(ImageError, match="NaN or infinite"):
        run_steps(handover.hand_over(voxels, Grid((4, 3, 2), (1.0, 1.0, 1.0)), tmp_path / "part.nrrd"))


@pytest.mark.parametrize("content", [b"", b"NRRD0005\nencoding: gzip\n\n"])
def test_a_damaged_file_is_not_taken_over(tmp_path, content):
    (tmp_path / "part.nrrd").write_bytes(content)
    with pytest.raises(ImageError, match="cannot be read"):
        run_steps(read_image_data(tmp_path / "part.nrrd"))
