"""The real script and its real .ui on the host: wiring, enablement, and a click that runs to the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Testing.host.cases import wait_until
from Testing.host.scene import content

slicer = pytest.importorskip("slicer")


@pytest.fixture
def panel(module: Any, tiny_model: Path) -> Iterator[Any]:
    """The module's widget, entered, with a model to choose."""
    from Testing.host import application

    widget = application.open_panel(module)
    widget.logic.modelFolders = (tiny_model.parent,)
    widget.enter()
    widget.ui.modelComboBox.setCurrentIndex(widget.ui.modelComboBox.findData("tiny"))
    widget.ui.deviceComboBox.setCurrentIndex(widget.ui.deviceComboBox.findData("cpu"))
    yield widget
    widget.cleanup()
    assert not widget.Observations
    widget.parent.deleteLater()
    slicer.app.processEvents()


def wait_for_end(panel: Any) -> None:
    wait_until(lambda: not panel.logic.isRunning, slicer.app.processEvents)


def choose(panel: Any, lesion: Any) -> None:
    panel.ui.inputVolumeSelector.setCurrentNode(lesion.volume)
    panel.ui.segmentSelector.setCurrentNode(lesion.segmentation)


def test_an_empty_scene_offers_nothing_to_do(panel):
    assert not panel.ui.superResolveButton.enabled
    assert "input volume" in panel.ui.superResolveButton.toolTip
    assert not panel.ui.cancelButton.enabled
    assert not panel.ui.progressBar.isVisibleTo(panel.parent)
    assert "Not for clinical use" in panel.ui.noticeLabel.text


def test_models_and_devices_can_be_chosen(panel):
    boxes = (panel.ui.modelComboBox, panel.ui.deviceComboBox, panel.ui.precisionComboBox)
    listed = [[box.itemData(index) for index in range(box.count)] for box in boxes]
    assert "tiny" in listed[0]
    assert listed[1:] == [["auto", "cpu", "cuda:0", "mps"], ["fp32", "bf16", "fp16"]]
    assert panel.ui.modelComboBox.itemText(listed[0].index("tiny")) == "tiny (fidelity)"


def test_a_volume_is_enough_to_start(panel, make_lesion):
    volume = make_lesion().volume
    assert panel.ui.inputVolumeSelector.currentNode() is volume
    assert panel.ui.segmentSelector.currentNode() is None
    assert panel.ui.superResolveButton.enabled


def test_choosing_a_segmentation_chooses_its_first_segment(panel, make_lesion):
    choose(panel, make_lesion())
    assert panel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert panel.ui.superResolveButton.enabled


def test_a_segmentation_without_chosen_segment_is_no_lesion(panel, make_lesion):
    choose(panel, make_lesion())
    panel.ui.segmentSelector.setCurrentSegmentID("")
    assert not panel.ui.superResolveButton.enabled
    assert "segment" in panel.ui.superResolveButton.toolTip


def test_the_segment_of_another_segmentation_does_not_count(panel, make_lesion, scene):
    """The real selector goes on naming the old segment when the new segmentation is empty."""
    choose(panel, make_lesion())
    empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "empty")
    panel.ui.segmentSelector.setCurrentNode(empty)
    assert panel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert not panel.ui.superResolveButton.enabled


def test_choices_are_kept_in_the_scene(panel, make_lesion, module):
    lesion = make_lesion()
    choose(panel, lesion)
    panel.ui.precisionComboBox.setCurrentIndex(1)
    kept = module.Parameters(panel.logic.getParameterNode())
    assert (kept.inputVolume, kept.segmentation, kept.segmentId) == lesion.choices
    assert (kept.model, kept.device, kept.precision) == ("tiny", "cpu", "bf16")


def test_choices_come_back_from_the_scene(panel, make_lesion, module):
    first, second = make_lesion(), make_lesion()
    choose(panel, first)
    parameters = module.Parameters(panel.logic.getParameterNode())
    parameters.inputVolume, parameters.segmentation = second.volume, None
    parameters.device = "mps"
    assert panel.ui.inputVolumeSelector.currentNode() is second.volume
    assert panel.ui.segmentSelector.currentNode() is None
    assert panel.ui.deviceComboBox.currentData == "mps"


def test_a_click_runs_to_the_end(panel, make_lesion):
    lesion = make_lesion()
    choose(panel, lesion)
    panel.ui.superResolveButton.click()
    assert not panel.ui.superResolveButton.enabled
    assert not panel.ui.inputsCollapsibleButton.enabled
    assert panel.ui.cancelButton.enabled
    assert panel.ui.progressBar.isVisibleTo(panel.parent)
    wait_for_end(panel)
    assert panel.ui.statusLabel.text.startswith("Done.")
    assert panel.ui.statusLabel.styleSheet == ""
    assert panel.ui.superResolveButton.enabled
    assert panel.ui.inputsCollapsibleButton.enabled
    assert not panel.ui.cancelButton.enabled
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert {"Doe^Jane chest enhanced (tiny)", "Doe^Jane chest bicubic"} <= names
    # The user's choice is not replaced by the new volumes.
    assert panel.ui.inputVolumeSelector.currentNode() is lesion.volume


def test_the_feature_table_is_shown_with_its_titles(panel, make_lesion):
    choose(panel, make_lesion())
    panel.ui.superResolveButton.click()
    wait_for_end(panel)
    model = panel.ui.featureTableView.model()
    titles = [model.horizontalHeaderItem(column).text() for column in range(model.columnCount())]
    assert titles[:6] == ["class", "feature", "key", "original", "bicubic", "tiny (fidelity)"]
    assert model.index(0, 0).data() == "lesion"
    slicer.mrmlScene.RemoveNode(panel.ui.featureTableView.mrmlTableNode())
    assert panel.ui.featureTableView.mrmlTableNode() is None


def test_an_error_is_shown_and_the_next_click_works(panel, make_lesion):
    choose(panel, make_lesion())
    panel.ui.deviceComboBox.setCurrentIndex(panel.ui.deviceComboBox.findData("mps"))
    panel.ui.superResolveButton.click()
    wait_for_end(panel)
    assert "'mps' is not available" in panel.ui.statusLabel.text
    assert "color" in panel.ui.statusLabel.styleSheet
    panel.ui.deviceComboBox.setCurrentIndex(panel.ui.deviceComboBox.findData("cpu"))
    panel.ui.superResolveButton.click()
    wait_for_end(panel)
    assert panel.ui.statusLabel.text.startswith("Done.")


def test_an_error_before_the_start_is_shown(panel, make_lesion):
    lesion = make_lesion()
    lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    choose(panel, lesion)
    panel.ui.segmentSelector.setCurrentSegmentID("empty")
    panel.ui.superResolveButton.click()
    assert "no voxel" in panel.ui.statusLabel.text
    assert panel.ui.superResolveButton.enabled


@pytest.fixture
def running(panel, make_lesion) -> Callable[[], None]:
    """Clicks for a long run and waits until it is under way."""

    def run() -> None:
        panel.ui.inputVolumeSelector.setCurrentNode(make_lesion(shape=(24, 200, 200)).volume)
        panel.ui.segmentSelector.setCurrentNode(None)
        panel.ui.superResolveButton.click()
        wait_until(lambda: panel.ui.progressBar.value > 0, slicer.app.processEvents)

    return run


def test_cancel_leaves_the_scene_as_before(panel, running, make_lesion, scene):
    running()
    before = content(scene)
    panel.ui.cancelButton.click()
    assert content(scene) == before
    assert "Cancelled" in panel.ui.statusLabel.text
    assert panel.ui.superResolveButton.enabled
    assert panel.logic.workerProcessId is None


def test_a_killed_child_is_an_error_and_the_next_click_works(panel, running, make_lesion):
    running()
    os.kill(panel.logic.workerProcessId, signal.SIGKILL)
    wait_for_end(panel)
    assert "was killed" in panel.ui.statusLabel.text
    choose(panel, make_lesion())
    panel.ui.superResolveButton.click()
    wait_for_end(panel)
    assert panel.ui.statusLabel.text.startswith("Done.")


def test_closing_the_scene_cancels(panel, running, scene):
    running()
    scene.Clear(0)
    assert not panel.logic.isRunning
    assert panel.logic.workerProcessId is None
    assert not panel.ui.superResolveButton.enabled
    assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def test_the_panel_works_after_the_scene_was_closed(panel, make_lesion, scene):
    choose(panel, make_lesion())
    scene.Clear(0)
    assert panel.logic.getParameterNode().GetScene() is scene
    choose(panel, make_lesion())
    assert panel.ui.superResolveButton.enabled


def test_an_unentered_panel_leaves_the_next_scene_alone(panel, make_lesion, module, scene):
    panel.parent.isEntered = False
    scene.Clear(0)
    volume = make_lesion().volume
    parameters = module.Parameters(panel.logic.getParameterNode())
    assert parameters.inputVolume is None
    panel.enter()
    assert parameters.inputVolume is volume


def test_leaving_for_good_ends_the_child(module, panel, make_lesion):
    choose(panel, make_lesion())
    panel.ui.superResolveButton.click()
    wait_for_end(panel)
    assert panel.logic.workerProcessId is not None
    panel.cleanup()
    assert panel.logic.workerProcessId is None


def test_removing_the_input_is_noticed(panel, make_lesion, scene):
    lesion = make_lesion()
    choose(panel, lesion)
    scene.RemoveNode(lesion.volume)
    assert panel.ui.inputVolumeSelector.currentNode() is None
    assert not panel.ui.superResolveButton.enabled


def test_the_table_view_follows_a_loaded_scene(panel, module, scene):
    """A parameter node that comes back with a scene brings its table along."""
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "features")
    slicer.util.updateTableFromArray(table, [np.arange(3.0)], ["original"])
    module.Parameters(panel.logic.getParameterNode()).featureTable = table
    assert panel.ui.featureTableView.mrmlTableNode() is table
