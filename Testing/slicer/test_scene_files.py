"""Saving the scene and opening it again brings choices and results back, through real storage nodes and a real file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.io.mrml import box_from_roi_node, roi_node_from_box
from Testing.host.scenefile import reopen, save

slicer = pytest.importorskip("slicer")


def test_a_scene_brings_everything_back(panel, make_lesion, choose, choose_item, wait_for_end, scene, tmp_path):
    lesion = make_lesion()
    choose(panel, lesion)
    choose_item(panel.modelPanel.ui.precisionComboBox, "bf16")
    choose_item(panel.modelPanel.ui.precisionComboBox, "fp32")
    panel.modelPanel.ui.marginSpinBox.setValue(4.5)
    panel._parameters.roi = roi_node_from_box(Box((3, 5, 2), (20, 14, 7)), "box", lesion.volume)
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    before = panel._parameters
    voxels = slicer.util.arrayFromVolume(before.result.enhanced).copy()
    provenance = before.result.enhanced.GetAttribute("SuperResRadiomics.Provenance")
    rows = before.result.table.GetNumberOfRows()
    reopen(scene, save(scene, tmp_path))
    after = panel._parameters
    assert after.node.GetScene() is scene
    assert (after.segmentId, after.lesionKind, after.model, after.margin) == ("lesion", "segment", "tiny", 4.5)
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode() is after.inputVolume
    assert after.inputVolume.GetName() == "Doe^Jane chest"
    assert after.result.original is after.inputVolume
    assert panel.inputPanel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert panel.modelPanel.ui.marginSpinBox.value == 4.5
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(after.result.enhanced), voxels)
    assert after.result.enhanced.GetAttribute("SuperResRadiomics.Provenance") == provenance
    assert json.loads(provenance)["model"]["name"] == "tiny"
    assert "Not for clinical use" in after.result.enhanced.GetDescription()
    assert after.result.table.GetNumberOfRows() == rows
    assert panel.featurePanel.table is not None
    assert box_from_roi_node(after.roi, after.inputVolume) == Box((3, 5, 2), (20, 14, 7))
    assert panel.runPanel.ui.runButton.enabled
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert panel.runPanel.ui.statusLabel.text.startswith("Done.")


def test_importing_a_scene_takes_its_choices_over(panel, make_lesion, choose, scene, tmp_path):
    choose(panel, make_lesion())
    panel.modelPanel.ui.marginSpinBox.setValue(7.0)
    file = save(scene, tmp_path)
    scene.Clear(0)
    make_lesion()
    panel.modelPanel.ui.marginSpinBox.setValue(1.0)
    scene.SetURL(str(file))
    assert scene.Import()
    assert panel.modelPanel.ui.marginSpinBox.value == 7.0
    panel.modelPanel.ui.marginSpinBox.setValue(3.0)
    assert panel._parameters.node is panel.logic.getParameterNode()
    assert panel._parameters.margin == 3.0


@pytest.mark.parametrize("follows", [False, True], ids=["as by default", "where the node takes part"])
def test_undo_leaves_panel_and_choices_in_step(panel, make_lesion, choose, scene, follows):
    choose(panel, make_lesion())
    panel._parameters.node.SetUndoEnabled(follows)
    scene.SetUndoOn()
    try:
        panel.modelPanel.ui.marginSpinBox.setValue(2.0)
        scene.SaveStateForUndo()
        panel.modelPanel.ui.marginSpinBox.setValue(8.0)
        scene.Undo()
    finally:
        scene.SetUndoOff()
        scene.ClearUndoStack()
    assert panel._parameters.margin == (2.0 if follows else 8.0)
    assert panel.modelPanel.ui.marginSpinBox.value == panel._parameters.margin
    panel.modelPanel.ui.marginSpinBox.setValue(5.0)
    assert panel._parameters.margin == 5.0
    assert panel._parameters.node is panel.logic.getParameterNode()


def test_results_lie_under_the_inputs_patient_and_study(panel, make_lesion, choose, wait_for_end, scene):
    lesion = make_lesion()
    hierarchy = scene.GetSubjectHierarchyNode()
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "patient")
    study = hierarchy.CreateStudyItem(patient, "study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(lesion.volume), study)
    choose(panel, lesion)
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    parameters = panel._parameters
    for node in parameters.result.outputs.values():
        item = hierarchy.GetItemByDataNode(node)
        assert hierarchy.GetItemParent(item) == study
        assert hierarchy.GetItemAncestorAtLevel(item, "Patient") == patient
