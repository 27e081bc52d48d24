"""Features as tables for people and as flat objects for machines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from ..radiomics import FeatureRow, FeatureSettings, FeatureTable
    from ..study.tables import Table as StudyTable


ALL_VALUES = 104
"""Characters of a line in which a comparison shows all values."""

LONGEST_CHANGE = 8
"""Characters of a change in such a table."""


def feature_values(values: dict[str, float]) -> dict[str, float | None]:
    """Convert features to what JSON knows: what is not defined becomes null."""
    return {key: value if math.isfinite(value) else None for key, value in values.items()}


def flat_settings(settings: FeatureSettings, dimension: str) -> dict[str, Any]:
    """List the settings behind features, as entries of a flat object."""
    content = settings.describe() | {"dimension_used": dimension}
    return dict(_flat("setting", content))


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Entries of an object of one level; lists become text, but of objects as many entries."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}_{key}", each)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value, start=1):
            yield from _flat(f"{name}_{number}", each)
    else:
        yield name, ",".join(map(str, value)) if isinstance(value, list) else value


def feature_summary(values: dict[str, float], image: str, standard: bool = False) -> Table:
    """Show the features of one image; those of the standard with its permanent codes."""
    from ..radiomics.ibsi.names import codes_of

    table = Table("image", "class", "feature", *(["code"] if standard else []), title=f"Features of {image}")
    table.add_column("value", justify="right")
    for key, value in values.items():
        image_type, feature_class, feature = key.split("_", 2)
        code = [codes_of(f"{feature_class}_{feature}")] if standard else []
        table.add_row(image_type, feature_class, feature, *code, _number(value))
    return table


def comparison_summary(table: FeatureTable, width: int) -> Table:
    """Show every feature on the three images and the two relative changes.

    Args:
        table: The features of one lesion.
        width: Characters in a line. Where there are fewer than `ALL_VALUES`, the values on the finer grid are left to
            the files, so that no name and no number is broken.
    """
    everything = width >= ALL_VALUES
    caption = "voxels: bicubic - original; network: enhanced - bicubic; the files give the reasons"
    sampling = table.header.sampling
    told = [f"{sampling['note']} {sampling['interval']}"] if sampling else []
    shown = Table(
        title=f"enhanced: {table.header.enhanced_column}",
        caption=". ".join([caption if everything else f"{caption}, and hold all values", *told]),
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    shown.add_column("feature", no_wrap=True)
    for name in ("original", "bicubic", "enhanced") if everything else ("original",):
        shown.add_column(name, justify="right", no_wrap=True)
    if everything and sampling:
        shown.add_column("90% interval", justify="right", no_wrap=True)
    for name in ("voxels", "network"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    for name, rows in groupby((*table.lesion_rows, *table.rows), key=lambda row: row.group):
        shown.add_section()
        shown.add_row(name, style="bold")
        for row in rows:
            shown.add_row(*_cells(row, everything, everything and sampling is not None, table.kind_to_mark(row)))
    return shown


def plain_table(table: StudyTable) -> Table:
    """Convert a table of a study."""
    shown = Table(title=table.title, caption=table.note, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in table.rows:
        shown.add_row(
            *("-" if cell is None else _number(cell) if isinstance(cell, float) else str(cell) for cell in row)
        )
    return shown


def _cells(row: FeatureRow, everything: bool, with_interval: bool, kind: str) -> tuple[str, ...]:
    values = [row.original, row.bicubic, row.enhanced] if everything else [row.original]
    effects = [
        _short(row.voxel_effect_text, row.voxel_effect, row.voxel_effect_relative),
        _short(row.network_effect_text, row.network_effect, row.network_effect_relative),
    ]
    word = "" if row.feature_class == "lesion" else row.verdict.word
    low, high = map(_number, row.interval) if row.interval else ("", "")
    marked = f"{low} to {high}" + (f" ({kind})" if kind else "")
    interval = ([marked] if row.interval else [""]) if with_interval else []
    return (f" {row.feature}", *map(_number, values), *interval, *effects, word)


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"


def _short(text: str, change: float, relative: float) -> str:
    """Shorten a change that would make the table too wide, without its unit or to one digit, in plain characters."""
    from ..radiomics.wording import DASH, MINUS, TIMES

    plain = text.replace(MINUS, "-").replace(DASH, "-")
    for each in (plain, plain.rpartition(" ")[0]):
        if 0 < len(each) <= LONGEST_CHANGE and TIMES not in each:
            return each
    return f"{100 * relative:+.0e}%" if math.isfinite(relative) else f"{change:+.0e}"
