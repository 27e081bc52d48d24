"""A chart of the typical change by feature class, as MRML nodes that Slicer's plot view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureTable

CHART_ROLE = "SuperResRadiomics.Chart"
CLASS_COLUMN, COLUMNS = "class", ("voxel size effect", "network effect")
COLOURS = ((0.0, 0.447, 0.698), (0.902, 0.624, 0.0))


def showChart(tableNode: Any, table: FeatureTable) -> Any:
    """Draw the median size of both relative changes by class; a chart made before is updated.

    Args:
        tableNode: The table node with the features; it remembers the chart.
        table: Its content.

    Returns:
        The vtkMRMLPlotChartNode.
    """
    chart = tableNode.GetNodeReference(CHART_ROLE) or _newChart(tableNode)
    numbers = chart.GetNthPlotSeriesNode(0).GetTableNode()
    _fillNumbers(numbers, table)
    layout = slicer.app.layoutManager()
    if layout is not None:
        slicer.modules.plots.logic().ShowChartInLayout(chart)
    return chart


def _newChart(tableNode: Any) -> Any:
    scene, name = slicer.mrmlScene, tableNode.GetName()
    numbers = scene.AddNewNodeByClass("vtkMRMLTableNode", _("{name}: change by class").format(name=name))
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", _("{name}: chart").format(name=name))
    chart.SetTitle(_("Median change of features by class"))
    chart.SetYAxisTitle(_("|relative change| / %"))
    chart.SetXAxisTitle(_("feature class"))
    for column, colour in zip(COLUMNS, COLOURS, strict=True):
        series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", column)
        series.SetAndObserveTableNodeID(numbers.GetID())
        series.SetPlotType(series.PlotTypeBar)
        series.SetYColumnName(column)
        series.SetLabelColumnName(CLASS_COLUMN)
        series.SetColor(*colour)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    tableNode.SetNodeReferenceID(CHART_ROLE, chart.GetID())
    return chart


def _fillNumbers(node: Any, table: FeatureTable) -> None:
    from SuperResRadiomicsLib.report.classes import by_class, typical_effects

    classes = by_class(table.rows)
    effects = np.array([typical_effects(rows) for _name, rows in classes])
    labels = vtk.vtkStringArray()
    labels.SetName(CLASS_COLUMN)
    for name, _rows in classes:
        labels.InsertNextValue(name)
    with slicer.util.NodeModify(node):
        node.RemoveAllColumns()
        node.AddColumn(labels)
        for name, values in zip(COLUMNS, effects.T, strict=True):
            column = vtk.vtkDoubleArray()
            column.SetName(name)
            for value in 100 * np.nan_to_num(values):
                column.InsertNextValue(value)
            node.AddColumn(column)
