"""A feature table as a notebook shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from .. import NOT_FOR_CLINICAL_USE

TITLES = ("class", "feature", "original", "bicubic", "enhanced", "voxel size effect", "network effect", "verdict")


def table_html(enhanced: str, rows: Iterable[str], note: str = "") -> str:
    """Write a table of rows from `row_html`, under what the enhanced image is called, a note and the notice."""
    caption = " ".join(part for part in (f"Enhanced: {escape(enhanced)}.", escape(note), NOT_FOR_CLINICAL_USE) if part)
    return f"<table><caption>{caption}</caption>{_line('th', TITLES)}{''.join(rows)}</table>"


def row_html(
    names: tuple[str, str],
    values: Iterable[float],
    effects: Iterable[str],
    word: str,
    reasons: str,
    interval: tuple[float, float] | None = None,
    kind: str = "",
) -> str:
    """Write one feature: class and name, values, effects in words, the word with its reasons as a tooltip.

    The last value is followed by its interval, where there is one, and by its kind where that is not the table's.
    """
    *others, last = map(_number, values)
    shown = (
        last
        if interval is None
        else f"{last} [{_number(interval[0])}, {_number(interval[1])}]{f' ({kind})' if kind else ''}"
    )
    return _line("td", (*names, *others, shown, *effects, word), reasons)


def _line(kind: str, cells: tuple[str, ...], tooltip: str = "") -> str:
    title = f' title="{escape(tooltip)}"' if tooltip else ""
    return f"<tr{title}>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""
