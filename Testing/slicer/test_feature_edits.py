"""Segments that were edited, or drawn on the fine image, after their features were computed."""

from __future__ import annotations

import numpy as np
import slicer

from SuperResRadiomicsLib.grid import through_plane_axis
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from Testing.host.cases import wait_until


def test_an_edited_segment_offers_to_refresh(measured):
    assert not measured.ui.staleLabel.isVisibleTo(measured.panel.widget)
    measured.edit()
    assert measured.ui.staleLabel.isVisibleTo(measured.panel.widget)
    assert not measured.logic.isRunning, "nothing runs by itself"
    assert not measured.ui.stabilityButton.enabled and "edited" in measured.ui.stabilityButton.toolTip
    measured.ui.refreshButton.click()
    measured.wait()
    assert not measured.ui.staleLabel.isVisibleTo(measured.panel.widget)
    assert measured.panel.table.lesion["original"].voxel_count == measured.lesion.mask.sum()
    measured.edit()
    assert measured.ui.staleLabel.isVisibleTo(measured.panel.widget), "the segment is still followed"


def test_an_edit_taken_back_is_none(measured):
    mask = measured.lesion.mask.copy()
    measured.edit()
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), measured.lesion.segmentation, measured.lesion.segment_id, measured.lesion.volume
    )
    assert not measured.ui.staleLabel.isVisibleTo(measured.panel.widget)


def test_an_edit_while_features_are_computed_is_not_missed(measured):
    measured.ui.compareButton.click()
    measured.edit()
    measured.wait()
    assert measured.said[-1] == ("Features computed.", False)
    wait_until(lambda: measured.ui.staleLabel.isVisibleTo(measured.panel.widget), slicer.app.processEvents)


def test_a_segmentation_that_was_saved_and_read_is_not_edited(measured, scene, tmp_path):
    from SuperResRadiomicsModule.segmentwatch import fingerprint

    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetScene(scene)
    storage.SetFileName(str(tmp_path / "lesions.seg.nrrd"))
    assert storage.WriteData(measured.lesion.segmentation)
    read = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "read")
    assert storage.ReadData(read)
    assert fingerprint(read, "lesion") == measured.node.drawn != ""


def test_another_name_or_segment_is_no_edit(measured):
    segmentation = measured.lesion.segmentation
    other = segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.roll(measured.lesion.mask, 3, 2).astype(np.uint8), segmentation, other, measured.lesion.volume
    )
    measured.lesion.segmentation.GetSegmentation().GetSegment("lesion").SetName("tumour")
    measured.lesion.segmentation.GetSegmentation().GetSegment("lesion").SetColor(1, 0, 0)
    assert not measured.ui.staleLabel.isVisibleTo(measured.panel.widget)


def test_a_lesion_drawn_on_the_fine_grid_is_carried_back(measured, scene):
    mask = measured.enhancement.mask.copy()
    columns = np.flatnonzero(mask.any(axis=(0, 1)))
    mask[..., columns[0]] = False  # Half an original voxel.
    fine = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "fine")
    fine.SetReferenceImageGeometryParameterFromVolumeNode(measured.enhanced)
    fine.GetSegmentation().AddEmptySegment("fine lesion", "fine lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), fine, "fine lesion", measured.enhanced)
    measured.ui.featureSegmentSelector.setCurrentNode(fine)
    measured.ui.featureSegmentSelector.setCurrentSegmentID("fine lesion")
    measured.ui.compareButton.click()
    measured.wait()
    text, is_error = measured.said[-1]
    assert not is_error and "drawn on the super-resolved image" in text and "%" in text
    lesion, header = measured.panel.table.lesion, measured.panel.table.header
    assert lesion["enhanced"].voxel_count == mask.sum()
    halves = mask.reshape(9, 23, 2, 26, 2).mean(axis=(2, 4)) >= 0.5  # What the interpolation at a centre is for 2x.
    assert lesion["original"].voxel_count == halves.sum()
    expected = extract_features(
        measured.enhancement.original,
        halves,
        FeatureSettings(classes=("firstorder",)),
        through_plane_axis(measured.enhancement.original.grid),
    )
    found = {row.key: row.original for row in measured.panel.table.rows}
    assert found["original_firstorder_Mean"] == expected["original_firstorder_Mean"]
    assert "carried back" in header.mask_rule
    assert "Lesion drawn on the super-resolved image" in measured.ui.settingsLabel.text
    assert (measured.node.segmentation, measured.node.segmentId) == (fine, "fine lesion")


def test_a_lesion_outside_of_the_enhanced_region_is_told(measured, scene):
    mask = np.zeros_like(measured.lesion.mask)
    mask[2:6, 1:6, 1:6] = True
    other = measured.lesion.segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), measured.lesion.segmentation, other, measured.lesion.volume
    )
    features = measured.node.features
    features["header"]["provenance"]["region"] = {"start": [20, 20, 0], "stop": [52, 46, 9]}
    measured.node.fill(features)
    measured.panel.update()
    measured.ui.featureSegmentSelector.setCurrentSegmentID("other")
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.said[-1][1] and "reaches out of the region that was enhanced" in measured.said[-1][0]
    assert measured.node.features == features, "no verdict on a lesion that the network did not see"
