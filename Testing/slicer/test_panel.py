"""The real script and its real .ui on the host: wiring, enablement, and a click that runs to the end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from Testing.host.cases import wait_until
from Testing.host.scene import content

slicer = pytest.importorskip("slicer")


def items(box: Any) -> list[Any]:
    return [box.itemData(index) for index in range(box.count)]


def test_an_empty_scene_offers_nothing_to_do(panel):
    run = panel.runPanel.ui
    assert (run.runButton.text, run.runButton.enabled) == ("Super-resolve lesion", False)
    assert "input volume" in run.runButton.toolTip
    assert not run.progressBar.isVisibleTo(panel.parent)
    assert not panel.inputPanel.ui.detectButton.enabled
    assert "Not for clinical use" in panel.ui.noticeLabel.text


@pytest.mark.usefixtures("no_child_yet")
def test_opening_the_panel_starts_no_process(panel, make_lesion, choose):
    choose(panel, make_lesion())
    assert panel.logic.workerProcessId is None


def test_choosing_a_segmentation_chooses_its_first_segment(panel, make_lesion, choose):
    choose(panel, make_lesion())
    assert panel.inputPanel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert panel.runPanel.ui.runButton.enabled


def test_the_modality_that_was_found_is_named(panel, make_lesion, choose):
    assert panel.inputPanel.ui.modalityComboBox.currentText == "Automatic"
    choose(panel, make_lesion())
    assert panel.inputPanel.ui.modalityComboBox.currentText == "Automatic: CT"


def test_a_modality_that_nothing_tells_is_asked_for(panel, make_lesion, choose, choose_item):
    lesion = make_lesion()
    slicer.util.updateVolumeFromArray(lesion.volume, np.abs(slicer.util.arrayFromVolume(lesion.volume)))
    choose(panel, lesion)
    button, box = panel.runPanel.ui.runButton, panel.inputPanel.ui.modalityComboBox
    assert box.currentText == "Automatic: not known"
    assert not button.enabled
    assert button.toolTip.startswith("Choose the modality")
    choose_item(box, "CT")
    assert button.enabled


def test_without_a_segment_there_is_no_lesion(panel, make_lesion, choose):
    choose(panel, make_lesion())
    panel.inputPanel.ui.segmentSelector.setCurrentSegmentID("")
    assert not panel.runPanel.ui.runButton.enabled
    assert "segment" in panel.runPanel.ui.runButton.toolTip


def test_the_segment_of_another_segmentation_does_not_count(panel, make_lesion, choose, scene):
    """The real selector goes on naming the old segment when the new segmentation is empty."""
    choose(panel, make_lesion())
    empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "empty")
    panel.inputPanel.ui.segmentSelector.setCurrentNode(empty)
    assert panel.inputPanel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert not panel.runPanel.ui.runButton.enabled


@pytest.mark.parametrize(
    ("kind", "ready", "title"),
    [
        ("segment", True, "Super-resolve lesion"),
        ("all segments", True, "Super-resolve lesions"),
        ("roi", False, "Super-resolve lesion"),
        ("volume", True, "Super-resolve volume"),
    ],
)
def test_each_way_to_mark_a_lesion_shows_what_it_needs(panel, make_lesion, choose, choose_item, kind, ready, title):
    choose(panel, make_lesion())
    ui = panel.inputPanel.ui
    choose_item(ui.lesionKindComboBox, kind)
    button = panel.runPanel.ui.runButton
    assert (button.enabled, button.text) == (ready, title)
    assert ui.segmentSelector.isVisibleTo(panel.parent) == ("segment" in kind)
    assert ui.roiSelector.isVisibleTo(panel.parent) == (kind == "roi")


def test_a_segment_that_is_added_or_removed_is_noticed(panel, make_lesion, choose, choose_item):
    lesion = make_lesion()
    choose(panel, lesion)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "all segments")
    segments = lesion.segmentation.GetSegmentation()
    segments.RemoveSegment("lesion")
    assert not panel.runPanel.ui.runButton.enabled
    segments.AddEmptySegment("other", "other")
    assert panel.runPanel.ui.runButton.enabled


def test_choices_are_kept_in_the_scene(panel, make_lesion, choose, choose_item, module):
    lesion = make_lesion()
    choose(panel, lesion)
    model = panel.modelPanel.ui
    choose_item(model.precisionComboBox, "bf16")
    model.marginSpinBox.setValue(4.5)
    kept = module.Parameters(panel.logic.getParameterNode())
    assert (kept.inputVolume, kept.segmentation, kept.segmentId) == lesion.choices
    assert (kept.model, kept.device, kept.precision, kept.margin) == ("tiny", "cpu", "bf16", 4.5)


def test_choices_come_back_from_the_scene(panel, make_lesion, choose, module):
    first, second = make_lesion(), make_lesion()
    choose(panel, first)
    parameters = module.Parameters(panel.logic.getParameterNode())
    parameters.inputVolume, parameters.segmentation, parameters.lesionKind = second.volume, None, "volume"
    parameters.device, parameters.margin = "mps", 2.0
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode() is second.volume
    assert panel.inputPanel.ui.segmentSelector.currentNode() is None
    assert panel.inputPanel.ui.lesionKindComboBox.currentData == "volume"
    assert panel.modelPanel.ui.deviceComboBox.currentData == "mps"
    assert panel.modelPanel.ui.marginSpinBox.value == 2.0


def test_a_click_runs_to_the_end(panel, make_lesion, choose, wait_for_end):
    lesion = make_lesion()
    choose(panel, lesion)
    run = panel.runPanel.ui
    run.runButton.click()
    assert (run.runButton.text, run.runButton.enabled) == ("Cancel", True)
    assert not panel.inputPanel.ui.inputGroupBox.enabled
    assert not panel.modelPanel.ui.modelCollapsibleButton.enabled
    assert run.progressBar.isVisibleTo(panel.parent)
    wait_for_end(panel)
    assert run.statusLabel.text.startswith("Done.")
    assert run.statusLabel.styleSheet == ""
    assert (run.runButton.text, run.runButton.enabled) == ("Super-resolve lesion", True)
    assert panel.inputPanel.ui.inputGroupBox.enabled
    assert not run.progressBar.isVisibleTo(panel.parent)
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert {"Doe^Jane chest lesion (tiny): enhanced", "Doe^Jane chest lesion (tiny): bicubic"} <= names
    # The user's choice is not replaced by the new volumes.
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode() is lesion.volume


def test_all_segments_run_one_after_another(panel, make_lesion, choose, choose_item, wait_for_end):
    lesion = make_lesion()
    lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    lesion.segmentation.GetSegmentation().AddEmptySegment("second", "second")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.roll(lesion.mask, 3, axis=2).astype(np.uint8), lesion.segmentation, "second", lesion.volume
    )
    choose(panel, lesion)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "all segments")
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLTableNode")}
    assert {"Doe^Jane chest lesion (tiny): features", "Doe^Jane chest second (tiny): features"} <= names
    status = panel.runPanel.ui.statusLabel.text
    assert "2 lesions are finished, 1 are not" in status
    assert "'empty' has no voxel" in status


def test_an_error_is_shown_and_the_next_click_works(panel, make_lesion, choose, choose_item, wait_for_end, dialogs):
    choose(panel, make_lesion())
    choose_item(panel.modelPanel.ui.deviceComboBox, "mps")
    run = panel.runPanel.ui
    run.runButton.click()
    wait_for_end(panel)
    assert "'mps' is not available" in run.statusLabel.text
    assert "color" in run.statusLabel.styleSheet
    assert dialogs == [run.statusLabel.text]
    choose_item(panel.modelPanel.ui.deviceComboBox, "cpu")
    panel.runPanel._clicked = -1.0  # The error came so fast that this would be a double click.
    run.runButton.click()
    wait_for_end(panel)
    assert run.statusLabel.text.startswith("Done.")
    assert len(dialogs) == 1


def test_an_error_before_the_start_is_shown(panel, make_lesion, choose, dialogs):
    lesion = make_lesion()
    lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    choose(panel, lesion)
    panel.inputPanel.ui.segmentSelector.setCurrentSegmentID("empty")
    panel.runPanel.ui.runButton.click()
    assert "no voxel" in dialogs[0]
    assert panel.runPanel.ui.runButton.text == "Super-resolve lesion"
    assert panel.runPanel.ui.runButton.enabled


def test_shortage_of_memory_offers_the_cpu(panel, make_lesion, choose, choose_item, wait_for_end, module, monkeypatch):
    """The child cannot run out of a GPU's memory here, so its answer is made up."""
    from SuperResRadiomicsModule.jobs import Failure

    questions: list[str] = []
    monkeypatch.setattr(slicer.util, "confirmYesNoDisplay", lambda text, **options: questions.append(text) or True)
    choose(panel, make_lesion())
    choose_item(panel.modelPanel.ui.deviceComboBox, "cuda:0")
    failure = Failure("The device cuda:0 has too little free memory.")
    failure.error = "OutOfMemoryError"
    panel.runPanel._failures = [failure]
    panel.runPanel._lesions = 1
    panel.runPanel.jobsChanged()
    assert "CPU" in questions[0]
    assert panel.modelPanel.ui.deviceComboBox.currentData == "cpu"
    wait_for_end(panel)
    assert panel.runPanel.ui.statusLabel.text.startswith("Done.")


@pytest.fixture
def running(panel, make_lesion, choose_item) -> Callable[[], Any]:
    """Clicks for a long run and waits until it is under way; returns the volume."""

    def run() -> Any:
        volume = make_lesion(shape=(24, 200, 200)).volume
        panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
        choose_item(panel.inputPanel.ui.lesionKindComboBox, "volume")
        panel.runPanel.ui.runButton.click()
        wait_until(lambda: panel.runPanel.ui.progressBar.value > 0, slicer.app.processEvents)
        panel.runPanel._clicked = -1.0  # So soon after the first click a second one would be a double click.
        return volume

    return run


def test_a_second_click_cancels_and_leaves_the_scene_as_before(panel, running, scene):
    running()
    before = content(scene)
    panel.runPanel.ui.runButton.click()
    assert content(scene) == before
    assert "Cancelled" in panel.runPanel.ui.statusLabel.text
    assert panel.runPanel.ui.runButton.text == "Super-resolve volume"
    assert panel.runPanel.ui.runButton.enabled
    assert panel.logic.workerProcessId is None


def test_a_killed_child_is_an_error_and_the_next_click_works(
    panel, running, make_lesion, choose, choose_item, wait_for_end, dialogs
):
    running()
    os.kill(panel.logic.workerProcessId, signal.SIGKILL)
    wait_for_end(panel)
    assert "was killed" in dialogs[0]
    assert "was killed" in panel.logic.logText
    choose(panel, make_lesion())
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "segment")
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert panel.runPanel.ui.statusLabel.text.startswith("Done.")


def test_closing_the_scene_cancels(panel, running, scene):
    running()
    scene.Clear(0)
    assert not panel.logic.isRunning
    assert panel.logic.workerProcessId is None
    assert not panel.runPanel.ui.runButton.enabled
    assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def test_removing_the_input_cancels(panel, running, scene):
    scene.RemoveNode(running())
    assert not panel.logic.isRunning
    assert panel.logic.workerProcessId is None
    assert "removed" in panel.runPanel.ui.statusLabel.text


def test_removing_another_node_does_not_cancel(panel, running, make_lesion, scene):
    other = make_lesion()
    running()
    scene.RemoveNode(other.segmentation)
    assert panel.logic.isRunning
    panel.runPanel.ui.runButton.click()


def test_the_panel_works_after_the_scene_was_closed(panel, make_lesion, choose, scene):
    choose(panel, make_lesion())
    scene.Clear(0)
    assert panel.logic.getParameterNode().GetScene() is scene
    choose(panel, make_lesion())
    assert panel.runPanel.ui.runButton.enabled


def test_an_unentered_panel_leaves_the_next_scene_alone(panel, make_lesion, module, scene):
    panel.parent.isEntered = False
    scene.Clear(0)
    volume = make_lesion().volume
    parameters = module.Parameters(panel.logic.getParameterNode())
    assert parameters.inputVolume is None
    panel.enter()
    assert parameters.inputVolume is volume


def test_leaving_for_good_ends_the_child(panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion())
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert panel.logic.workerProcessId is not None
    panel.cleanup()
    assert panel.logic.workerProcessId is None


def test_removing_the_input_is_noticed(panel, make_lesion, choose, scene):
    lesion = make_lesion()
    choose(panel, lesion)
    scene.RemoveNode(lesion.volume)
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode() is None
    assert not panel.runPanel.ui.runButton.enabled


def test_removing_the_parameter_node_starts_afresh(panel, make_lesion, choose, scene):
    choose(panel, make_lesion())
    scene.RemoveNode(panel.logic.getParameterNode())
    choose(panel, make_lesion())
    assert panel.runPanel.ui.runButton.enabled


def test_reloading_takes_the_script_anew(panel, make_lesion, choose, running, kept_modules):
    running()
    child = panel.logic.workerProcessId
    before = sys.modules["SuperResRadiomics"]
    panel.onReload()
    try:
        reloaded = slicer.modules.SuperResRadiomicsWidget
        assert sys.modules["SuperResRadiomics"] is not before
        assert type(reloaded) is not type(panel)
        assert not panel.Observations
        assert panel.logic.workerProcessId is None
        assert child is not None
        choose(reloaded, make_lesion())
        assert reloaded.inputPanel.ui.segmentSelector.currentSegmentID() == "lesion"
        reloaded.cleanup()
    finally:
        sys.modules["SuperResRadiomics"] = before


def test_a_double_click_does_not_start_and_cancel(panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion())
    button = panel.runPanel.ui.runButton
    button.click()
    button.click()
    assert panel.logic.isRunning
    wait_for_end(panel)
    assert panel.runPanel.ui.statusLabel.text.startswith("Done.")


def test_a_change_of_a_choice_reads_no_card(panel, make_lesion, choose, monkeypatch):
    """Nor does a node that goes, nor anything in a module that was left."""
    from SuperResRadiomicsLib import models

    choose(panel, make_lesion())
    monkeypatch.setattr(models, "load_card", lambda folder: pytest.fail("a card was read"))
    monkeypatch.setattr(models, "find_models", lambda *folders: pytest.fail("the models were looked for"))
    panel.modelPanel.ui.marginSpinBox.setValue(3.0)
    slicer.mrmlScene.RemoveNode(make_lesion().segmentation)
    panel.exit()
    monkeypatch.setattr(panel.inputPanel, "update", lambda: pytest.fail("a module that was left was updated"))
    slicer.mrmlScene.RemoveNode(make_lesion().volume)


CONTROLS = ("QAbstractButton", "QComboBox", "QAbstractSpinBox", "QLineEdit", "QPlainTextEdit", "QSlider", "QTableView")


def controls(panel: Any) -> list[str]:
    """What a user can operate now."""
    qt = sys.modules["qt"]
    found = []
    for widget in panel.parent.findChildren(qt.QWidget):
        inner = type(widget.parent()).__name__ in (*CONTROLS, "QSpinBox", "QDoubleSpinBox")
        if isinstance(widget, tuple(getattr(qt, name) for name in CONTROLS)) and not inner:
            found += [widget.objectName or type(widget).__name__] if widget.isVisibleTo(panel.parent) else []
    return found


def test_at_most_twelve_controls_before_a_run(panel, make_lesion, choose):
    choose(panel, make_lesion())
    assert len(controls(panel)) <= 12, controls(panel)


def test_the_panel_fits_into_400_pixels_with_every_section_open(panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion())
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    sections = [w for w in panel.parent.findChildren(slicer.qMRMLWidget.__base__) if hasattr(w, "collapsed")]
    assert len(sections) >= 8
    for section in sections:
        section.collapsed = False
    slicer.app.processEvents()
    assert panel.parent.layout().minimumSize().width() <= 400


def test_colour_ultrasound_is_converted_and_said(panel, scene):
    colours = np.zeros((3, 8, 9, 3), np.uint8)
    colours[..., 0], colours[..., 1], colours[..., 2] = 10, 20, 40
    vector = slicer.util.addVolumeFromArray(colours, np.diag([0.3, 0.4, 0.5, 1.0]), "us", "vtkMRMLVectorVolumeNode")
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(vector)
    grey = panel._parameters.inputVolume
    assert grey.GetName() == "us grey"
    assert np.unique(slicer.util.arrayFromVolume(grey)).tolist() == [round(0.299 * 10 + 0.587 * 20 + 0.114 * 40)]
    assert grey.GetSpacing() == pytest.approx((0.3, 0.4, 0.5))
    assert "converted to grey" in panel.runPanel.ui.statusLabel.text
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode() is grey
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(vector)
    assert panel._parameters.inputVolume is grey, "it is made once"


def test_equal_channels_keep_their_values(module):
    from SuperResRadiomicsModule.colourvolume import greyVoxels

    values = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    np.testing.assert_array_equal(greyVoxels(np.repeat(values[..., None], 3, axis=-1)), values)


def test_the_log_is_shown_when_its_section_is_opened(panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion())
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert panel.installationPanel.ui.logText.plainText == ""
    panel.installationPanel.ui.logCollapsibleButton.collapsed = False
    assert f"process {panel.logic.workerProcessId} started" in panel.installationPanel.ui.logText.plainText
