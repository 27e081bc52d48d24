"""Outcomes in columns of the manifest, one value a patient, and how well scores tell them apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import StudyError
from ..grid.types import IntArray
from ..stability import area_under_curve, area_under_curve_interval, clustered_bootstrap, concordance_index
from ..stability.bootstrap import FEWEST_FOR_BOOTSTRAP
from .cube import FloatArray
from .manifest import Case

Figures = tuple[float, float, float]
"""A value and both ends of its interval."""
FEWEST_PATIENTS = 3


@dataclass(frozen=True)
class Measure:
    """How well a score tells an outcome apart.

    Attributes:
        name: What tables call it.
        rows: Numbers of the patients whose outcome is known.
        events: How many of them have it.
        statistic: The measure from all patients' scores and the numbers of those that count, some repeated.
        interval: Its interval from scores and confidence, where there is a better one than drawing patients again.
    """

    name: str
    rows: IntArray
    events: int
    statistic: Callable[[FloatArray, IntArray], float]
    interval: Callable[[FloatArray, float], tuple[float, float]] | None = None

    def with_interval(self, scores: FloatArray, confidence: float) -> Figures:
        """Measure (patient,) scores."""
        if self.interval is not None:
            return self.statistic(scores, self.rows), *self.interval(scores, confidence)
        return self._drawn(lambda rows: self.statistic(scores, rows), confidence)

    def change_with_interval(self, first: FloatArray, second: FloatArray, confidence: float) -> Figures:
        """Subtract the measure of the first scores from that of the second, both of the same draws."""
        return self._drawn(lambda rows: self.statistic(second, rows) - self.statistic(first, rows), confidence)

    def _drawn(self, value: Callable[[IntArray], float], confidence: float) -> Figures:
        if self.rows.size < FEWEST_FOR_BOOTSTRAP:
            return value(self.rows), math.nan, math.nan
        interval = clustered_bootstrap(lambda drawn: value(self.rows[drawn]), self.rows, confidence=confidence)
        return value(self.rows), *interval


def outcome_measures(
    cases: Sequence[Case],
    patients: Sequence[str],
    outcome: str | None = None,
    time: str | None = None,
    event: str | None = None,
) -> list[Measure]:
    """List the measures that columns of the manifest allow.

    Args:
        cases: The manifest.
        patients: Whose scores are judged, in their order.
        outcome: Column with 0 and 1: area under the curve.
        time: Column with times to event or end of observation, with `event`: Harrell's index.
        event: Column with 1 where the event was seen, 0 else.

    Raises:
        StudyError: As `patient_values`, or fewer than three patients with an outcome.
    """
    measures = []
    if outcome:
        found = patient_values(cases, outcome, patients, binary=True)
        rows = _known(found, outcome)

        def area(scores: FloatArray, rows: IntArray) -> float:
            return area_under_curve(scores[rows], found[rows])

        def interval(scores: FloatArray, confidence: float) -> tuple[float, float]:
            return area_under_curve_interval(scores[rows], found[rows], confidence)

        measures.append(Measure(f"AUC for {outcome}", rows, int(found[rows].sum()), area, interval))
    if time and event:
        times, events = patient_values(cases, time, patients), patient_values(cases, event, patients, binary=True)
        rows = _known(times + events, f"{time} and {event}")

        def concordance(scores: FloatArray, rows: IntArray) -> float:
            return concordance_index(scores[rows], times[rows], events[rows])

        measures.append(Measure(f"C-index for {time}", rows, int(events[rows].sum()), concordance))
    return measures


def patient_values(cases: Sequence[Case], column: str, patients: Sequence[str], binary: bool = False) -> FloatArray:
    """Read a column of numbers by patient.

    Args:
        cases: The manifest.
        column: One of its columns of the user's own.
        patients: Whose values; each patient's lines must agree, empty cells apart.
        binary: Whether only 0 and 1 are allowed; else finite numbers of at least 0 (times).

    Returns:
        (patient,); NaN where all of a patient's cells are empty.

    Raises:
        StudyError: No such column, a cell that is not allowed, or a patient with several values.
    """
    known = list(dict.fromkeys(name for case in cases for name in case.covariates))
    if column not in known:
        raise StudyError(
            f"The manifest has no column '{column}'. Its columns of your own are: {', '.join(known) or 'none'}."
        )
    found: dict[str, float] = {}
    for case in cases:
        text = case.covariates.get(column, "")
        if not text:
            continue
        value = _value(text, case.name, column, binary)
        if found.setdefault(case.patient, value) != value:
            raise StudyError(
                f"The manifest's column {column} has {found[case.patient]:g} and {value:g} for the patient "
                f"{case.patient}. An outcome is the patient's: give the same in all of the patient's lines."
            )
    return np.array([found.get(patient, math.nan) for patient in patients])


def _value(text: str, case: str, column: str, binary: bool) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if value not in (0, 1) if binary else not (math.isfinite(value) and value >= 0):
        allowed = "0 and 1" if binary else "numbers of at least 0"
        raise StudyError(f"The manifest's column {column} of the case {case} is '{text}'; {allowed} are allowed.")
    return value


def _known(values: FloatArray, column: str) -> IntArray:
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < FEWEST_PATIENTS:
        raise StudyError(
            f"The column {column} is filled for {len(rows)} patients with a score; at least {FEWEST_PATIENTS} are "
            "needed."
        )
    return rows
