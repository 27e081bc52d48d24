"""The tables of a study, and their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..io.csv_tables import NOTICE_COLUMN, csv_text
from ..io.files import write_json, write_text
from ..io.outputs import output_set


@dataclass(frozen=True)
class Table:
    """One table of the report.

    Attributes:
        name: Of its files.
        title: Above it.
        note: Below it.
        columns: Titles.
        rows: Cells: text, numbers, or nothing.
    """

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def cell(value: float) -> float | None:
    """Convert a number to what tables hold: None where it is not defined.

    Examples:
        >>> cell(0.5), cell(float("nan"))
        (0.5, None)
    """
    return float(value) if np.isfinite(value) else None


def tables_to_dict(tables: Iterable[Table]) -> dict[str, Any]:
    """Convert tables to JSON-able values, under ``tables``."""
    described = []
    for table in tables:
        described.append(
            {
                "name": table.name,
                "title": table.title,
                "note": table.note,
                "columns": list(table.columns),
                "rows": [list(row) for row in table.rows],
            }
        )
    return {"tables": described}


def save_tables(
    folder: Path, tables: Iterable[Table], name: str, inputs: Iterable[Path] = (), overwrite: bool = False
) -> list[Path]:
    """Write ``NAME.json`` with all tables and a CSV for each, as one set.

    Raises:
        OutputError: The files cannot be written, or the user's own are in the way.
    """
    tables = list(tables)
    names = [f"{name}.json", *(csv_name(table) for table in tables)]
    content = {"schema_version": SCHEMA_VERSION, "notice": NOT_FOR_CLINICAL_USE, "version": __version__}
    with output_set(folder, names[0], names=names, inputs=inputs, overwrite=overwrite) as staging:
        write_json(staging / names[0], content | tables_to_dict(tables))
        for table in tables:
            save_csv(staging, table)
    return [folder / each for each in names]


def csv_name(table: Table) -> str:
    """Name a table's CSV file.

    Examples:
        >>> csv_name(Table("shares", "Shares of features", "", ("feature", "share"), []))
        'shares.csv'
    """
    return f"{table.name}.csv"


def save_csv(folder: Path, table: Table) -> None:
    """Write a table as CSV; title and note stand in the JSON file beside it."""
    rows = [(*row, NOT_FOR_CLINICAL_USE) for row in table.rows]
    write_text(folder / csv_name(table), csv_text((*table.columns, NOTICE_COLUMN), rows))
