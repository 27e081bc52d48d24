"""The report: one self-contained HTML page with picture, tables, settings and provenance."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Iterator
from itertools import groupby
from statistics import median
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..io.files import write_text
from ..radiomics import FeatureRow, FeatureTable

LESION_MEASUREMENTS = {
    "volume_mm3": "volume, mm\N{SUPERSCRIPT THREE}",
    "voxel_count": "voxels",
    "mean_intensity": "mean intensity",
    "longest_diameter_mm": "longest diameter, mm",
    "short_diameter_mm": "short diameter, mm",
}
TEMPLATE = "page.html.jinja"


def write_page(
    path: str | os.PathLike[str],
    table: FeatureTable,
    picture: bytes | None,
    title: str,
    source: str = "",
    credit: str = "",
    warnings: tuple[str, ...] = (),
) -> None:
    """Write the report of one lesion; it needs no other file and no network.

    Args:
        path: The HTML file.
        table: The features, whose header holds settings and provenance.
        picture: The comparison as PNG, where there is one.
        title: What was enhanced, by which model.
        source: What the image is, in words.
        credit: Whose image it is and under which licence.
        warnings: What the enhancement warned of.

    Raises:
        OutputError: The file cannot be written.
    """
    header = table.header.to_dict()
    header.pop("notice", None)  # it stands above and below
    provenance = header.pop("provenance", None) or {}
    page = _template().render(
        title=title,
        notice=NOT_FOR_CLINICAL_USE,
        version=__version__,
        picture=base64.b64encode(picture).decode("ascii") if picture else "",
        source=source,
        credit=credit,
        warnings=warnings,
        enhanced=header["enhanced_column"],
        sampling=header.pop("sampling", None),
        lesion=[(LESION_MEASUREMENTS[row.feature], row) for row in table.lesion_rows],
        classes=[(name, *typical_effects(rows), rows) for name, rows in by_class(table.rows)],
        reasons=reasons_of(table.rows),
        settings=list(_flat(header)),
        provenance=list(_flat(provenance)),
    )
    write_text(path, page)


def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(number=_number, percent=_percent)
    return environment.get_template(TEMPLATE)


def by_class(rows: list[FeatureRow]) -> list[tuple[str, list[FeatureRow]]]:
    """Group the rows by class, in the table's order."""
    return [(name, list(members)) for name, members in groupby(rows, key=lambda row: row.group)]


def reasons_of(rows: list[FeatureRow]) -> list[tuple[str, list[str], tuple[str, ...]]]:
    """Each verdict's word and reasons once, with the features that have both, in the table's order."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in rows:
        name = row.feature if row.group == row.feature_class else f"{row.group} {row.feature}"
        found.setdefault((row.verdict.word, row.verdict.reasons), []).append(name)
    return [(word, names, reasons) for (word, reasons), names in found.items()]


def typical_effects(rows: list[FeatureRow]) -> tuple[float, float]:
    """Take the median size of the two relative changes; one feature near zero does not rule it."""
    voxel = [abs(row.voxel_effect_relative) for row in rows]
    network = [abs(row.network_effect_relative) for row in rows]
    return _finite_median(voxel), _finite_median(network)


def _finite_median(values: list[float]) -> float:
    return median([value for value in values if math.isfinite(value)] or [math.nan])


def _flat(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as lines of name and value."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            items = value if isinstance(value, list | tuple) else [value]
            yield f"{prefix}{key}", ", ".join(map(_plain, items))


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "\N{EN DASH}" if value is None else str(value)


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "\N{EN DASH}"


def _percent(value: float) -> str:
    return f"{value:+.1%}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "\N{EN DASH}"
