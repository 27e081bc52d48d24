"""The feature panel on the host: real nodes, real widgets, a real child process, files read back."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.enhance import Enhancement, enhance
from SuperResRadiomicsLib.grid import through_plane_axis
from SuperResRadiomicsLib.mrml import image_from_volume_node, volume_node_from_image
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, LesionVersions, extract_features
from Testing.host.cases import Lesion, wait_until

slicer = pytest.importorskip("slicer")

FAST = {"classes": ["firstorder", "glcm"], "engine": "pyradiomics"}
CLASS, FEATURE, TRUST, NETWORK_EFFECT, ORIGINAL, BICUBIC, ENHANCED, VOXEL_EFFECT, CHANGE = range(9)


class Case:
    """A lesion that was enhanced, its nodes, and the panel that shows it."""

    def __init__(self, module: Any, lesion: Lesion, enhancement: Enhancement, table: FeatureTable) -> None:
        from SuperResRadiomicsModule.featurenode import FeatureNode
        from SuperResRadiomicsModule.featurepanel import FeaturePanel

        self.lesion = lesion
        self.enhancement = enhancement
        self.bicubic = volume_node_from_image(enhancement.bicubic, "bicubic", lesion.volume)
        self.enhanced = volume_node_from_image(enhancement.enhanced, "enhanced", lesion.volume)
        self.node = FeatureNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "features"))
        self.node.fill(table.to_dict())
        self.node.setImages(lesion.volume, self.bicubic, self.enhanced)
        self.node.setLesion(lesion.segmentation, lesion.segment_id)
        self.said: list[tuple[str, bool]] = []
        logic = SimpleNamespace(isRunning=False)
        self.panel = FeaturePanel(logic, lambda text, isError=False: self.said.append((text, isError)))
        self.parameters = module.Parameters(module.SuperResRadiomicsLogic().getParameterNode())
        self.parameters.featureTable = self.node.node
        self.parameters.featureSettings = json.dumps(FAST)
        self.panel.setParameters(self.parameters)
        self.ui = self.panel.ui

    def wait(self) -> None:
        wait_until(lambda: not self.panel.job.isRunning, slicer.app.processEvents)

    def cells(self, column: int) -> list[str]:
        proxy = self.panel.view.proxy
        return [proxy.index(row, column).data() for row in range(proxy.rowCount())]

    def edit(self) -> None:
        """Take the lesion's last slice away."""
        mask = self.lesion.mask.copy()
        mask[np.flatnonzero(mask.any(axis=(1, 2)))[-1]] = False
        self.lesion.mask[:] = mask
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask.astype(np.uint8), self.lesion.segmentation, self.lesion.segment_id, self.lesion.volume
        )


@pytest.fixture(scope="session")
def enhanced_once() -> dict[str, Any]:
    return {}


@pytest.fixture
def case(module: Any, make_lesion: Any, tiny_model: Path, enhanced_once: dict[str, Any]) -> Iterator[Case]:
    lesion = make_lesion()
    if not enhanced_once:  # The same lesion in every test.
        image = image_from_volume_node(lesion.volume, "CT")
        enhancement = enhance(image, tiny_model, mask=lesion.mask, device="cpu")
        settings = FeatureSettings(classes=("shape", "firstorder", "glcm", "ngtdm"))
        enhanced_once["enhancement"] = enhancement
        enhanced_once["table"] = LesionVersions.of_enhancement(enhancement).compare(settings)
    case = Case(module, lesion, **enhanced_once)
    yield case
    case.panel.cleanup()
    assert case.panel.job.processId is None
    assert not case.panel._watch.Observations
    case.panel.widget.deleteLater()
    slicer.app.processEvents()


@pytest.fixture
def answer(module: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Answers file dialogs, in PythonQt's way: with the name alone."""
    qt = sys.modules["qt"]

    def give(name: str) -> None:
        for dialog in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(qt.QFileDialog, dialog, lambda *arguments: name)

    return give


def test_without_a_table_nothing_can_be_done(module):
    from SuperResRadiomicsModule.featurepanel import FeaturePanel

    panel = FeaturePanel(SimpleNamespace(isRunning=False), lambda text, isError=False: None)
    buttons = [panel.ui.compareButton, panel.ui.stabilityButton, panel.ui.copyButton, panel.ui.exportButton]
    assert not any(button.enabled for button in [*buttons, panel.ui.chartButton])
    assert panel.ui.compareButton.toolTip == "Super-resolve a lesion first."
    assert panel.job.processId is None
    panel.cleanup()


def test_the_table_is_shown_whole(case):
    rows = case.panel.table.rows
    assert len(rows) == len(case.cells(FEATURE)) > 50
    assert case.ui.countLabel.text == f"{len(rows)} of {len(rows)}"
    assert "tiny (fidelity)" in case.ui.settingsLabel.text
    assert "pyradiomics" in case.ui.settingsLabel.text and "bin width 25" in case.ui.settingsLabel.text
    volume = case.lesion.mask.sum() * 0.7 * 0.8 * 2.5
    assert "Volume / mm³" in case.ui.measurementsLabel.text
    assert f">{volume:.4g}<" in case.ui.measurementsLabel.text


@pytest.mark.parametrize(
    ("relative", "text"),
    [(0.0, "0%"), (-0.0003, "≈ 0%"), (-0.02, "−2.0%"), (0.1, "▲ +10.0%"), (-0.5, "▼▼ −50.0%"), (math.nan, "–")],
)
def test_changes_are_put_into_signs(module, relative, text):
    from SuperResRadiomicsModule.featuretable import change

    assert change(relative) == text


def test_nothing_of_a_table_is_shown_before_there_is_one(case):
    case.parameters.featureTable = None
    case.panel.update()
    for name in ("featureView", "filterLineEdit", "copyButton", "exportButton", "settingsLabel"):
        assert getattr(case.ui, name).isHidden()
    assert not case.ui.compareButton.isHidden()


@pytest.mark.parametrize("column", [ORIGINAL, ENHANCED, VOXEL_EFFECT, NETWORK_EFFECT])
def test_numbers_are_sorted_as_numbers(case, column):
    from SuperResRadiomicsModule.featuretable import KEY_ROLE

    effects = {VOXEL_EFFECT: "voxel_effect_relative", NETWORK_EFFECT: "network_effect_relative"}
    name = {ORIGINAL: "original", ENHANCED: "enhanced", **effects}[column]
    values = {row.key: getattr(row, name) for row in case.panel.table.rows}
    proxy = case.panel.view.proxy
    for order in (0, 1):
        case.ui.featureView.sortByColumn(column, sys.modules["qt"].Qt.SortOrder(order))
        shown = [values[proxy.index(row, 0).data(KEY_ROLE)] for row in range(proxy.rowCount())]
        defined = [value for value in shown if math.isfinite(value)]
        assert defined == sorted(values[key] for key in values if math.isfinite(values[key]))[:: 1 - 2 * order]
    assert sorted(map(str, defined)) != list(map(str, sorted(defined))), "text would be sorted otherwise"


def test_filters_by_class_and_text(case):
    case.ui.classFilterComboBox.setCurrentIndex(case.ui.classFilterComboBox.findData("glcm"))
    glcm = [row.feature for row in case.panel.table.rows if row.feature_class == "glcm"]
    assert sorted(case.cells(FEATURE)) == sorted(glcm)
    case.ui.filterLineEdit.setText("CONTRAST")
    assert case.cells(FEATURE) == ["Contrast"]
    case.ui.classFilterComboBox.setCurrentIndex(0)
    assert sorted(case.cells(CLASS)) == ["glcm", "ngtdm"]
    case.ui.filterLineEdit.setText("(.*")
    assert case.cells(FEATURE) == []
    assert case.ui.countLabel.text.startswith("0 of ")
    case.ui.filterLineEdit.setText("unknown")
    assert len(case.cells(FEATURE)) == len(case.panel.table.rows)


def test_words_and_signs_accompany_colours(case):
    row = next(row for row in case.panel.table.rows if abs(row.network_effect_relative) >= 0.5)
    case.ui.filterLineEdit.setText(row.key)
    arrow = "▲▲" if row.network_effect_relative > 0 else "▼▼"
    assert case.cells(NETWORK_EFFECT)[0].startswith(arrow)
    index = case.panel.view.proxy.index(0, NETWORK_EFFECT)
    assert index.data(8).color().alpha() > 0  # Qt.BackgroundRole
    assert case.cells(TRUST) == ["? unknown"]
    assert index.data(3).startswith(row.key)  # Qt.ToolTipRole


def test_the_tooltip_gives_the_reasons(case):
    features = case.node.features
    features["features"][0]["verdict"] = {"word": "not trusted", "change": "made worse", "reasons": ["It moves."]}
    case.node.fill(features)
    case.panel.update()
    case.ui.filterLineEdit.setText("not trusted")
    assert case.cells(TRUST) == ["\N{BALLOT X} not trusted"]
    assert case.cells(CHANGE) == ["made worse"]
    index = case.panel.view.proxy.index(0, TRUST)
    assert index.data(3).splitlines() == [features["features"][0]["key"], "It moves."]
    assert index.data(8).color().getRgb()[:3] == (213, 94, 0)


def test_trust_is_sorted_by_its_meaning(case):
    features = case.node.features
    for place, word in enumerate(("trusted", "not trusted", "caution")):
        features["features"][place]["verdict"]["word"] = word
    case.node.fill(features)
    case.panel.update()
    case.ui.featureView.sortByColumn(TRUST, sys.modules["qt"].Qt.DescendingOrder)
    shown = case.cells(TRUST)
    assert [word.split(" ", 1)[1] for word in (*shown[:3], shown[-1])] == [
        "trusted",
        "caution",
        "unknown",
        "not trusted",
    ]


def test_copies_what_is_shown_with_full_numbers(case):
    case.ui.classFilterComboBox.setCurrentIndex(case.ui.classFilterComboBox.findData("ngtdm"))
    case.ui.copyButton.click()
    lines = [line.split("\t") for line in sys.modules["qt"].QApplication.clipboard().text().splitlines()]
    expected = {row.feature: row for row in case.panel.table.rows if row.feature_class == "ngtdm"}
    assert lines[0][:5] == ["Class", "Feature", "Trust", "Network effect", "Original"]
    assert {line[1] for line in lines[1:]} == set(expected)
    for line in lines[1:]:
        assert float(line[ENHANCED]) == expected[line[1]].enhanced


def test_copies_selected_rows_only(case):
    for row in (1, 3):
        case.ui.featureView.selectionModel().select(
            case.panel.view.proxy.index(row, 0),
            sys.modules["qt"].QItemSelectionModel.Select | sys.modules["qt"].QItemSelectionModel.Rows,
        )
    lines = case.panel.view.copyText().splitlines()
    assert [line.split("\t")[1] for line in lines[1:]] == [case.cells(FEATURE)[row] for row in (1, 3)]


def test_csv_and_json_hold_the_table(case, answer, tmp_path):
    answer(str(tmp_path / "table"))
    case.panel.export.actions[".csv"].trigger()
    case.panel.export.actions[".json"].trigger()
    lines = [line for line in (tmp_path / "table.csv").read_text().splitlines() if not line.startswith("#")]
    values = {line["key"]: line for line in csv.DictReader(lines)}
    for row in case.panel.table.rows:
        found = values[row.key]["tiny (fidelity)"]
        assert found == "" if math.isnan(row.enhanced) else float(found) == row.enhanced
    assert json.loads((tmp_path / "table.json").read_text()) == case.node.features
    assert NOT_FOR_CLINICAL_USE in (tmp_path / "table.csv").read_text()
    assert case.said[-1] == ("Exported to table.json.", False)


def test_a_file_that_cannot_be_written_is_an_error(case, answer, tmp_path):
    answer(str(tmp_path / "missing" / "table.csv"))
    case.panel.export.actions[".csv"].trigger()
    assert case.said[-1][1] and "table.csv" in case.said[-1][0]


def test_a_dialog_that_is_left_writes_nothing(case, answer, tmp_path):
    answer("")
    case.panel.export.actions[".csv"].trigger()
    assert not case.said and not list(tmp_path.iterdir())


def test_the_page_is_written_by_the_child(case, answer, tmp_path):
    answer(str(tmp_path / "page.html"))
    case.panel.export.actions[".html"].trigger()
    case.wait()
    assert case.said[-1] == ("Page written.", False)
    page = (tmp_path / "page.html").read_text()
    assert "data:image/png;base64," in page and NOT_FOR_CLINICAL_USE in page and "Correlation" in page


def test_without_the_images_the_page_has_no_picture(case, scene, tmp_path):
    scene.RemoveNode(case.enhanced)
    case.panel.export.write(tmp_path / "page.html", ".html")
    case.wait()
    assert case.said[-1] == ("Page written, without a picture.", False)
    assert "<img" not in (tmp_path / "page.html").read_text()


def test_compares_anew_with_other_settings(case):
    case.ui.binsComboBox.setCurrentIndex(case.ui.binsComboBox.findData("bin_count"))
    case.ui.binsSpinBox.setValue(16)
    case.ui.glcmCheckBox.click()
    case.ui.compareButton.click()
    assert not case.ui.compareButton.enabled and case.ui.featureCancelButton.isVisibleTo(case.panel.widget)
    case.wait()
    assert case.said[-1] == ("Features computed.", False)
    settings = FeatureSettings(classes=("firstorder",), bin_width=None, bin_count=16)
    expected = LesionVersions.of_enhancement(case.enhancement).compare(settings)
    assert [(row.key, row.original, row.bicubic, row.enhanced) for row in case.panel.table.rows] == [
        (row.key, row.original, row.bicubic, row.enhanced) for row in expected.rows
    ]
    assert "16 bins" in case.ui.settingsLabel.text
    assert case.parameters.featureTable is case.node.node
    assert case.ui.compareButton.enabled and not case.ui.featureCancelButton.isVisibleTo(case.panel.widget)
    before = case.panel.job.processId
    case.ui.compareButton.click()
    case.wait()
    assert case.panel.job.processId == before, "the child is kept"


def test_the_exact_engine_is_named_in_the_table(case):
    case.parameters.featureSettings = json.dumps({"classes": ["firstorder"], "engine": "exact"})
    case.panel.update()
    case.ui.compareButton.click()
    case.wait()
    assert "Engine: exact" in case.ui.settingsLabel.text


def test_opening_the_settings_asks_what_there_is(case):
    assert case.panel.job.processId is None
    case.ui.featureSettingsCollapsibleButton.collapsed = False
    wait_until(lambda: not case.panel.job._worker.isBusy, slicer.app.processEvents)
    import radiomics

    box = case.ui.engineComboBox
    assert box.itemText(box.findData("pyradiomics")) == f"pyradiomics {radiomics.__version__}"
    assert case.ui.parametersLineEdit.enabled
    assert case.ui.filtersLabel.isHidden()
    boxes = case.panel.form._filterBoxes
    assert [name for name, box in boxes.items() if box.checked] == ["Original"]
    assert boxes["LoG:1:3"].text == "LoG (1, 3 mm)"


def test_filters_are_measured(case, choose_item):
    case.ui.featureSettingsCollapsibleButton.collapsed = False
    wait_until(lambda: not case.panel.job._worker.isBusy, slicer.app.processEvents)
    case.panel.form._filterBoxes["Square"].click()
    assert json.loads(case.parameters.featureSettings)["filters"] == ["Original", "Square"]
    choose_item(case.ui.engineComboBox, "exact")
    case.ui.compareButton.click()
    case.wait()
    assert "Filters: Original, Square." in case.ui.settingsLabel.text
    case.ui.filterLineEdit.setText("mean (square)")
    assert case.cells(FEATURE) == ["Mean (square)"]
    for name in ("Original", "Square"):
        case.panel.form._filterBoxes[name].click()
    assert "filters" not in case.panel.form.values(), "without any filter the image is measured as it is"
    assert case.panel.form._filterBoxes["Original"].checked


def test_a_parameter_file_is_honoured(case, tmp_path, answer):
    case.ui.featureSettingsCollapsibleButton.collapsed = False
    wait_until(lambda: not case.panel.job._worker.isBusy, slicer.app.processEvents)
    file = tmp_path / "parameters.yaml"
    file.write_text("featureClass: {firstorder: [Mean]}\nsetting: {binWidth: 10, normalize: true}\n")
    answer(str(file))
    case.ui.parametersButton.click()
    case.ui.compareButton.click()
    case.wait()
    assert case.panel.table.header["bin_width"] == 10
    assert "Image and mask were preprocessed." in case.ui.settingsLabel.text
    assert [row.feature for row in case.panel.table.rows] == ["Mean"]


def test_settings_come_back_from_the_scene(case):
    given = {**FAST, "bin_width": None, "bin_count": 48, "dimension": "2D", "engine": "exact"}
    case.parameters.featureSettings = json.dumps(given)
    case.panel.update()
    assert case.panel.form.values() == given
    assert not case.ui.shapeCheckBox.checked
    case.ui.binsComboBox.setCurrentIndex(0)
    assert json.loads(case.parameters.featureSettings)["bin_width"] == 25.0
    assert json.loads(case.parameters.featureSettings)["bin_count"] is None


def test_no_class_and_no_parameter_file_are_told(case):
    for name in ("firstorder", "glcm"):
        getattr(case.ui, f"{name}CheckBox").click()
    assert not case.ui.compareButton.enabled
    assert "at least one feature class" in case.ui.compareButton.toolTip
    case.ui.glcmCheckBox.click()
    assert case.ui.compareButton.enabled
    case.ui.parametersLineEdit.text = "nowhere.yaml"
    case.ui.parametersLineEdit.editingFinished.emit()
    assert "does not exist" in case.ui.compareButton.toolTip


def test_an_edited_segment_offers_to_refresh(case):
    assert not case.ui.staleLabel.isVisibleTo(case.panel.widget)
    case.edit()
    assert case.ui.staleLabel.isVisibleTo(case.panel.widget)
    assert not case.panel.job.isRunning, "nothing runs by itself"
    assert not case.ui.stabilityButton.enabled and "edited" in case.ui.stabilityButton.toolTip
    case.ui.refreshButton.click()
    case.wait()
    assert not case.ui.staleLabel.isVisibleTo(case.panel.widget)
    assert case.panel.table.lesion["original"].voxel_count == case.lesion.mask.sum()
    case.edit()
    assert case.ui.staleLabel.isVisibleTo(case.panel.widget), "the segment is still followed"


def test_an_edit_taken_back_is_none(case):
    mask = case.lesion.mask.copy()
    case.edit()
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), case.lesion.segmentation, case.lesion.segment_id, case.lesion.volume
    )
    assert not case.ui.staleLabel.isVisibleTo(case.panel.widget)


def test_an_edit_while_features_are_computed_is_not_missed(case):
    case.ui.compareButton.click()
    case.edit()
    case.wait()
    assert case.said[-1] == ("Features computed.", False)
    assert case.ui.staleLabel.isVisibleTo(case.panel.widget)


def test_a_segmentation_that_was_saved_and_read_is_not_edited(case, scene, tmp_path):
    from SuperResRadiomicsModule.segmentwatch import fingerprint

    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetScene(scene)
    storage.SetFileName(str(tmp_path / "lesions.seg.nrrd"))
    assert storage.WriteData(case.lesion.segmentation)
    read = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "read")
    assert storage.ReadData(read)
    assert fingerprint(read, "lesion") == case.node.drawn != ""


def test_another_name_or_segment_is_no_edit(case):
    segmentation = case.lesion.segmentation
    other = segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.roll(case.lesion.mask, 3, 2).astype(np.uint8), segmentation, other, case.lesion.volume
    )
    case.lesion.segmentation.GetSegmentation().GetSegment("lesion").SetName("tumour")
    case.lesion.segmentation.GetSegmentation().GetSegment("lesion").SetColor(1, 0, 0)
    assert not case.ui.staleLabel.isVisibleTo(case.panel.widget)


def test_a_lesion_drawn_on_the_fine_grid_is_carried_back(case, scene):
    mask = case.enhancement.mask.copy()
    columns = np.flatnonzero(mask.any(axis=(0, 1)))
    mask[..., columns[0]] = False  # Half an original voxel.
    fine = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "fine")
    fine.SetReferenceImageGeometryParameterFromVolumeNode(case.enhanced)
    fine.GetSegmentation().AddEmptySegment("fine lesion", "fine lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), fine, "fine lesion", case.enhanced)
    case.ui.featureSegmentSelector.setCurrentNode(fine)
    case.ui.featureSegmentSelector.setCurrentSegmentID("fine lesion")
    case.ui.compareButton.click()
    case.wait()
    text, is_error = case.said[-1]
    assert not is_error and "drawn on the super-resolved image" in text and "%" in text
    lesion, header = case.panel.table.lesion, case.panel.table.header
    assert lesion["enhanced"].voxel_count == mask.sum()
    halves = mask.reshape(9, 23, 2, 26, 2).mean(axis=(2, 4)) >= 0.5  # What the interpolation at a centre is for 2x.
    assert lesion["original"].voxel_count == halves.sum()
    expected = extract_features(
        case.enhancement.original,
        halves,
        FeatureSettings(classes=("firstorder",)),
        through_plane_axis(case.enhancement.original.grid),
    )
    found = {row.key: row.original for row in case.panel.table.rows}
    assert found["original_firstorder_Mean"] == expected["original_firstorder_Mean"]
    assert "carried back" in header["mask_rule"]
    assert "Lesion drawn on the super-resolved image" in case.ui.settingsLabel.text
    assert (case.node.segmentation, case.node.segmentId) == (fine, "fine lesion")


def test_a_lesion_outside_of_the_enhanced_region_is_told(case, scene):
    mask = np.zeros_like(case.lesion.mask)
    mask[2:6, 1:6, 1:6] = True
    other = case.lesion.segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), case.lesion.segmentation, other, case.lesion.volume
    )
    features = case.node.features
    features["header"]["provenance"]["region"] = {"start": [20, 20, 0], "stop": [52, 46, 9]}
    case.node.fill(features)
    case.panel.update()
    case.ui.featureSegmentSelector.setCurrentSegmentID("other")
    case.ui.compareButton.click()
    case.wait()
    assert "100% of the lesion lie outside" in case.said[-1][0]


def test_a_click_shows_a_feature_and_stability_its_variation(case):
    row = next(row for row in case.panel.table.rows if row.key == "original_firstorder_Mean")
    case.panel.view.select(row.key)
    assert case.ui.drawingLabel.isVisibleTo(case.panel.widget)
    assert f"enhanced {row.enhanced:.4g}" in case.ui.featureLabel.text
    assert "check stability" in case.ui.featureLabel.text
    case.ui.stabilityButton.click()
    case.wait()
    assert case.said[-1] == ("Stability checked at bin width 12.5, bin width 25, bin width 50.", False)
    stability = case.node.stability
    own = stability["variation"][row.key][stability["bins"].index("bin width 25")]
    assert own > 0
    assert "firstorder Mean" in case.ui.featureLabel.text, "the same feature is still shown"
    assert f"varies by {own:.4g} whatever the bins" in case.ui.featureLabel.text
    assert "does not state the spread" in case.ui.featureLabel.text
    case.panel.view.select("original_firstorder_Entropy")
    assert "at bin width 25 (" in case.ui.featureLabel.text and "at bin width 50)" in case.ui.featureLabel.text
    case.ui.compareButton.click()
    case.wait()
    assert case.node.stability is None, "another table, whose stability nobody checked"


def test_the_drawing_puts_values_where_they_belong(module):
    from SuperResRadiomicsModule import featuredrawing as drawing

    values = drawing.FeatureValues(0.0, 10.0, 5.0, variation=1.0, spread=20.0)
    assert values.limits() == (-17.0, 27.0)
    qt = sys.modules["qt"]
    image = drawing.draw(values, qt.QColor("black")).toImage()

    def place(colour: tuple[int, int, int], lane: int) -> float:
        return float(np.mean([x for x in range(image.width()) if image.pixelColor(x, lane - 2).getRgb()[:3] == colour]))

    scale = (drawing.WIDTH - drawing.LEFT - drawing.RIGHT) / 44
    for value, colour, lane in zip((0, 10), (drawing.ORIGINAL, drawing.BICUBIC), drawing.LANES, strict=False):
        assert place(colour, lane) == pytest.approx(drawing.LEFT + (value + 17) * scale, abs=1.5)
    assert "0.05 of the spread" in drawing.describe(values)
    assert not drawing.FeatureValues(math.nan, math.nan, math.nan).known


def test_a_chart_of_the_classes(case, scene):
    case.ui.chartButton.click()
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    series = chart.GetNthPlotSeriesNode(1)
    assert series.GetPlotType() == series.PlotTypeBar and series.GetYColumnName() == "network effect"
    numbers = series.GetTableNode()
    glcm = [abs(r.network_effect_relative) for r in case.panel.table.rows if r.feature_class == "glcm"]
    row = next(row for row in range(numbers.GetNumberOfRows()) if numbers.GetCellText(row, 0) == "glcm")
    shown = numbers.GetTable().GetValueByName(row, "network effect").ToDouble()
    assert shown == pytest.approx(100 * np.nanmedian(glcm))
    nodes = scene.GetNumberOfNodes()
    case.ui.chartButton.click()
    assert scene.GetNumberOfNodes() == nodes, "the chart is updated, not made again"


def test_cancel_leaves_the_table_as_before(case, tmp_path):
    before = case.node.content
    case.ui.stabilityButton.click()
    case.ui.featureCancelButton.click()
    assert not case.panel.job.isRunning and case.panel.job.processId is None
    assert case.node.content == before
    assert case.said[-1][0].startswith("Cancelled")
    case.ui.compareButton.click()
    case.wait()
    assert case.said[-1] == ("Features computed.", False)


def test_a_killed_child_is_an_error_and_the_next_click_works(case):
    case.ui.stabilityButton.click()
    os.kill(case.panel.job.processId, signal.SIGKILL)
    case.wait()
    assert case.said[-1][1] and "was killed" in case.said[-1][0]
    case.ui.compareButton.click()
    case.wait()
    assert case.said[-1] == ("Features computed.", False)


def test_closing_the_scene_cancels(case):
    case.ui.stabilityButton.click()
    case.panel.setParameters(None)
    assert not case.panel.job.isRunning and case.panel.job.processId is None
    assert not case.cells(FEATURE) and not case.ui.compareButton.enabled


def test_a_table_removed_meanwhile_is_told(case, scene):
    case.ui.compareButton.click()
    scene.RemoveNode(case.node.node)
    case.wait()
    assert case.said[-1][1] and "removed meanwhile" in case.said[-1][0]


def test_images_that_are_gone_are_told(case, scene):
    scene.RemoveNode(case.bicubic)
    case.panel.update()
    assert not case.ui.compareButton.enabled and "no longer in the scene" in case.ui.compareButton.toolTip
    assert case.ui.exportButton.enabled


def test_a_table_that_is_no_feature_table_is_not_shown(case, scene):
    case.parameters.featureTable = scene.AddNewNodeByClass("vtkMRMLTableNode", "other")
    case.panel.update()
    assert not case.cells(FEATURE) and not case.ui.exportButton.enabled


def test_all_comes_back_with_a_saved_scene(case, scene, tmp_path, module):
    features = case.node.features
    case.node.fill(features, {"bins": ["x"], "own": "x", "variation": {}, "spread": {}})
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Commit()
    case.panel.setParameters(None)
    scene.Clear(0)
    scene.Connect()
    parameters = module.Parameters(module.SuperResRadiomicsLogic().getParameterNode())
    case.panel.setParameters(parameters)
    assert case.panel.node.features == features
    assert case.panel.node.stability["own"] == "x"
    assert all(case.panel.node.images.values()) and case.panel.node.segmentId == "lesion"
    assert len(case.cells(FEATURE)) == len(features["features"])
    assert case.panel.form.values()["classes"] == ["firstorder", "glcm"]


def test_a_real_run_leaves_a_table_that_the_panel_can_use(module, case, make_lesion, tiny_model):
    logic = module.SuperResRadiomicsLogic((tiny_model.parent,))
    outcomes: list[Any] = []
    lesion = make_lesion()
    try:
        logic.start(*lesion.choices, "tiny", "cpu", onFinished=outcomes.append, onFailed=pytest.fail)
        wait_until(lambda: not logic.isRunning, logic.poll)
    finally:
        logic.cancel()
    case.parameters.featureTable = outcomes[0].featureTable
    case.panel.update()
    assert case.panel.node.images == {
        "original": lesion.volume,
        "bicubic": outcomes[0].bicubicVolume,
        "enhanced": outcomes[0].enhancedVolume,
    }
    assert case.panel.lesion == (lesion.segmentation, lesion.segment_id)
    assert case.ui.compareButton.enabled and case.ui.stabilityButton.enabled


class StandIn:
    """SlicerRadiomics' logic as its interface was measured, computing with pyradiomics."""

    broken = ""
    calls: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.runSync = False

    def runCLI(self, image: Any, mask: Any, table: Any, classes: Any, settings: Any, filters: Any) -> None:
        import SimpleITK as sitk
        import vtk
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        assert self.runSync and filters == {"Original": {}}
        StandIn.calls.append((image.GetName(), tuple(classes), settings))
        if StandIn.broken == "silent":
            return
        voxels, label = (
            sitk.GetImageFromArray(slicer.util.arrayFromVolume(node).astype(float)) for node in (image, mask)
        )
        label = sitk.Cast(label, sitk.sitkUInt8)
        for picture in (voxels, label):
            picture.SetSpacing(image.GetSpacing())
        extractor = RadiomicsFeatureExtractor(**settings)
        extractor.disableAllFeatures()
        for name in classes:
            extractor.enableFeatureClassByName(name)
        rows = [(*key.split("_", 2), str(value)) for key, value in extractor.execute(voxels, label).items()]
        if StandIn.broken == "text":
            rows[-1] = (*rows[-1][:3], "no number")
        if StandIn.broken == "class":
            rows = [row for row in rows if row[1] != "glcm"]
        for title, cells in zip(
            ("Image type", "Feature Class", "Feature Name", "mask_1"), zip(*rows, strict=True), strict=True
        ):
            column = vtk.vtkStringArray()
            column.SetName(title)
            for cell in cells:
                column.InsertNextValue(cell)
            table.AddColumn(column)


@pytest.fixture
def extension(module: Any, monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """SlicerRadiomics is installed."""
    for name in ("slicerradiomics", "slicerradiomicscli"):
        monkeypatch.setattr(slicer.modules, name, object(), raising=False)
    stand_in = ModuleType("SlicerRadiomics")
    stand_in.SlicerRadiomicsLogic = StandIn
    monkeypatch.setitem(sys.modules, "SlicerRadiomics", stand_in)
    monkeypatch.setattr(StandIn, "calls", [], raising=False)
    monkeypatch.setattr(StandIn, "broken", "")
    return StandIn


def choose_extension(case: Case) -> None:
    case.ui.engineComboBox.setCurrentIndex(case.ui.engineComboBox.findData("SlicerRadiomics"))


def test_slicerradiomics_gives_the_values_of_pyradiomics(extension, case, scene):
    nodes = scene.GetNumberOfNodes()
    choose_extension(case)
    case.ui.compareButton.click()
    case.wait()
    assert case.said[-1] == ("Features computed.", False)
    assert "Engine: SlicerRadiomics" in case.ui.settingsLabel.text
    assert [call[0] for call in extension.calls] == ["Doe^Jane chest", "bicubic", "enhanced"]
    assert scene.GetNumberOfNodes() == nodes, "nothing temporary stays"
    settings = FeatureSettings(classes=("firstorder", "glcm"))
    expected = LesionVersions.of_enhancement(case.enhancement).compare(settings)
    for found, right in zip(case.panel.table.rows, expected.rows, strict=True):
        np.testing.assert_allclose(
            (found.original, found.bicubic, found.enhanced), (right.original, right.bicubic, right.enhanced), rtol=1e-6
        )


@pytest.mark.parametrize(
    ("broken", "message"), [("silent", "0 columns"), ("text", "no number"), ("class", "no features of the class glcm")]
)
def test_silent_failures_of_slicerradiomics_are_told(extension, case, scene, broken, message):
    extension.broken = broken
    nodes, before = scene.GetNumberOfNodes(), case.node.content
    choose_extension(case)
    case.ui.compareButton.click()
    assert case.said[-1][1] and message in case.said[-1][0]
    assert case.node.content == before and scene.GetNumberOfNodes() == nodes


def test_slicerradiomics_is_offered_only_where_it_is(case):
    assert case.ui.engineComboBox.findData("SlicerRadiomics") < 0


def test_the_child_finds_the_packages_of_extensions(module):
    import radiomics
    from SuperResRadiomicsModule.workerclient import environmentWithRadiomics

    assert environmentWithRadiomics()["PYTHONPATH"].split(os.pathsep)[-1] == str(Path(radiomics.__file__).parents[1])
