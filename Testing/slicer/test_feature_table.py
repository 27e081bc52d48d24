"""What the feature table shows: numbers, signs, filters, order, what is copied."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import pytest

from Testing.host.cases import wait_until
from Testing.host.feature_case import (
    BICUBIC,
    ENHANCED,
    FEATURE,
    NETWORK_EFFECT,
    ORIGINAL,
    TRUST,
)

slicer = pytest.importorskip("slicer")

TEXT_MARGINS, WORD_WRAP = 8, 0x1000
"""Of a cell, in pixels; Qt.TextWordWrap."""


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


def test_nothing_of_a_table_is_shown_before_there_is_one(measured):
    measured.result.table = None
    measured.panel.update()
    for name in ("featureView", "filterLineEdit", "copyButton", "exportButton", "settingsLabel"):
        assert not getattr(measured.ui, name).isVisibleTo(measured.panel.widget)
    assert measured.ui.featureSettingsCollapsibleButton.isVisibleTo(measured.panel.widget)


@pytest.mark.parametrize("column", [ORIGINAL, ENHANCED, NETWORK_EFFECT])
def test_numbers_are_sorted_as_numbers(measured, column):
    from SuperResRadiomicsModule.featuretable import KEY_ROLE

    name = {ORIGINAL: "original", ENHANCED: "enhanced", NETWORK_EFFECT: "network_effect_relative"}[column]
    values = {row.key: getattr(row, name) for row in measured.panel.table.rows}
    measured.panel.view.finish()
    proxy = measured.panel.view.proxy
    for order in (0, 1):
        measured.ui.featureView.sortByColumn(column, sys.modules["qt"].Qt.SortOrder(order))
        shown = [values[proxy.index(row, 0).data(KEY_ROLE)] for row in range(proxy.rowCount())]
        defined = [value for value in shown if math.isfinite(value)]
        assert defined == sorted(values[key] for key in values if math.isfinite(values[key]))[:: 1 - 2 * order]
    assert sorted(map(str, defined)) != list(map(str, sorted(defined))), "text would be sorted otherwise"


def test_filters_by_class_and_text(measured):
    measured.ui.classFilterComboBox.setCurrentIndex(measured.ui.classFilterComboBox.findData("glcm"))
    glcm = [f"{row.feature} \N{MIDDLE DOT} glcm" for row in measured.panel.table.rows if row.feature_class == "glcm"]
    assert sorted(measured.cells(FEATURE)) == sorted(glcm)
    measured.ui.filterLineEdit.setText("CONTRAST")
    assert measured.cells(FEATURE) == ["Contrast \N{MIDDLE DOT} glcm"]
    measured.show_all()
    assert sorted(measured.copied("Class")) == ["glcm", "ngtdm"]
    measured.ui.filterLineEdit.setText("(.*")
    assert measured.cells(FEATURE) == []
    assert measured.ui.countLabel.text.startswith("0 of ")
    measured.ui.filterLineEdit.setText("unknown")
    assert len(measured.cells(FEATURE)) == len(measured.panel.table.rows)


def test_words_and_signs_accompany_colours(measured):
    row = next(row for row in measured.panel.table.rows if abs(row.network_effect_relative) >= 0.5)
    measured.ui.filterLineEdit.setText(row.key)
    sign = "+" if row.network_effect_relative > 0 else "\N{MINUS SIGN}"
    assert measured.cells(NETWORK_EFFECT)[0].startswith(sign)
    index = measured.panel.view.proxy.index(0, NETWORK_EFFECT)
    assert index.data(8).color().alpha() > 0  # Qt.BackgroundRole
    assert measured.cells(TRUST) == ["?"]
    assert "? unknown" in measured.ui.legendLabel.text
    assert index.data(3).startswith(row.key)  # Qt.ToolTipRole


def test_the_tooltip_gives_the_reasons(measured):
    features = measured.node.features
    row = next(row for row in features["features"] if row["class"] != "shape")
    row["verdict"] = {"word": "unfaithful", "change": "made worse", "reasons": ["It moves."]}
    measured.node.fill(features)
    measured.panel.update()
    measured.ui.filterLineEdit.setText("unfaithful")
    assert measured.cells(TRUST) == ["\N{BALLOT X}"]
    assert "\N{BALLOT X} unfaithful (1)" in measured.ui.legendLabel.text
    assert measured.copied("Change of error") == ["made worse"]
    index = measured.panel.view.proxy.index(0, TRUST)
    assert index.data(3).splitlines() == [row["key"], "unfaithful", "It moves."]
    assert index.data(8).color().getRgb()[:3] == (213, 94, 0)


def test_trust_is_sorted_by_its_meaning(measured):
    features = measured.node.features
    for place, word in enumerate(("faithful", "unfaithful", "undecided")):
        features["features"][place]["verdict"]["word"] = word
    measured.node.fill(features)
    measured.panel.update()
    measured.ui.featureView.sortByColumn(TRUST, sys.modules["qt"].Qt.AscendingOrder)
    shown = measured.cells(TRUST)
    assert [*shown[:3], shown[-1]] == ["\N{CHECK MARK}", "!", "\N{BALLOT X}", "?"]


def test_what_matters_comes_first_and_shape_is_folded_away(measured):
    """Usable features first, each group by what the network changed; shape cannot change, and is last."""
    features = measured.node.features
    textures = [row for row in features["features"] if row["class"] != "shape"]
    shapes = [row for row in features["features"] if row["class"] == "shape"]
    for row, word in ((textures[0], "unfaithful"), (textures[5], "faithful"), (textures[9], "a new word")):
        row["verdict"]["word"] = word
    shapes[0]["verdict"]["word"] = "faithful"
    measured.node.fill(features)
    measured.panel.update()
    keys = measured.keys()
    assert (keys[0], keys[1]) == (textures[5]["key"], textures[0]["key"])
    assert keys[-len(shapes) :][0] == shapes[0]["key"]
    effects = {row.key: abs(row.network_effect_relative) for row in measured.panel.table.rows}
    unknown = [effects[key] for key in keys[2 : -len(shapes) - 1] if math.isfinite(effects[key])]
    assert unknown == sorted(unknown, reverse=True)
    measured.ui.classFilterComboBox.setCurrentIndex(0)
    assert len(measured.cells(FEATURE)) == len(textures)
    assert measured.ui.countLabel.text == f"{len(textures)} of {len(features['features'])}"


def test_all_that_matters_is_seen_in_a_narrow_panel(measured):
    """Name, three values, network effect and trust, without scrolling, in 400 pixels."""
    measured.panel.widget.resize(400, 700)
    measured.panel.widget.show()
    slicer.app.processEvents()
    view = measured.ui.featureView
    shown = list(range(measured.panel.view.model.columnCount()))
    assert shown == [FEATURE, ORIGINAL, BICUBIC, ENHANCED, NETWORK_EFFECT, TRUST]
    assert sum(view.columnWidth(column) for column in shown) <= view.viewport().width
    space = sys.modules["qt"].QRect(0, 0, view.columnWidth(FEATURE) - TEXT_MARGINS, 1000)
    for row in range(measured.panel.view.model.rowCount()):
        name = measured.panel.view.model.item(row, FEATURE).text()
        needed = view.fontMetrics().boundingRect(space, WORD_WRAP, name)
        assert needed.height() <= view.rowHeight(row) and needed.width() <= space.width(), f"'{name}' is cut"
    for column in (ORIGINAL, BICUBIC, ENHANCED, NETWORK_EFFECT):
        widest = max(view.fontMetrics().boundingRect(text).width() for text in measured.cells(column))
        assert widest < view.columnWidth(column), "no number is cut"


def test_a_long_table_comes_in_turns_and_loses_nothing(measured):
    """What one is on is there at once, and what is copied meanwhile is whole."""
    features = measured.node.features
    measured.ui.classFilterComboBox.setCurrentIndex(0)  # Shape, which is left out then, comes last.
    shown = sum(row["class"] != "shape" for row in features["features"])
    view, on = measured.panel.view, measured.keys()[33]
    view.select(on)
    features["features"][0]["verdict"]["word"] = "undecided"  # Another content.
    measured.node.fill(features)
    measured.panel.update()
    assert view.currentKey() == on
    assert 34 <= view.model.rowCount() < shown
    wait_until(lambda: measured.ui.countLabel.text.startswith(f"{shown} of"), slicer.app.processEvents)
    assert measured.ui.countLabel.text == f"{shown} of {len(features['features'])}"
    assert view.currentKey() == on
    view.show(measured.panel.table)
    assert view.model.rowCount() < shown
    assert len(view.copyText().splitlines()) == 1 + shown


def test_copies_what_is_shown_with_full_numbers(measured):
    measured.ui.classFilterComboBox.setCurrentIndex(measured.ui.classFilterComboBox.findData("ngtdm"))
    measured.ui.copyButton.click()
    lines = [line.split("\t") for line in sys.modules["qt"].QApplication.clipboard().text().splitlines()]
    expected = {row.feature: row for row in measured.panel.table.rows if row.feature_class == "ngtdm"}
    assert lines[0] == [
        "Feature",
        "Original",
        "Bicubic",
        "Enhanced",
        "Network",
        "Trust",
        "Voxel size effect",
        "Change of error",
        "Class",
    ]
    assert {line[FEATURE] for line in lines[1:]} == set(expected)
    assert {(line[TRUST], line[-1]) for line in lines[1:]} == {("unknown", "ngtdm")}
    for line in lines[1:]:
        assert float(line[ENHANCED]) == expected[line[FEATURE]].enhanced


def test_copies_selected_rows_only(measured):
    for row in (1, 3):
        measured.ui.featureView.selectionModel().select(
            measured.panel.view.proxy.index(row, 0),
            sys.modules["qt"].QItemSelectionModel.Select | sys.modules["qt"].QItemSelectionModel.Rows,
        )
    lines = measured.panel.view.copyText().splitlines()
    shown = [measured.cells(FEATURE)[row].partition(" \N{MIDDLE DOT}")[0] for row in (1, 3)]
    assert [line.split("\t")[FEATURE] for line in lines[1:]] == shown


def test_where_nothing_is_known_the_answer_says_why(module):
    from SuperResRadiomicsModule.featuresummary import usableText

    from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureTable, Verdict

    unknown = Verdict("unknown", "unknown", ("Nobody measured it.",))
    rows = [FeatureRow("glcm", name, f"original_glcm_{name}", 1.0, 1.0, 1.0, unknown) for name in ("Id", "Idm")]
    assert usableText(FeatureTable(None, rows, {})).endswith("2 unknown. Nobody measured it.")  # type: ignore[arg-type]
    rows.append(FeatureRow("glcm", "MCC", "original_glcm_MCC", 1.0, 1.0, 1.0, Verdict("faithful")))
    assert "Nobody" not in usableText(FeatureTable(None, rows, {}))  # type: ignore[arg-type]
