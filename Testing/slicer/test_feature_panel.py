"""The feature panel on the host: charts, stability, what goes wrong, and a saved scene."""

from __future__ import annotations

import math
import os
import signal
import sys
from typing import Any

import numpy as np
import pytest
import slicer

from Testing.host.cases import wait_until
from Testing.host.feature_case import (
    FEATURE,
)


def test_a_click_shows_a_feature_and_stability_its_variation(measured):
    from SuperResRadiomicsModule.numbertext import number

    row = next(row for row in measured.panel.table.rows if row.key == "original_firstorder_Mean")
    measured.panel.view.select(row.key)
    assert measured.ui.drawingLabel.isVisibleTo(measured.panel.widget)
    assert f"enhanced {number(row.enhanced)}" in measured.ui.featureLabel.text
    assert "check stability" in measured.ui.featureLabel.text
    measured.ui.stabilityButton.click()
    measured.wait()
    assert measured.said[-1] == ("Stability checked at bin width 12.5, bin width 25, bin width 50.", False)
    stability = measured.node.stability
    own = stability["variation"][row.key][stability["bins"].index("bin width 25")]
    assert own > 0
    assert "firstorder Mean" in measured.ui.featureLabel.text, "the same feature is still shown"
    assert f"varies by {number(own)} whatever the bins" in measured.ui.featureLabel.text
    assert "does not state the spread" in measured.ui.featureLabel.text
    measured.panel.view.select("original_firstorder_Entropy")
    assert "at bin width 25 (" in measured.ui.featureLabel.text and "at bin width 50)" in measured.ui.featureLabel.text
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.node.stability is None, "another table, whose stability nobody checked"


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


def test_a_chart_of_the_classes(measured, scene):
    measured.ui.chartButton.click()
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    series = chart.GetNthPlotSeriesNode(1)
    assert series.GetPlotType() == series.PlotTypeBar and series.GetYColumnName() == "network effect"
    numbers = series.GetTableNode()
    glcm = [abs(r.network_effect_relative) for r in measured.panel.table.rows if r.feature_class == "glcm"]
    row = next(row for row in range(numbers.GetNumberOfRows()) if numbers.GetCellText(row, 0) == "glcm")
    shown = numbers.GetTable().GetValueByName(row, "network effect").ToDouble()
    assert shown == pytest.approx(100 * np.nanmedian(glcm))
    nodes = scene.GetNumberOfNodes()
    measured.ui.chartButton.click()
    assert scene.GetNumberOfNodes() == nodes, "the chart is updated, not made again"


def test_cancel_leaves_the_table_as_before(measured, tmp_path):
    before = measured.node.content
    measured.ui.stabilityButton.click()
    assert measured.logic.isRunning
    measured.logic.cancel()
    assert not measured.logic.isRunning and measured.logic.workerProcessId is None
    assert measured.node.content == before
    assert measured.ui.stabilityButton.enabled
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.said[-1] == ("Features computed.", False)


def test_a_killed_child_is_an_error_and_the_next_click_works(measured):
    measured.ui.stabilityButton.click()
    wait_until(lambda: measured.logic.workerProcessId is not None, slicer.app.processEvents)
    os.kill(measured.logic.workerProcessId, signal.SIGKILL)
    measured.wait()
    assert measured.said[-1][1] and "was killed" in measured.said[-1][0]
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.said[-1] == ("Features computed.", False)


def test_without_parameters_nothing_is_shown(measured):
    measured.panel.setParameters(None)
    assert not measured.cells(FEATURE) and not measured.ui.compareButton.enabled


def test_a_table_removed_meanwhile_is_told(measured, scene):
    measured.ui.compareButton.click()
    scene.RemoveNode(measured.node.node)
    measured.wait()
    assert measured.said[-1][1] and "removed meanwhile" in measured.said[-1][0]


def test_images_that_are_gone_are_told(measured, scene):
    scene.RemoveNode(measured.bicubic)
    measured.panel.update()
    assert not measured.ui.compareButton.enabled and "no longer in the scene" in measured.ui.compareButton.toolTip
    assert measured.ui.exportButton.enabled


def test_a_table_that_is_no_feature_table_is_not_shown(measured, scene):
    measured.result.table = scene.AddNewNodeByClass("vtkMRMLTableNode", "other")
    measured.panel.update()
    assert not measured.cells(FEATURE) and not measured.ui.exportButton.enabled


def test_all_comes_back_with_a_saved_scene(measured, scene, tmp_path, module):
    features = measured.node.features
    measured.node.fill(features, {"bins": ["x"], "own": "x", "variation": {}, "spread": {}})
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Commit()
    measured.panel.setParameters(None)
    scene.Clear(0)
    scene.Connect()
    parameters = module.Parameters(module.SuperResRadiomicsLogic().getParameterNode())
    measured.panel.setParameters(parameters)
    assert measured.panel.node.features == features
    assert measured.panel.node.stability["own"] == "x"
    assert all(measured.panel.node.images.values()) and measured.panel.node.segmentId == "lesion"
    measured.show_all()
    assert len(measured.cells(FEATURE)) == len(features["features"])
    assert measured.panel.form.values()["classes"] == ["firstorder", "glcm"]


def test_a_real_run_leaves_a_table_that_the_panel_can_use(module, measured, make_lesion, tiny_model):
    logic = module.SuperResRadiomicsLogic((tiny_model.parent,))
    outcomes: list[Any] = []
    lesion = make_lesion()
    try:
        logic.start(*lesion.choices, "tiny", "cpu", onFinished=outcomes.append, onFailed=pytest.fail)
        wait_until(lambda: not logic.isRunning, logic.poll)
    finally:
        logic.cancel()
    measured.parameters.result = outcomes[0].result
    measured.panel.update()
    assert measured.panel.node.images == {
        "original": lesion.volume,
        "bicubic": outcomes[0].result.bicubic,
        "enhanced": outcomes[0].result.enhanced,
    }
    assert measured.panel.lesion == (lesion.segmentation, lesion.segment_id)
    assert measured.ui.compareButton.enabled and measured.ui.stabilityButton.enabled
