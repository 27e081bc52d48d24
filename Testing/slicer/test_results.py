"""Results as objects: whose table is shown, and what happens to it when inputs change or lesions are run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import slicer

from Testing.host.cases import Lesion
from Testing.host.scene import content


@pytest.fixture
def results(module: Any) -> Any:
    from SuperResRadiomicsModule import results

    return results


@pytest.fixture
def run(panel: Any, choose: Callable[..., None], wait_for_end: Callable[[Any], None]) -> Callable[..., Any]:
    """Chooses a lesion and runs it; returns the result."""

    def run(lesion: Lesion, segment: str = "lesion") -> Any:
        choose(panel, lesion)
        panel.inputPanel.ui.segmentSelector.setCurrentSegmentID(segment)
        panel.runPanel._clicked = -1.0
        panel.runPanel.ui.runButton.click()
        wait_for_end(panel)
        assert panel.runPanel.ui.statusLabel.text.startswith("Done."), panel.runPanel.ui.statusLabel.text
        return panel._parameters.result

    return run


@pytest.fixture
def two_lesions(make_lesion: Callable[..., Lesion]) -> Lesion:
    """A volume with two segments."""
    lesion = make_lesion()
    segments = lesion.segmentation.GetSegmentation()
    segments.AddEmptySegment("second", "second lesion")
    moved = np.roll(lesion.mask, 2, axis=2).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(moved, lesion.segmentation, "second", lesion.volume)
    return lesion


def listed(panel: Any) -> list[str]:
    box = panel.resultPanel.ui.resultComboBox
    return [box.itemText(index).rpartition(",")[0] for index in range(box.count)]


def test_a_result_says_whose_it_is(run, two_lesions, panel):
    result = run(two_lesions, "second")
    assert (result.volumeName, result.lesionName, result.model) == ("Doe^Jane chest", "second lesion", "tiny")
    assert result.images == (two_lesions.volume, result.bicubic, result.enhanced)
    assert result.settings["margin_mm"] == 10.0
    assert listed(panel) == ["Doe^Jane chest second lesion (tiny)"]
    answer = panel.resultPanel.ui.answerLabel
    assert "Resampling changed texture by" in answer.text
    assert "second lesion" in answer.toolTip


def test_another_input_leaves_no_numbers_of_the_first_on_screen(run, two_lesions, panel):
    first = run(two_lesions, "lesion")
    selector = panel.inputPanel.ui.segmentSelector
    selector.setCurrentSegmentID("second")
    assert panel._parameters.result is None
    assert panel.featurePanel.table is None
    assert "not been enhanced" in panel.resultPanel.ui.answerLabel.text
    selector.setCurrentSegmentID("lesion")
    assert panel._parameters.result == first
    assert panel.featurePanel.table is not None


def test_choosing_a_result_chooses_its_lesion(run, two_lesions, panel):
    first = run(two_lesions, "lesion")
    second = run(two_lesions, "second")
    box = panel.resultPanel.ui.resultComboBox
    assert box.currentData == second.node.GetID()
    box.setCurrentIndex(box.findData(first.node.GetID()))
    assert panel._parameters.result == first
    assert panel.inputPanel.ui.segmentSelector.currentSegmentID() == "lesion"
    assert panel.featurePanel.node.node is first.table


def test_running_again_keeps_or_replaces_as_chosen(run, two_lesions, panel, results, choose_item):
    first = run(two_lesions)
    second = run(two_lesions)
    assert [result.name for result in results.allResults()] == [
        "Doe^Jane chest lesion (tiny) 2",
        "Doe^Jane chest lesion (tiny)",
    ]
    choose_item(panel.modelPanel.ui.rerunComboBox, "replace")
    third = run(two_lesions)
    assert results.allResults() == [third]
    assert third.name == "Doe^Jane chest lesion (tiny)"
    assert third.enhanced.GetName() == "Doe^Jane chest lesion (tiny): enhanced"
    for gone in (first, second):
        assert not slicer.mrmlScene.IsNodePresent(gone.node)
    assert panel._parameters.result == third


def test_another_lesion_is_not_replaced(run, two_lesions, panel, results, choose_item):
    choose_item(panel.modelPanel.ui.rerunComboBox, "replace")
    first = run(two_lesions, "lesion")
    second = run(two_lesions, "second")
    assert results.allResults() == [second, first]


def test_a_result_is_renamed_with_its_nodes(run, two_lesions, panel):
    result = run(two_lesions)
    ui = panel.resultPanel.ui
    ui.renameButton.click()
    assert ui.resultNameLineEdit.text == result.name
    ui.resultNameLineEdit.text = "left lung"
    ui.resultNameLineEdit.returnPressed.emit()
    assert result.enhanced.GetName() == "left lung: enhanced"
    assert result.table.GetName() == "left lung: features"
    assert listed(panel) == ["left lung"]
    assert not ui.resultNameLineEdit.isVisibleTo(panel.parent)


def test_a_result_is_deleted_with_its_nodes(run, two_lesions, panel, scene, monkeypatch):
    before = content(scene)
    run(two_lesions)
    questions: list[str] = []
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title: questions.append(text) or False)
    panel.resultPanel.ui.deleteButton.click()
    assert "The input stays" in questions[0]
    assert panel._parameters.result is not None
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title: True)
    panel.resultPanel.ui.deleteButton.click()
    assert panel._parameters.result is None
    assert not panel.resultPanel.widget.isVisibleTo(panel.parent)
    left = [name for name in content(scene) if name not in before]
    assert not [name for name in left if "enhanced" in str(name) or "bicubic" in str(name)]


def test_a_result_whose_nodes_were_removed_elsewhere_goes(run, two_lesions, panel, results, scene):
    for node in list(run(two_lesions).outputs.values()):
        scene.RemoveNode(node)
    assert not results.allResults()
    assert panel._parameters.result is None


def test_an_enhanced_volume_is_never_input_by_itself(run, two_lesions, panel, scene):
    """The real selector falls to another volume when the chosen one is removed."""
    run(two_lesions)
    scene.RemoveNode(two_lesions.volume)
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert panel._parameters.inputVolume is None
    assert not panel.runPanel.ui.runButton.enabled
    panel.exit()
    panel.enter()
    assert panel._parameters.inputVolume is None


def test_the_user_may_choose_an_enhanced_volume(run, two_lesions, panel):
    result = run(two_lesions)
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(result.enhanced)
    assert panel._parameters.inputVolume is result.enhanced


def test_results_that_arrive_while_the_scene_closes_are_left(panel):
    panel._setParameterNode(None)
    panel.onResults(None)
