"""The table of many cases, in the layout of pyradiomics' command.

A line for each case: the columns of the list as they were, columns whose names begin with ``diagnostics_``, then the
features. All that is neither input nor feature bears that prefix, since scripts for pyradiomics' tables drop such
columns by it.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict

from ... import NOT_FOR_CLINICAL_USE, __version__
from ...io.files import write_text
from ..engines import ENGINES
from ..settings import FeatureSettings
from .cases import CaseList
from .extraction import Outcome

PREFIX = "diagnostics_"
FAILURE = f"{PREFIX}Error"


def case_table(listed: CaseList, outcomes: Sequence[Outcome], settings: FeatureSettings) -> str:
    """The table as CSV.

    Args:
        listed: The list that was read.
        outcomes: What came of its cases.
        settings: The settings of all.

    Returns:
        A header and a line for each case. A feature that is not defined is ``nan``; a case that failed has empty cells
        and its reason under ``diagnostics_Error``.
    """
    common = {
        f"{PREFIX}Notice": NOT_FOR_CLINICAL_USE,
        f"{PREFIX}Versions_SuperResRadiomics": __version__,
        f"{PREFIX}Versions_Engine": ENGINES[settings.engine].version(),
        f"{PREFIX}Configuration_Settings": json.dumps(asdict(settings)),
    }
    rows = [
        dict(outcome.case.cells)
        | common
        | {FAILURE: outcome.error}
        | {f"{PREFIX}{name}": value for name, value in outcome.diagnostics.items()}
        | {key: repr(float(value)) for key, value in outcome.features.items()}
        for outcome in outcomes
    ]
    # A column of an earlier table that came back in the list keeps its place and takes the new value.
    columns = list(dict.fromkeys((*listed.columns, *_columns(rows, outcomes))))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _columns(rows: Sequence[dict[str, str]], outcomes: Sequence[Outcome]) -> list[str]:
    """Every column of the rows: diagnostics first, whichever case knew them, then features."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    features = {key for outcome in outcomes for key in outcome.features}
    return [name for name in names if name not in features] + [name for name in names if name in features]


def save_case_table(
    path: str | os.PathLike[str], listed: CaseList, outcomes: Sequence[Outcome], settings: FeatureSettings
) -> None:
    """Write `case_table` to a file, whole or not at all."""
    write_text(path, case_table(listed, outcomes, settings))
