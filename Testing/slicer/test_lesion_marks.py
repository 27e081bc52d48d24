"""What a lesion can be marked by besides a segment: a ROI, a detector's suggestion, or what is drawn in the panel."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.detect import detect_lesion
from SuperResRadiomicsLib.errors import RegionError
from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.io.mrml import box_from_roi_node, image_from_volume_node, roi_node_from_box
from Testing.host.cases import LEFT_HANDED, OBLIQUE, ijk_to_ras, rotation, wait_until

slicer = pytest.importorskip("slicer")

MOVED = ijk_to_ras(rotation((0.0, 40.0, -10.0)), (1, 1, 1), (15.0, 4.0, -9.0))
BOX = Box((3, 5, 2), (20, 14, 7))


@pytest.mark.parametrize("matrix", [OBLIQUE, LEFT_HANDED], ids=["oblique", "left-handed"])
@pytest.mark.parametrize("box", [BOX, Box((0, 0, 0), (26, 23, 9)), Box((4, 4, 4), (5, 5, 5))])
def test_a_roi_covers_the_voxels_it_was_made_for(make_lesion, matrix, box):
    volume = make_lesion(matrix).volume
    assert box_from_roi_node(roi_node_from_box(box, "box", volume), volume) == box


def test_transforms_over_volume_and_roi_are_honoured(make_lesion, add_transform):
    volume = make_lesion().volume
    roi = roi_node_from_box(BOX, "box", volume)
    add_transform(MOVED, volume)
    with pytest.raises(RegionError, match="outside the image"):
        box_from_roi_node(roi, volume)
    add_transform(MOVED, roi)
    assert box_from_roi_node(roi, volume) == BOX


def test_a_turned_roi_is_enclosed(make_lesion, scene):
    """Against the voxels whose centres lie inside the ROI."""
    volume = make_lesion(ijk_to_ras(np.eye(3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))).volume
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "turned")
    turn = ijk_to_ras(rotation((0.0, 0.0, 30.0)), (1, 1, 1), (12.0, 11.0, 4.0))
    roi.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(turn))
    roi.SetSize(8.0, 4.0, 3.0)
    k, j, i = np.indices((9, 23, 26))
    local = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ np.linalg.inv(turn).T
    inside = np.argwhere((np.abs(local[..., :3]) <= (4.0, 2.0, 1.5)).all(axis=-1))[:, ::-1]
    box = box_from_roi_node(roi, volume)
    assert (np.array(box.start) <= inside.min(axis=0)).all()
    assert (np.array(box.stop) > inside.max(axis=0)).all()
    assert np.prod(box.size) < 12 * 12 * 6


@pytest.mark.parametrize(("centre", "size"), [((500.0, 0.0, 0.0), (5.0, 5.0, 5.0)), ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))])
def test_a_roi_without_voxels_is_refused(make_lesion, scene, centre, size):
    volume = make_lesion(ijk_to_ras(np.eye(3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))).volume
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "far")
    roi.SetCenter(*centre)
    roi.SetSize(*size)
    with pytest.raises(RegionError, match="no voxel of the volume"):
        box_from_roi_node(roi, volume)


def test_a_roi_is_enhanced_without_features(panel, make_lesion, choose_item, wait_for_end):
    volume = make_lesion().volume
    ui = panel.inputPanel.ui
    ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(ui.lesionKindComboBox, "roi")
    roi = roi_node_from_box(BOX, "box", volume)
    panel.modelPanel.ui.marginSpinBox.setValue(0.0)
    assert not panel.runPanel.ui.runButton.enabled
    ui.roiSelector.setCurrentNode(roi)
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    parameters = panel._parameters
    assert parameters.result.table is None
    provenance = json.loads(parameters.result.enhanced.GetAttribute("SuperResRadiomics.Provenance"))
    assert provenance["region"] == {"start": [6, 10, 2], "stop": [40, 28, 7]}
    assert provenance["parameters"]["margin_mm"] == 0


def test_a_detector_suggests_a_roi(panel, make_lesion, choose_item, wait_for_end, tiny_model, tiny_detector):
    lesion = make_lesion(shape=(9, 24, 24))
    panel.logic.models.parents = (tiny_model.parent, tiny_detector.parent)
    ui = panel.inputPanel.ui
    ui.inputVolumeSelector.setCurrentNode(lesion.volume)
    choose_item(ui.lesionKindComboBox, "roi")
    panel.enter()
    assert ui.detectButton.enabled
    panel.inputPanel.prepare = lambda functions: False
    ui.detectButton.click()
    assert panel.logic.isIdle, "what it needs is not installed"
    panel.inputPanel.prepare = lambda functions: True
    ui.detectButton.click()
    assert panel.runPanel.ui.runButton.text == "Cancel"
    wait_for_end(panel)
    assert "must check" in panel.runPanel.ui.statusLabel.text
    expected = detect_lesion(image_from_volume_node(lesion.volume, "CT"), tiny_detector, device="cpu")
    assert box_from_roi_node(panel._parameters.roi, lesion.volume) == expected.box
    assert "must check" in panel._parameters.roi.GetDescription()
    assert panel.runPanel.ui.runButton.enabled


def test_no_lesion_found_is_told(panel, make_lesion, choose_item, wait_for_end, dialogs, tiny_model, tiny_detector):
    volume = make_lesion(shape=(9, 24, 24)).volume
    slicer.util.arrayFromVolume(volume)[:] = -900
    slicer.util.arrayFromVolumeModified(volume)
    panel.logic.models.parents = (tiny_model.parent, tiny_detector.parent)
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "roi")
    panel.enter()
    panel.inputPanel.ui.detectButton.click()
    wait_for_end(panel)
    assert len(dialogs) == 1
    assert panel._parameters.roi is None


def test_without_a_detector_for_the_modality_the_button_says_so(panel, make_lesion, choose_item):
    """Only MR has a shipped detector."""
    ui = panel.inputPanel.ui
    ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)
    assert not ui.detectButton.enabled
    assert "no lesion detector for CT" in ui.detectButton.toolTip
    choose_item(ui.modalityComboBox, "MR")
    assert ui.detectButton.enabled


class TestEditor:
    """The Segment Editor in the panel."""

    @pytest.fixture
    def section(self, panel: Any) -> Any:
        return panel.inputPanel.ui.editorCollapsibleButton

    def test_it_is_made_when_it_is_opened(self, panel, section, make_lesion, scene):
        volume = make_lesion().volume
        before = slicer.util.getNodesByClass("vtkMRMLSegmentEditorNode")  # the scene's one may be left of another panel
        panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
        assert panel.inputPanel.editor.widget is None
        assert slicer.util.getNodesByClass("vtkMRMLSegmentEditorNode") == before
        section.collapsed = False
        editor = panel.inputPanel.editor.widget
        assert editor.sourceVolumeNode() is volume
        assert editor.segmentationNode() is panel._parameters.segmentation
        assert panel._parameters.segmentation.GetName() == "Doe^Jane chest lesions"

    def test_what_is_drawn_can_be_enhanced(self, panel, section, make_lesion, wait_for_end):
        lesion = make_lesion()
        panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(lesion.volume)
        section.collapsed = False
        drawn = panel._parameters.segmentation
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            lesion.mask.astype(np.uint8), drawn, panel._parameters.segmentId, lesion.volume
        )
        panel.runPanel.ui.runButton.click()
        wait_for_end(panel)
        assert panel.runPanel.ui.statusLabel.text.startswith("Done.")

    def test_an_existing_segmentation_is_edited(self, panel, section, make_lesion, choose):
        lesion = make_lesion()
        choose(panel, lesion)
        section.collapsed = False
        assert panel.inputPanel.editor.widget.segmentationNode() is lesion.segmentation

    def test_it_works_in_the_next_scene(self, panel, section, make_lesion, choose, scene):
        choose(panel, make_lesion())
        section.collapsed = False
        scene.Clear(0)
        assert section.collapsed
        lesion = make_lesion()
        choose(panel, lesion)
        section.collapsed = False
        assert panel.inputPanel.editor.widget.segmentationNode() is lesion.segmentation

    def test_in_another_module_it_listens_to_nothing(self, panel, section, make_lesion, choose):
        """Painting must not go on in other modules' views, nor its keys work there."""
        choose(panel, make_lesion())
        section.collapsed = False
        editor = panel.inputPanel.editor.widget
        assert (editor._observesViews, editor._hasShortcuts) == (True, True)
        panel.exit()
        assert (editor._observesViews, editor._hasShortcuts) == (False, False)
        panel.enter()
        assert (editor._observesViews, editor._hasShortcuts) == (True, True)
        section.collapsed = True
        assert (editor._observesViews, editor._hasShortcuts) == (False, False)
        panel.exit()
        panel.enter()
        assert (editor._observesViews, editor._hasShortcuts) == (False, False)

    def test_a_segment_that_is_added_while_drawing_is_selected(self, panel, section, make_lesion, choose):
        lesion = make_lesion()
        choose(panel, lesion)
        section.collapsed = False
        added = lesion.segmentation.GetSegmentation().AddEmptySegment("new", "new")
        assert panel._parameters.segmentId == added
        assert panel.inputPanel.ui.segmentSelector.currentSegmentID() == added

    def test_a_segment_that_a_script_adds_is_not(self, panel, make_lesion, choose):
        lesion = make_lesion()
        choose(panel, lesion)
        lesion.segmentation.GetSegmentation().AddEmptySegment("new", "new")
        assert panel._parameters.segmentId == "lesion"

    def test_without_a_volume_it_cannot_be_opened(self, panel, section):
        assert not section.enabled


@pytest.mark.parametrize("hasWindow", [True, False])
def test_a_new_roi_is_placed_where_the_user_looks(request, panel, make_lesion, choose_item, hasWindow):
    if hasWindow:
        request.getfixturevalue("layouts")
    volume = make_lesion().volume
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "roi")
    roi = panel.inputPanel.ui.roiSelector.addNode()
    assert panel._parameters.roi is roi
    assert min(roi.GetSize()) > 0
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    centre = np.array(roi.GetCenter())
    assert (bounds[::2] <= centre).all()
    assert (centre <= bounds[1::2]).all()
    assert panel.runPanel.ui.runButton.enabled


def test_a_detection_can_be_cancelled(panel, make_lesion, choose_item, tiny_model, tiny_detector):
    panel.logic.models.parents = (tiny_model.parent, tiny_detector.parent)
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion(shape=(9, 24, 24)).volume)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "roi")
    panel.enter()
    panel.inputPanel.ui.detectButton.click()
    wait_until(lambda: panel.logic.workerProcessId is not None, slicer.app.processEvents)
    panel.runPanel.ui.runButton.click()
    assert panel.logic.workerProcessId is None
    assert not slicer.util.getNodesByClass("vtkMRMLMarkupsROINode")
