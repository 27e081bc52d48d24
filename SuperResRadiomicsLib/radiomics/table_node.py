"""A feature table in a table node of 3D Slicer, and back. Runs inside Slicer's Python."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .table import FeatureTable

FEATURES_ATTRIBUTE = "SuperResRadiomics.Features"
"""Of a table node: all that `FeatureTable.to_dict` gave, as JSON; a scene saved with it brings the table back."""


def fill_table_node(node: Any, features: dict[str, Any], table: FeatureTable | None = None) -> None:
    """Show a feature table in a table node, with titles as headers and not editable; all of it is kept as an attribute.

    Args:
        node: vtkMRMLTableNode; its content is replaced.
        features: What ``FeatureTable.to_dict`` gave; a number that is not defined becomes NaN.
        table: The same, where it was read already.
    """
    import vtk

    table = table or FeatureTable.from_dict(features)
    node.RemoveAllColumns()
    for name, column in zip(table.column_names, zip(*table.cells(), strict=True), strict=True):
        array = vtk.vtkStringArray() if isinstance(column[0], str) else vtk.vtkDoubleArray()
        array.SetName(name)
        for value in column:
            array.InsertNextValue(np.nan if value is None else value)
        node.AddColumn(array)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    node.SetAttribute(FEATURES_ATTRIBUTE, json.dumps(features, allow_nan=False))


def features_of_table_node(node: Any) -> dict[str, Any] | None:
    """Read what `fill_table_node` put into a table node; None for any other table."""
    content = node.GetAttribute(FEATURES_ATTRIBUTE)
    features: dict[str, Any] | None = json.loads(content) if content else None
    return features
