"""CSV as every program reads it: one header, no comments, and no cell that a spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell of text that begins so is run by spreadsheets (OWASP, "CSV Injection"); such cells get an apostrophe."""
GUARD = "'"
NOTICE_COLUMN = "notice"
"""The last column of our tables: comment lines would have to be skipped by every reader."""
_WHOLE = re.compile(r"(\d+)(\.0*)?", re.ASCII)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as text that ``pandas.read_csv`` reads without options.

    Args:
        columns: Titles.
        rows: Cells: text, numbers, or None for an empty cell.

    Returns:
        The table; text stands in quotation marks and is guarded against formulas, numbers stand as they are.

    Examples:
        >>> print(csv_text(["name", "value"], [["=1+1", 2.5], ["b", None]]), end="")
        "name","value"
        "'=1+1",2.5
        "b",
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([guarded(column) for column in columns])
    for row in rows:
        writer.writerow([_Empty() if cell is None else guarded(cell) for cell in row])
    return text.getvalue()


def guarded(cell: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run; numbers and other text stay as they are."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not _is_number(cell):
        return GUARD + cell
    return cell


def unguarded(cell: str) -> str:
    """Take back what `guarded` did."""
    return cell[1:] if cell.startswith(tuple(GUARD + start for start in FORMULA_STARTS)) else cell


def whole_number(cell: str) -> int | None:
    """Read a whole number, also as pandas writes those of a column with gaps; None where it is none.

    Examples:
        >>> whole_number("3"), whole_number("3.0"), whole_number("3.5"), whole_number("GTV")
        (3, 3, None, None)
    """
    matched = _WHOLE.fullmatch(cell.strip())
    return int(matched[1]) if matched else None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class _Empty(float):
    """Prints as nothing, and is a number, so that it gets no quotation marks."""

    def __str__(self) -> str:
        return ""

    __repr__ = __str__
