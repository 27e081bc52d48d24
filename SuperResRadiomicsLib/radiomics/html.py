"""A feature table as a notebook shows it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from .. import NOT_FOR_CLINICAL_USE

if TYPE_CHECKING:
    from .table import FeatureRow, FeatureTable

TITLES = ("class", "feature", "original", "bicubic", "enhanced", "voxel size effect", "network effect", "trust")


def table_html(table: FeatureTable) -> str:
    """Write a table as HTML: the values, both effects as percentages, and the words with their reasons as tooltips."""
    lines = [_line("th", TITLES)]
    for row in (*table.lesion_rows, *table.rows):
        lines.append(_row_html(row))
    caption = f"Enhanced: {escape(table.header.enhanced_column)}. {escape(NOT_FOR_CLINICAL_USE)}"
    return f"<table><caption>{caption}</caption>{''.join(lines)}</table>"


def _row_html(row: FeatureRow) -> str:
    numbers = [_number(value) for value in (row.original, row.bicubic, row.enhanced)]
    effects = [_percent(value) for value in (row.voxel_effect_relative, row.network_effect_relative)]
    if row.feature_class == "lesion":
        return _line("td", (row.group, row.feature, *numbers, *effects, ""))
    return _line("td", (row.group, row.feature, *numbers, *effects, row.verdict.word), " ".join(row.verdict.reasons))


def _line(kind: str, cells: tuple[str, ...], tooltip: str = "") -> str:
    title = f' title="{escape(tooltip)}"' if tooltip else ""
    return f"<tr{title}>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""


def _percent(value: float) -> str:
    return f"{value:+.1%}" if math.isfinite(value) else ""
