"""A feature table in a table node, on a real scene."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from Testing.cli.test_tables import table_of

pytest.importorskip("slicer")


def test_a_table_node_holds_every_cell_and_gives_the_table_back(scene):
    from SuperResRadiomicsLib.radiomics.table_node import features_of_table_node, fill_table_node

    table = table_of((4.0, 2.0, 3.0))
    undefined = replace(table.rows[0], original=math.nan)
    table = replace(table, rows=[undefined, *table.rows[1:]])
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    assert features_of_table_node(node) is None
    fill_table_node(node, table.to_dict())
    content = node.GetTable()
    columns = [content.GetColumn(place) for place in range(content.GetNumberOfColumns())]
    assert tuple(column.GetName() for column in columns) == table.column_names
    for row, cells in enumerate(table.cells()):
        for column, cell in zip(columns, cells, strict=True):
            shown = column.GetValue(row)
            is_empty = cell is None or cell == "" or cell != cell or column.GetName().endswith("(relative)")
            assert shown == cell or (is_empty and shown != shown), (column.GetName(), shown, cell)
    assert features_of_table_node(node) == json.loads(json.dumps(table.to_dict()))
    assert node.GetLocked()
