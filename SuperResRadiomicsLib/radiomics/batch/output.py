"""The table of many cases, in the layout of pyradiomics' command.

A line for each case: the columns of the list as they were, columns whose names begin with ``diagnostics_``, then the
features. All that is neither input nor feature bears that prefix, since scripts for pyradiomics' tables drop such
columns by it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ... import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ...io.csv_tables import csv_text
from ...io.files import write_text
from ..engines import ENGINES
from ..settings import FeatureSettings
from .cases import DIAGNOSTICS, EARLIER_TABLE, CaseList
from .extraction import Outcome

FAILURE = f"{DIAGNOSTICS}Error"


def case_table(listed: CaseList, outcomes: Sequence[Outcome], settings: FeatureSettings) -> str:
    """Write the table as CSV.

    Args:
        listed: The list that was read.
        outcomes: What came of its cases.
        settings: The settings of all.

    Returns:
        A header and a line for each case. A feature that is not defined is ``nan``; a case that failed has empty cells
        and its reason under ``diagnostics_Error``.
    """
    common = {
        f"{DIAGNOSTICS}Notice": NOT_FOR_CLINICAL_USE,
        EARLIER_TABLE: __version__,
        f"{DIAGNOSTICS}Versions_Engine": ENGINES[settings.engine].version(),
        f"{DIAGNOSTICS}Configuration_Settings": json.dumps(asdict(settings.with_usual_bins())),
    }
    rows: list[dict[str, str | float]] = []
    for outcome in outcomes:
        diagnostics = {f"{DIAGNOSTICS}{name}": value for name, value in outcome.diagnostics.items()}
        features = {key: float(value) for key, value in outcome.features.items()}
        rows.append({**outcome.case.cells, **common, FAILURE: outcome.error, **diagnostics, **features})
    # A column of an earlier table that came back in the list keeps its place and takes the new value.
    columns = list(dict.fromkeys((*listed.columns, *_columns(rows, outcomes))))
    lines = []
    for row in rows:
        lines.append([_cell(row, column) for column in columns])
    return csv_text(columns, lines)


def _cell(row: Mapping[str, str | float], column: str) -> str | float | None:
    value = row.get(column, "")
    return None if value == "" else value


def describe_table(outcomes: Sequence[Outcome], settings: FeatureSettings) -> dict[str, Any]:
    """Describe what all lines of the table share, and how many there are, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "engine_version": ENGINES[settings.engine].version(),
        "settings": settings.describe(),
        "cases": len(outcomes),
        "failed": sum(bool(outcome.error) for outcome in outcomes),
    }


def _columns(rows: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]) -> list[str]:
    """Every column of the rows: diagnostics first, whichever case knew them, then features."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    features = {key for outcome in outcomes for key in outcome.features}
    return [name for name in names if name not in features] + [name for name in names if name in features]


def save_case_table(
    path: str | os.PathLike[str], listed: CaseList, outcomes: Sequence[Outcome], settings: FeatureSettings
) -> None:
    """Write `case_table` to a file, whole or not at all."""
    write_text(path, case_table(listed, outcomes, settings))
