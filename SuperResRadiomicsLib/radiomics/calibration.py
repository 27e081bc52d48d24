"""Intervals of features over samples, widened so that they hold what they promise, where that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..models.card import Card
from ..models.intervals import Calibration, nearest, read_calibrations, widest
from .conditions import conditions_of
from .sampled import CALIBRATED, UNKNOWN_HERE, scaled_interval
from .table import FeatureRow, FeatureTable

CALIBRATED_TEXT = (
    "Intervals are calibrated: the raw ones (mean +/- 1.645 SD sqrt(1 + 1/K) K/(K - 1)) times a factor by class of "
    "features, or by feature where there were 20 patients or more, with which they held 90% of true values under these "
    "settings, at this blur and noise or around it ({sources}{largest}). For other kinds of lesions this is not known."
)
LARGEST = "; the largest factor is taken"
SOME_RAW = " Those of features that were not measured there are raw, and marked so."
UNKNOWN_TEXT = (
    "Intervals are raw, and how many true values they hold is unknown here: they were measured under other conditions "
    "({why})."
)


def calibrate_intervals(table: FeatureTable, card: Card | None) -> FeatureTable:
    """Widen or narrow the intervals of a table by the factors that the model's folder holds for its conditions.

    Args:
        table: Of a lesion whose model draws samples; other tables are given back.
        card: The model that drew them, where it is known; a card of other weights says nothing.

    Returns:
        The table with calibrated intervals; or with raw ones, and the reason why they are.
    """
    sampling = table.header.sampling
    if not sampling or sampling["interval_kind"] in (None, CALIBRATED) or not _drew(table, card):
        return table
    known = read_calibrations(card, "features")
    asked = conditions_of(table.header.to_dict()) | {"samples": sampling["samples"]}
    fitting, why = nearest(known, asked)
    if not known:
        return table
    if not fitting:
        return _told(table, {"interval_kind": UNKNOWN_HERE, "interval": UNKNOWN_TEXT.format(why=why)}, UNKNOWN_HERE)
    rows = [_calibrated(row, fitting) for row in table.rows]
    some_raw = any(row.interval and row.interval_kind != CALIBRATED for row in rows)
    said = {
        "interval_kind": CALIBRATED,
        "interval": _text(fitting) + (SOME_RAW if some_raw else ""),
        "calibrated_on": [{"lesions": each.lesions, "patients": each.patients} for each in fitting],
    }
    return replace(table, header=replace(table.header, sampling={**sampling, **said}), rows=rows)


def _drew(table: FeatureTable, card: Card | None) -> bool:
    """Whether a card is of the weights that drew a table's samples."""
    drawn_by = ((table.header.provenance or {}).get("model") or {}).get("sha256")
    return card is not None and card.sha256 == drawn_by


def _told(table: FeatureTable, said: Mapping[str, Any], kind: str) -> FeatureTable:
    rows = [row if row.interval is None else replace(row, interval_kind=kind) for row in table.rows]
    header = replace(table.header, sampling={**(table.header.sampling or {}), **said})
    return replace(table, header=header, rows=rows)


def _calibrated(row: FeatureRow, fitting: Sequence[Calibration]) -> FeatureRow:
    factor = widest(fitting, row.key)
    if row.interval is None or factor is None:
        return row
    return replace(row, interval=scaled_interval(row.enhanced, row.interval, factor), interval_kind=CALIBRATED)


def _text(fitting: Sequence[Calibration]) -> str:
    sources = "; ".join(dict.fromkeys(each.source for each in fitting))
    return CALIBRATED_TEXT.format(sources=sources, largest=LARGEST if len(fitting) > 1 else "")
