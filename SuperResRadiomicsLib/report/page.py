"""The report of one lesion: a self-contained HTML page that opens with the answer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..io.files import write_text
from ..radiomics import FeatureRow, FeatureTable
from ..radiomics.wording import DASH
from .answer import ADVICE, MOST_ROWS, answer, changes, rows_that_matter, summary, why_nothing_is_known
from .classes import by_class, typical_effects
from .lesion_methods import LIMITS, citation_of_lesion, methods_of_lesion
from .template import page_template
from .tiles import Pictures

LESION_MEASUREMENTS = {
    "volume_mm3": "volume",
    "voxel_count": "voxels",
    "mean_intensity": "mean intensity",
    "longest_diameter_mm": "longest diameter",
    "short_diameter_mm": "short diameter",
}
TEMPLATE = "page.html.jinja"
SHARED_BY = 3
"""A reason that so many features share is a note of its own, with a number."""


@dataclass(frozen=True)
class ShownRow:
    """A feature with its reasons as the page has them.

    Attributes:
        row: The feature.
        notes: Numbers of the notes that it shares with others.
        reasons: Sentences of its own.
    """

    row: FeatureRow
    notes: tuple[int, ...]
    reasons: tuple[str, ...]


def write_page(
    path: str | os.PathLike[str],
    table: FeatureTable,
    pictures: Pictures | None,
    title: str,
    source: str = "",
    credit: str = "",
    warnings: tuple[str, ...] = (),
    made_on: date | None = None,
) -> None:
    """Write the report of one lesion; it needs no other file and no network.

    Args:
        path: The HTML file.
        table: The features, whose header holds settings and provenance.
        pictures: Of the lesion, where there are images.
        title: What was enhanced, by which model.
        source: What the image is, in words.
        credit: Whose image it is and under which licence.
        warnings: What the enhancement warned of.
        made_on: The page's date; today without it.

    Raises:
        OutputError: The file cannot be written.
    """
    header = table.header.to_dict()
    header.pop("notice", None)  # it stands above and below
    provenance = header.pop("provenance", None) or {}
    notes = shared_reasons(table.rows)
    page = page_template(__package__, "", TEMPLATE).render(
        title=title,
        notice=NOT_FOR_CLINICAL_USE,
        version=__version__,
        identity=list(_identity(table, source, made_on or date.today())),
        answer=answer(table),
        why=why_nothing_is_known(table),
        changes=changes(table),
        summary=summary(table),
        pictures=pictures,
        credit=credit,
        warnings=warnings,
        sampling=table.header.sampling,
        marked=table.kind_to_mark,
        classes=[(name, *typical_effects(rows), len(rows)) for name, rows in by_class(table.rows)],
        lesion=[(LESION_MEASUREMENTS[row.feature], row) for row in table.lesion_rows],
        chosen=[_shown(row, notes) for row in rows_that_matter(table)],
        most_rows=MOST_ROWS,
        rows=[_shown(row, notes) for row in table.rows],
        words=[word for word, _, _ in summary(table)],
        groups=list(dict.fromkeys(row.group for row in table.rows)),
        notes=notes,
        uses={word: advice.use for word, advice in ADVICE.items()},
        methods=methods_of_lesion(table),
        limits=LIMITS,
        citation=citation_of_lesion(table),
        settings=list(_flat(header)),
        provenance=list(_flat(provenance)),
    )
    write_text(path, page)


def shared_reasons(rows: Sequence[FeatureRow]) -> list[str]:
    """List the sentences that several features have as a reason, in the table's order."""
    counted = Counter(reason for row in rows for reason in row.verdict.reasons)
    return [reason for reason, count in counted.items() if count >= min(SHARED_BY, len(rows))]


def _shown(row: FeatureRow, notes: Sequence[str]) -> ShownRow:
    numbers = tuple(number for number, note in enumerate(notes, start=1) if note in row.verdict.reasons)
    return ShownRow(row, numbers, tuple(reason for reason in row.verdict.reasons if reason not in notes))


def _identity(table: FeatureTable, source: str, made_on: date) -> Iterator[tuple[str, str]]:
    """List what the page is about: names and values."""
    header, lesion = table.header, table.lesion["original"]
    model = (header.provenance or {}).get("model") or {}
    if source:
        yield "Case", source
    yield "Image", f"{header.modality}, {_voxels(header.spacing_mm.get('original'), header.size.get('original'))}"
    if header.lesion_type:
        yield "Lesion", f"{header.lesion_type}, as stated"
    yield (
        "Mask",
        f"{lesion.voxel_count:,} voxels, {lesion.volume_mm3 / 1000:.2f} cm³, {lesion.longest_diameter_mm:.0f} by "
        f"{lesion.short_diameter_mm:.0f} mm",
    )
    for name, digest in (header.inputs or (header.provenance or {}).get("inputs") or {}).items():
        yield f"File of the {name}", f"SHA-256 {digest[:12]}"
    known = [
        f"{name} {model[key][:12]}" for name, key in (("version", "version"), ("weights", "sha256")) if key in model
    ]
    yield "Model", ", ".join([header.enhanced_column, *known])
    grey = f"{header.bin_count} bins" if header.bin_count else f"bin width {header.bin_width:g}"
    unit = " HU" if header.bin_width and header.measured_unit == "HU" else ""
    yield "Settings", f"{header.engine} {header.engine_version}, {grey}{unit}, {header.dimension_used} texture"
    yield "Date", made_on.isoformat()


def _voxels(spacing: list[float] | None, size: list[int] | None) -> str:
    if not spacing:
        return "voxels of unknown size"
    sides = " \N{MULTIPLICATION SIGN} ".join(f"{side:.2f}" for side in spacing)
    return f"voxels of {sides} mm" + (f"; {' × '.join(map(str, size))} voxels around the lesion" if size else "")


def _flat(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as lines of name and value."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return " ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or DASH
    return DASH if value is None or value == "" else str(value)
