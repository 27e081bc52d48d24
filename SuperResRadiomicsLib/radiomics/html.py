"""A feature table as a notebook shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from .. import NOT_FOR_CLINICAL_USE

TITLES = ("class", "feature", "original", "bicubic", "enhanced", "voxel size effect", "network effect", "trust")


def table_html(enhanced: str, rows: Iterable[str]) -> str:
    """Write a table of rows from `row_html`, under what the enhanced image is called and the notice."""
    caption = f"Enhanced: {escape(enhanced)}. {escape(NOT_FOR_CLINICAL_USE)}"
    return f"<table><caption>{caption}</caption>{_line('th', TITLES)}{''.join(rows)}</table>"


def row_html(names: tuple[str, str], values: Iterable[float], effects: Iterable[float], word: str, reasons: str) -> str:
    """Write one feature: class and name, values, effects as percentages, the word with its reasons as a tooltip."""
    return _line("td", (*names, *map(_number, values), *map(_percent, effects), word), reasons)


def _line(kind: str, cells: tuple[str, ...], tooltip: str = "") -> str:
    title = f' title="{escape(tooltip)}"' if tooltip else ""
    return f"<tr{title}>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""


def _percent(value: float) -> str:
    return f"{value:+.1%}" if math.isfinite(value) else ""
