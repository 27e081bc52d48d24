"""What the feature table shows: numbers, signs, filters, order, what is copied."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import pytest

from Testing.host.feature_case import (
    CHANGE,
    CLASS,
    ENHANCED,
    FEATURE,
    NETWORK_EFFECT,
    ORIGINAL,
    TRUST,
    VOXEL_EFFECT,
)


def test_without_a_table_nothing_can_be_done(module):
    from SuperResRadiomicsModule.featurepanel import FeaturePanel

    panel = FeaturePanel(SimpleNamespace(isRunning=False), lambda text, isError=False: None)
    buttons = [panel.ui.compareButton, panel.ui.stabilityButton, panel.ui.copyButton, panel.ui.exportButton]
    assert not any(button.enabled for button in [*buttons, panel.ui.chartButton])
    assert panel.ui.compareButton.toolTip == "Super-resolve a lesion first."
    assert panel.table is None
    panel.cleanup()


def test_the_table_is_shown_whole(measured):
    rows = measured.panel.table.rows
    assert len(rows) == len(measured.cells(FEATURE)) > 50
    assert measured.ui.countLabel.text == f"{len(rows)} of {len(rows)}"
    assert "tiny (fidelity)" in measured.ui.settingsLabel.text
    assert "pyradiomics" in measured.ui.settingsLabel.text and "bin width 25" in measured.ui.settingsLabel.text
    volume = measured.lesion.mask.sum() * 0.7 * 0.8 * 2.5
    assert "Volume / mm³" in measured.ui.measurementsLabel.text
    assert f">{volume:.4g}<" in measured.ui.measurementsLabel.text


@pytest.mark.parametrize(
    ("relative", "text"),
    [(0.0, "0%"), (-0.0003, "≈ 0%"), (-0.02, "−2.0%"), (0.1, "▲ +10.0%"), (-0.5, "▼▼ −50.0%"), (math.nan, "–")],
)
def test_changes_are_put_into_signs(module, relative, text):
    from SuperResRadiomicsModule.featuretable import change

    assert change(relative) == text


def test_nothing_of_a_table_is_shown_before_there_is_one(measured):
    measured.parameters.featureTable = None
    measured.panel.update()
    for name in ("featureView", "filterLineEdit", "copyButton", "exportButton", "settingsLabel"):
        assert getattr(measured.ui, name).isHidden()
    assert not measured.ui.compareButton.isHidden()


@pytest.mark.parametrize("column", [ORIGINAL, ENHANCED, VOXEL_EFFECT, NETWORK_EFFECT])
def test_numbers_are_sorted_as_numbers(measured, column):
    from SuperResRadiomicsModule.featuretable import KEY_ROLE

    effects = {VOXEL_EFFECT: "voxel_effect_relative", NETWORK_EFFECT: "network_effect_relative"}
    name = {ORIGINAL: "original", ENHANCED: "enhanced", **effects}[column]
    values = {row.key: getattr(row, name) for row in measured.panel.table.rows}
    proxy = measured.panel.view.proxy
    for order in (0, 1):
        measured.ui.featureView.sortByColumn(column, sys.modules["qt"].Qt.SortOrder(order))
        shown = [values[proxy.index(row, 0).data(KEY_ROLE)] for row in range(proxy.rowCount())]
        defined = [value for value in shown if math.isfinite(value)]
        assert defined == sorted(values[key] for key in values if math.isfinite(values[key]))[:: 1 - 2 * order]
    assert sorted(map(str, defined)) != list(map(str, sorted(defined))), "text would be sorted otherwise"


def test_filters_by_class_and_text(measured):
    measured.ui.classFilterComboBox.setCurrentIndex(measured.ui.classFilterComboBox.findData("glcm"))
    glcm = [row.feature for row in measured.panel.table.rows if row.feature_class == "glcm"]
    assert sorted(measured.cells(FEATURE)) == sorted(glcm)
    measured.ui.filterLineEdit.setText("CONTRAST")
    assert measured.cells(FEATURE) == ["Contrast"]
    measured.ui.classFilterComboBox.setCurrentIndex(0)
    assert sorted(measured.cells(CLASS)) == ["glcm", "ngtdm"]
    measured.ui.filterLineEdit.setText("(.*")
    assert measured.cells(FEATURE) == []
    assert measured.ui.countLabel.text.startswith("0 of ")
    measured.ui.filterLineEdit.setText("unknown")
    assert len(measured.cells(FEATURE)) == len(measured.panel.table.rows)


def test_words_and_signs_accompany_colours(measured):
    row = next(row for row in measured.panel.table.rows if abs(row.network_effect_relative) >= 0.5)
    measured.ui.filterLineEdit.setText(row.key)
    arrow = "▲▲" if row.network_effect_relative > 0 else "▼▼"
    assert measured.cells(NETWORK_EFFECT)[0].startswith(arrow)
    index = measured.panel.view.proxy.index(0, NETWORK_EFFECT)
    assert index.data(8).color().alpha() > 0  # Qt.BackgroundRole
    assert measured.cells(TRUST) == ["? unknown"]
    assert index.data(3).startswith(row.key)  # Qt.ToolTipRole


def test_the_tooltip_gives_the_reasons(measured):
    features = measured.node.features
    features["features"][0]["verdict"] = {"word": "not trusted", "change": "made worse", "reasons": ["It moves."]}
    measured.node.fill(features)
    measured.panel.update()
    measured.ui.filterLineEdit.setText("not trusted")
    assert measured.cells(TRUST) == ["\N{BALLOT X} not trusted"]
    assert measured.cells(CHANGE) == ["made worse"]
    index = measured.panel.view.proxy.index(0, TRUST)
    assert index.data(3).splitlines() == [features["features"][0]["key"], "It moves."]
    assert index.data(8).color().getRgb()[:3] == (213, 94, 0)


def test_trust_is_sorted_by_its_meaning(measured):
    features = measured.node.features
    for place, word in enumerate(("trusted", "not trusted", "caution")):
        features["features"][place]["verdict"]["word"] = word
    measured.node.fill(features)
    measured.panel.update()
    measured.ui.featureView.sortByColumn(TRUST, sys.modules["qt"].Qt.DescendingOrder)
    shown = measured.cells(TRUST)
    assert [word.split(" ", 1)[1] for word in (*shown[:3], shown[-1])] == [
        "trusted",
        "caution",
        "unknown",
        "not trusted",
    ]


def test_copies_what_is_shown_with_full_numbers(measured):
    measured.ui.classFilterComboBox.setCurrentIndex(measured.ui.classFilterComboBox.findData("ngtdm"))
    measured.ui.copyButton.click()
    lines = [line.split("\t") for line in sys.modules["qt"].QApplication.clipboard().text().splitlines()]
    expected = {row.feature: row for row in measured.panel.table.rows if row.feature_class == "ngtdm"}
    assert lines[0][:5] == ["Class", "Feature", "Trust", "Network effect", "Original"]
    assert {line[1] for line in lines[1:]} == set(expected)
    for line in lines[1:]:
        assert float(line[ENHANCED]) == expected[line[1]].enhanced


def test_copies_selected_rows_only(measured):
    for row in (1, 3):
        measured.ui.featureView.selectionModel().select(
            measured.panel.view.proxy.index(row, 0),
            sys.modules["qt"].QItemSelectionModel.Select | sys.modules["qt"].QItemSelectionModel.Rows,
        )
    lines = measured.panel.view.copyText().splitlines()
    assert [line.split("\t")[1] for line in lines[1:]] == [measured.cells(FEATURE)[row] for row in (1, 3)]
