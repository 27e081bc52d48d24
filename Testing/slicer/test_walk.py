"""A radiologist's walk through the module, from a loaded case to the reopened scene.

The real script on the host, the shipped models, real child processes; everything is done by the widgets.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from Testing.conftest import TEST_DATA
from Testing.host.cases import wait_until
from Testing.host.comparison import TAGS

slicer = pytest.importorskip("slicer")

from Testing.host.realcases import BRAIN, LUNG, RealCase  # noqa: E402
from Testing.host.scene import content  # noqa: E402
from Testing.host.scenefile import reopen, save  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CLASSES = ("firstorder", "glcm")
SIGNS = {"✓", "!", "✗", "?"}
FEATURE, TRUST = 0, 5
SECONDS = 240.0


@pytest.fixture(params=[LUNG, BRAIN], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> RealCase:
    if not request.param.isThere(TEST_DATA):
        pytest.skip(f"THE WALK WAS NOT DONE: no {request.param.name} in the test data (set SUPERRES_TEST_DATA)")
    return request.param


@pytest.fixture
def panel(module: Any, layouts: Any) -> Iterator[Any]:
    """The module's widget as after a click on its name, in an application with a window."""
    from Testing.host import application

    slicer.app.userSettings().clear()
    widget = application.open_panel(module)
    yield widget
    widget.cleanup()
    widget.parent.deleteLater()
    slicer.app.processEvents()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Answers the dialog that asks for a file."""
    import qt

    return lambda file: monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *arguments: str(file))


def test_the_whole_workflow(case, panel, scene, choose_item, dialogs, answer, tmp_path):
    volume, segmentation = load(case, panel, choose_item)
    choose_item(panel.modelPanel.ui.modelComboBox, case.model)
    check_model(case, panel)
    choose_classes(panel)
    cancel_a_run(panel, scene)
    run(panel)
    check_table(panel)
    walk_the_table(panel)
    check_stability(panel)
    check_views(panel)
    export(panel, answer, tmp_path)
    save_and_reopen(case, panel, scene, tmp_path)
    assert not dialogs


def load(case: RealCase, panel: Any, choose_item: Any) -> tuple[Any, Any]:
    volume, segmentation = case.load(TEST_DATA)
    ui = panel.inputPanel.ui
    assert not panel.runPanel.ui.runButton.enabled
    ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(ui.modalityComboBox, case.modality)
    ui.segmentSelector.setCurrentNode(segmentation)
    assert ui.segmentSelector.currentSegmentID() == panel._parameters.segmentId != ""
    return volume, segmentation


def check_model(case: RealCase, panel: Any) -> None:
    """The model is chosen, and its card says what it is."""
    ui = panel.modelPanel.ui
    assert ui.modelComboBox.currentData == case.model
    offered = [ui.modelComboBox.itemData(index) for index in range(ui.modelComboBox.count)]
    assert {name.partition("-")[0] for name in offered} == {case.model.partition("-")[0]}
    ui.cardCollapsibleButton.collapsed = False
    for words in ("Objective", "Held out", "Trained on", "SHA-256"):
        assert words in unbroken(ui.cardLabel.text)
    assert "MB" in ui.memoryText.text or "GB" in ui.memoryText.text
    choose = ui.deviceComboBox
    choose.setCurrentIndex(choose.findData("cpu"))


def choose_classes(panel: Any) -> None:
    """Few classes, so that the walk is short."""
    ui = panel.featurePanel.ui
    ui.featureSettingsCollapsibleButton.collapsed = False
    wait_until(lambda: panel.logic.isIdle, slicer.app.processEvents)
    for name in ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"):
        if getattr(ui, f"{name}CheckBox").checked != (name in CLASSES):
            getattr(ui, f"{name}CheckBox").click()
    assert json.loads(panel._parameters.featureSettings)["classes"] == list(CLASSES)


def cancel_a_run(panel: Any, scene: Any) -> None:
    """In the middle of the first run; nothing is left of it."""
    from SuperResRadiomicsModule.runpanel import DOUBLE_CLICK_SECONDS

    before, run = content(scene), panel.runPanel.ui
    run.runButton.click()
    assert run.runButton.text == "Cancel"
    wait_until(lambda: run.progressBar.value > 0, slicer.app.processEvents, SECONDS)
    assert "Enhancing" in run.timeLabel.text
    run.runButton.click()
    assert panel.logic.isIdle
    assert panel.logic.workerProcessId is None
    assert run.statusLabel.text == "Cancelled; nothing was changed."
    assert run.runButton.text == "Super-resolve lesion"
    assert content(scene) == before
    time.sleep(DOUBLE_CLICK_SECONDS)  # A click so soon would be the second of a double click.


def run(panel: Any) -> None:
    panel.runPanel.ui.runButton.click()
    wait_until(lambda: panel.logic.isIdle, slicer.app.processEvents, SECONDS)
    slicer.app.processEvents()
    assert panel.runPanel.ui.statusLabel.text.startswith("Done."), panel.runPanel.ui.statusLabel.text
    parameters = panel._parameters
    for node in (parameters.result.enhanced, parameters.result.bicubic):
        spacings = zip(node.GetSpacing(), parameters.inputVolume.GetSpacing(), strict=True)
        assert [fine / coarse for fine, coarse in spacings] == pytest.approx([0.5, 0.5, 1])


def cells(panel: Any, column: int) -> list[str]:
    panel.featurePanel.view.finish()
    proxy = panel.featurePanel.view.proxy
    texts = [proxy.index(row, column).data() for row in range(proxy.rowCount())]
    return [unbroken(text) for text in texts]


def unbroken(text: str) -> str:
    """A text without the places where a line may end."""
    return text.replace("\N{ZERO WIDTH SPACE}", "")


def check_table(panel: Any) -> None:
    assert {name.rpartition(" ")[2] for name in cells(panel, FEATURE)} >= set(CLASSES)
    assert set(cells(panel, TRUST)) <= SIGNS
    ui = panel.featurePanel.ui
    assert panel._parameters.model in ui.settingsLabel.text
    answer = panel.resultPanel.ui
    assert "Resampling changed texture by" in answer.answerLabel.text
    for words in ("Volume", "mm³", "diameters", "mean"):
        assert words in answer.measurementsLabel.text
    assert panel.viewPanel.view.layout.isShown, "the images open by themselves"
    panel.viewPanel.ui.restoreLayoutButton.click()


def walk_the_table(panel: Any) -> None:
    """Sort, filter, click."""
    import qt

    ui, everything = panel.featurePanel.ui, len(cells(panel, FEATURE))
    ui.featureView.sortByColumn(FEATURE, qt.Qt.SortOrder(1))
    assert cells(panel, FEATURE) == sorted(cells(panel, FEATURE), reverse=True)
    box = ui.classFilterComboBox
    box.setCurrentIndex(box.findData("glcm"))
    ui.filterLineEdit.setText("contrast")
    assert cells(panel, FEATURE) == ["Contrast · glcm"]
    ui.featureView.setCurrentIndex(panel.featurePanel.view.proxy.index(0, FEATURE))
    assert "glcm Contrast" in ui.featureLabel.text
    assert not ui.drawingLabel.pixmap.isNull()
    ui.filterLineEdit.setText("")
    box.setCurrentIndex(box.findData(""))
    assert len(cells(panel, FEATURE)) == everything


def check_stability(panel: Any) -> None:
    ui = panel.featurePanel.ui
    assert ui.stabilityButton.enabled, ui.stabilityButton.toolTip
    ui.stabilityButton.click()
    wait_until(lambda: panel.logic.isIdle, slicer.app.processEvents, SECONDS)
    assert "Stability checked at" in panel.runPanel.ui.statusLabel.text
    assert "Perturbed it varies" in ui.featureLabel.text
    assert set(cells(panel, TRUST)) <= SIGNS


def check_views(panel: Any) -> None:
    """The three images and what differs in four views; each shows an image, and no two the same."""
    from SuperResRadiomicsModule.viewlayout import DIFFERENCE

    from Testing.host.offscreen import SliceView, obstacle

    panel.viewPanel.ui.sideBySideButton.click()
    view = panel.viewPanel.view
    assert view.layout.isShown
    logics = view.layout.sliceLogics()
    assert set(logics) == {*TAGS, DIFFERENCE}
    if not obstacle():
        pictures = [SliceView(logics[tag]).picture().astype(float) for tag in TAGS]
        assert all(picture.std() > 10 for picture in pictures)
        original, bicubic, enhanced = pictures
        assert 0 < np.abs(enhanced - bicubic).mean() < 30
        region = bicubic.max(axis=2) > 0  # Around it there is nothing but the original.
        assert region.mean() > 0.05
        assert np.corrcoef(original[region].ravel(), bicubic[region].ravel())[0, 1] > 0.9
        difference = SliceView(logics[DIFFERENCE]).picture().astype(float)
        assert np.ptp(difference, axis=2).max() > 50, "what differs is in colour"
    panel.viewPanel.ui.differenceButton.click()
    note = panel.viewPanel.ui.viewNoteLabel
    wait_until(lambda: "Blue: enhanced is lower" in note.text, slicer.app.processEvents, SECONDS)
    panel.viewPanel.ui.restoreLayoutButton.click()
    assert not view.layout.isShown


def export(panel: Any, answer: Callable[[Path], None], folder: Path) -> None:
    """The three kinds of file, read back."""
    feature = panel.featurePanel
    files = {kind: folder / f"features{kind}" for kind in (".csv", ".json", ".html")}
    for kind in files:
        answer(files[kind])
        feature.export.actions[kind].trigger()
        wait_until(lambda: panel.logic.isIdle, slicer.app.processEvents, SECONDS)
    assert all(NOT_FOR_CLINICAL_USE in file.read_text(encoding="utf-8") for file in files.values())
    lines = files[".csv"].read_text(encoding="utf-8").splitlines()
    rows = {row["feature"]: row for row in csv.DictReader(lines) if row["class"] == "glcm"}
    table = feature.table
    contrast = next(row for row in table.rows if row.key == "original_glcm_Contrast")
    assert float(rows["Contrast"]["original"]) == pytest.approx(contrast.original)
    told = json.loads(files[".json"].read_text(encoding="utf-8"))
    assert told["header"]["classes"] == list(CLASSES)
    assert {row["key"] for row in told["features"]} == {row.key for row in table.rows}
    assert "glcm" in files[".html"].read_text(encoding="utf-8")


def save_and_reopen(case: RealCase, panel: Any, scene: Any, folder: Path) -> None:
    before = {
        "table": panel.featurePanel.table.to_dict(),
        "settings": panel._parameters.featureSettings,
        "features": cells(panel, FEATURE),
        "trust": cells(panel, TRUST),
        "names": sorted(node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")),
    }
    voxels = slicer.util.arrayFromVolume(panel._parameters.result.enhanced).copy()
    file = save(scene, folder)
    scene.Clear(0)
    assert panel.featurePanel.table is None
    assert not panel.runPanel.ui.runButton.enabled
    reopen(scene, file)
    after = panel._parameters
    assert after.node.GetScene() is scene
    assert json.dumps(panel.featurePanel.table.to_dict()) == json.dumps(before["table"])
    assert after.featureSettings == before["settings"]
    assert (cells(panel, FEATURE), cells(panel, TRUST)) == (before["features"], before["trust"])
    names = sorted(node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
    assert names == before["names"]
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(after.result.enhanced), voxels)
    assert panel.modelPanel.ui.modelComboBox.currentData == case.model
    assert panel.inputPanel.ui.modalityComboBox.currentData == case.modality
    assert panel.inputPanel.ui.inputVolumeSelector.currentNode().GetName() == case.name
    assert panel.featurePanel.ui.stabilityButton.enabled
    assert panel.runPanel.ui.runButton.enabled
