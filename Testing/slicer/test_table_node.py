"""A feature table in a table node, on a real scene."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from SuperResRadiomicsLib.radiomics import FeatureTable
from Testing.cli.test_tables import table_of

pytest.importorskip("slicer")


def test_a_table_node_holds_every_cell_and_gives_the_table_back(scene):
    from SuperResRadiomicsLib.radiomics.table_node import features_of_table_node, fill_table_node

    table = table_of((4.0, 2.0, 3.0))
    undefined = replace(table.rows[0], original=math.nan)
    # As read from a file: the rows know the unit of the image, which decides what is said in percent.
    table = FeatureTable.from_dict(replace(table, rows=[undefined, *table.rows[1:]]).to_dict())
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    assert features_of_table_node(node) is None
    fill_table_node(node, table.to_dict())
    content = node.GetTable()
    columns = [content.GetColumn(place) for place in range(content.GetNumberOfColumns())]
    assert tuple(column.GetName() for column in columns) == table.column_names
    for row, cells in enumerate(table.cells()):
        for column, cell in zip(columns, cells, strict=True):
            shown = column.GetValue(row)
            assert math.isnan(shown) if cell is None else shown == cell
    assert features_of_table_node(node) == json.loads(json.dumps(table.to_dict()))
    assert node.GetLocked()
