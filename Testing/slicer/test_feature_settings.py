"""Features computed with other settings, from the panel."""

from __future__ import annotations

import json

import pytest

from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, measure_versions
from Testing.host.feature_case import (
    FAST,
    FEATURE,
)


def test_compares_anew_with_other_settings(measured):
    measured.ui.binsComboBox.setCurrentIndex(measured.ui.binsComboBox.findData("bin_count"))
    measured.ui.binsSpinBox.setValue(16)
    measured.ui.glcmCheckBox.click()
    measured.ui.compareButton.click()
    assert not measured.ui.compareButton.enabled and "Wait" in measured.ui.compareButton.toolTip
    measured.wait()
    assert measured.said[-1] == ("Features computed.", False)
    settings = FeatureSettings(classes=("firstorder",), bin_width=None, bin_count=16)
    expected = measure_versions(LesionVersions.of(measured.enhancement), settings)
    assert [(row.key, row.original, row.bicubic, row.enhanced) for row in measured.panel.table.rows] == [
        (row.key, row.original, row.bicubic, row.enhanced) for row in expected.rows
    ]
    assert "16 bins" in measured.ui.settingsLabel.text
    assert measured.parameters.result.table is measured.node.node
    assert measured.ui.compareButton.enabled
    before = measured.logic.workerProcessId
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.logic.workerProcessId == before, "the child is kept"


def test_the_exact_engine_is_named_in_the_table(measured):
    measured.parameters.featureSettings = json.dumps({"classes": ["firstorder"], "engine": "exact"})
    measured.panel.update()
    measured.ui.compareButton.click()
    measured.wait()
    assert "Engine: exact" in measured.ui.settingsLabel.text


@pytest.mark.usefixtures("no_child_yet")
def test_opening_the_settings_asks_what_there_is(measured):
    assert measured.logic.workerProcessId is None
    measured.ui.featureSettingsCollapsibleButton.collapsed = False
    measured.wait()
    import radiomics

    box = measured.ui.engineComboBox
    assert box.itemText(box.findData("pyradiomics")) == f"pyradiomics {radiomics.__version__}"
    assert measured.ui.parametersLineEdit.enabled
    assert measured.ui.filtersLabel.isHidden()
    boxes = measured.panel.form._filterBoxes
    assert [name for name, box in boxes.items() if box.checked] == ["Original"]
    assert boxes["LoG:1:3"].text == "LoG (1, 3 mm)"


def test_filters_are_measured(measured, choose_item):
    measured.ui.featureSettingsCollapsibleButton.collapsed = False
    measured.wait()
    measured.panel.form._filterBoxes["Square"].click()
    assert json.loads(measured.parameters.featureSettings)["filters"] == ["Original", "Square"]
    choose_item(measured.ui.engineComboBox, "exact")
    measured.ui.compareButton.click()
    measured.wait()
    assert "Filters: Original, Square." in measured.ui.settingsLabel.text
    measured.ui.filterLineEdit.setText("mean (square)")
    assert measured.cells(FEATURE) == ["Mean (square) \N{MIDDLE DOT} firstorder"]
    for name in ("Original", "Square"):
        measured.panel.form._filterBoxes[name].click()
    assert "filters" not in measured.panel.form.values(), "without any filter the image is measured as it is"
    assert measured.panel.form._filterBoxes["Original"].checked


def test_a_parameter_file_is_honoured(measured, tmp_path, answer):
    measured.ui.featureSettingsCollapsibleButton.collapsed = False
    measured.wait()
    file = tmp_path / "parameters.yaml"
    file.write_text("featureClass: {firstorder: [Mean]}\nsetting: {binWidth: 10, normalize: true}\n")
    answer(str(file))
    measured.ui.parametersButton.click()
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.panel.table.header.bin_width == 10
    assert "Image and mask were preprocessed." in measured.ui.settingsLabel.text
    assert [row.feature for row in measured.panel.table.rows] == ["Mean"]


def test_settings_come_back_from_the_scene(measured):
    given = {**FAST, "bin_width": None, "bin_count": 48, "dimension": "2D", "engine": "exact"}
    measured.parameters.featureSettings = json.dumps(given)
    measured.panel.update()
    assert measured.panel.form.values() == given
    assert not measured.ui.shapeCheckBox.checked
    measured.ui.binsComboBox.setCurrentIndex(0)
    assert json.loads(measured.parameters.featureSettings)["bin_width"] == 25.0
    assert json.loads(measured.parameters.featureSettings)["bin_count"] is None


def test_no_class_and_no_parameter_file_are_told(measured):
    for name in ("firstorder", "glcm"):
        getattr(measured.ui, f"{name}CheckBox").click()
    assert not measured.ui.compareButton.enabled
    assert "at least one feature class" in measured.ui.compareButton.toolTip
    measured.ui.glcmCheckBox.click()
    assert measured.ui.compareButton.enabled
    measured.ui.parametersLineEdit.text = "nowhere.yaml"
    measured.ui.parametersLineEdit.editingFinished.emit()
    assert "does not exist" in measured.ui.compareButton.toolTip
