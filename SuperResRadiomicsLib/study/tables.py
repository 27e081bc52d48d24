"""The tables of a study, and their files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..io.files import prepare_folder, write_json, write_text


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
    """A number as tables hold it: nothing where it is not defined."""
    return float(value) if np.isfinite(value) else None


def tables_to_dict(tables: Iterable[Table]) -> dict[str, Any]:
    """Tables ready for JSON, under ``tables``."""
    return {
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "note": table.note,
                "columns": list(table.columns),
                "rows": [list(row) for row in table.rows],
            }
            for table in tables
        ]
    }


def save_tables(folder: Path, tables: Iterable[Table], name: str) -> list[Path]:
    """Write ``NAME.json`` with all tables and a CSV for each.

    Raises:
        OutputError: The files cannot be written.
    """
    tables = list(tables)
    prepare_folder(folder)
    content = {"schema_version": SCHEMA_VERSION, "notice": NOT_FOR_CLINICAL_USE, "version": __version__}
    write_json(folder / f"{name}.json", content | tables_to_dict(tables))
    return [folder / f"{name}.json", *(save_csv(folder, table) for table in tables)]


def save_csv(folder: Path, table: Table) -> Path:
    """Write a table as CSV below comment lines with notice and title."""
    path = folder / f"{table.name}.csv"
    write_text(path, _csv(table))
    return path


def _csv(table: Table) -> str:
    text = io.StringIO()
    text.write(f"# {NOT_FOR_CLINICAL_USE}\n# {table.title}. {table.note}\n")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(tuple("" if cell is None else cell for cell in row) for row in table.rows)
    return text.getvalue()
