"""A segment on a volume's lattice, cut to the lesion: against Slicer's own export of all of the volume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MaskError
from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment, segment_part
from SuperResRadiomicsLib.io.steps import run_steps
from Testing.host.cases import LEFT_HANDED, OBLIQUE, Lesion, ijk_to_ras, rotation

slicer = pytest.importorskip("slicer")


def by_slicer(lesion: Lesion, volume: Any) -> np.ndarray:
    """Slicer's own function, on the grid of all of the volume."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    names, labels = vtk.vtkStringArray(), slicer.vtkOrientedImageData()
    names.InsertNextValue(lesion.segment_id)
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        lesion.segmentation, volume, names, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY, labels
    )
    return vtk_to_numpy(labels.GetPointData().GetScalars()).reshape(labels.GetDimensions()[::-1]) != 0


@pytest.mark.parametrize("matrix", [OBLIQUE, LEFT_HANDED], ids=["oblique", "left-handed"])
@pytest.mark.parametrize("moved", ["nothing", "segment", "volume", "both", "by voxels"])
def test_it_is_where_slicer_has_it(make_lesion, add_transform, matrix, moved):
    lesion = make_lesion(matrix)
    turn = ijk_to_ras(rotation((1.0, 2.0, -1.0)), (1, 1, 1), (1.5, -2.0, 1.0))
    if moved == "by voxels":
        turn = np.eye(4)
        turn[:3, 3] = matrix[:3, :3] @ (2, -3, 1)
    nodes = {"segment": [lesion.segmentation], "volume": [lesion.volume], "by voxels": [lesion.segmentation]}
    both = [lesion.segmentation, lesion.volume]
    if moved != "nothing":
        add_transform(turn, *nodes.get(moved, both))
    mask = mask_from_segment(lesion.segmentation, lesion.segment_id, lesion.volume)
    np.testing.assert_array_equal(mask, by_slicer(lesion, lesion.volume))


@pytest.mark.parametrize("factor", [0.5, 0.73, 1.3])
def test_it_is_carried_to_another_lattice_as_slicer_does(make_lesion, factor):
    lesion = make_lesion()
    matrix = OBLIQUE.copy()
    matrix[:3, 3] += OBLIQUE[:3, :3] @ np.full(3, factor / 2 - 0.5)
    matrix[:3, :3] *= factor
    count = int(26 / factor)
    other = slicer.util.addVolumeFromArray(np.zeros((int(9 / factor), count, count), np.int16), matrix, "other")
    mask = mask_from_segment(lesion.segmentation, lesion.segment_id, other)
    np.testing.assert_array_equal(mask, by_slicer(lesion, other))


def test_it_is_cut_to_the_lesion_and_knows_what_lies_outside(make_lesion, add_transform):
    lesion = make_lesion()
    part = run_steps(segment_part(lesion.segmentation, lesion.segment_id, lesion.volume))
    places = np.argwhere(lesion.mask)[:, ::-1]
    assert part.box == Box(tuple(places.min(axis=0).tolist()), tuple((places.max(axis=0) + 1).tolist()))
    shift = np.eye(4)
    shift[:3, 3] = OBLIQUE[:3, :3] @ (-20, 0, 0)
    add_transform(shift, lesion.segmentation)
    moved = run_steps(segment_part(lesion.segmentation, lesion.segment_id, lesion.volume))
    assert moved.box.start[0] == part.box.start[0] - 20 < 0
    assert moved.mask.sum() == lesion.mask.sum()
    inside = moved.within(Box((0, 0, 0), (26, 23, 9)))
    assert 0 < inside.sum() < lesion.mask.sum()


def test_a_segment_that_shares_its_labelmap_is_told_apart(make_lesion):
    lesion = make_lesion()
    lesion.segmentation.GetSegmentation().AddEmptySegment("other", "other")
    other = np.zeros(lesion.mask.shape, np.uint8)
    other[0, 0, 0] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(other, lesion.segmentation, "other", lesion.volume)
    mask = mask_from_segment(lesion.segmentation, lesion.segment_id, lesion.volume)
    np.testing.assert_array_equal(mask, lesion.mask)
    assert mask_from_segment(lesion.segmentation, "other", lesion.volume).sum() == 1


def test_a_lesion_outside_the_volume_is_refused(make_lesion, add_transform):
    lesion = make_lesion()
    shift = np.eye(4)
    shift[:3, 3] = OBLIQUE[:3, :3] @ (-200, 0, 0)
    add_transform(shift, lesion.segmentation)
    with pytest.raises(MaskError, match="no voxel inside the volume"):
        mask_from_segment(lesion.segmentation, lesion.segment_id, lesion.volume)
