"""Change over time: a lesion's features at several dates, beside the least change that can be told from none.

Two columns of the manifest say which lines show one lesion, and when: ``lesion`` and ``time`` (a number, such as days).
A difference of two measurements is a change only beyond what another outline, another place of the voxel grid and
noise would give: the minimal detectable change, 1.96 sqrt(2) SEM (Weir 2005, doi:10.1519/15184.1), with the standard
error of measurement SEM from the study's perturbations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import StudyError
from .cube import Cube, FloatArray
from .estimates import stack_masks
from .manifest import Case
from .tables import Table, cell

LESION_COLUMN, TIME_COLUMN = "lesion", "time"
DETECTABLE = 1.96 * math.sqrt(2)
FEWEST_LESIONS = 3


@dataclass(frozen=True)
class FollowUp:
    """One lesion's lines in the order of time.

    Attributes:
        lesion: Its patient and name.
        rows: Numbers of its cases in the cube, the first date first.
        times: When they were imaged.
    """

    lesion: tuple[str, str]
    rows: tuple[int, ...]
    times: tuple[float, ...]


def follow_ups(cube: Cube, cases: Sequence[Case]) -> list[FollowUp]:
    """Find the lesions that were imaged at several times.

    Raises:
        StudyError: A time is no number, or a lesion has two lines of one time.
    """
    known = {case.name: case for case in cases}
    found: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for row, name in enumerate(cube.cases):
        covariates = known[name].covariates if name in known else {}
        lesion, time = covariates.get(LESION_COLUMN, ""), covariates.get(TIME_COLUMN, "")
        if lesion and time:
            found.setdefault((known[name].patient, lesion), []).append((_time(time, name), row))
    several = []
    for owner, dates in found.items():
        dates.sort()
        times = tuple(time for time, _ in dates)
        if len(set(times)) < len(times):
            raise StudyError(
                f"The lesion '{owner[1]}' of the patient '{owner[0]}' has two lines of one time. Give each date one "
                "line; a repeated scan of one date belongs into the column retest_of."
            )
        if len(times) > 1:
            several.append(FollowUp(owner, tuple(row for _, row in dates), times))
    return several


def detectable_change(cube: Cube, version: str, binning: str) -> FloatArray:
    """Compute the minimal detectable change of each feature of a version.

    Returns:
        (feature,) in the feature's unit: 1.96 sqrt(2) times the root mean variance within lesions under perturbation;
        NaN without perturbations, with fewer than three lesions that survive them, or where a feature is not defined.
    """
    if len(cube.masks) < 2 or cube.survivors.sum() < FEWEST_LESIONS:
        return np.full(len(cube.features), np.nan)
    within = stack_masks(cube, version, binning).var(axis=1, ddof=1)
    return np.asarray(DETECTABLE * np.sqrt(within.mean(axis=0)))


def delta_tables(cube: Cube, cases: Sequence[Case], binning: str) -> list[Table]:
    """Tell the change of every feature since the first date; nothing where no lesion has several dates."""
    followed = follow_ups(cube, cases)
    if not followed:
        return []
    rows = []
    for version in cube.versions:
        values, least = cube.of(version, binning=binning), detectable_change(cube, version, binning)
        for follow_up in followed:
            first = follow_up.rows[0]
            for row, time in zip(follow_up.rows[1:], follow_up.times[1:], strict=True):
                for f, key in enumerate(cube.features):
                    change = float(values[row, f] - values[first, f])
                    told = (*follow_up.lesion, cube.cases[row], time - follow_up.times[0], version, key)
                    rows.append((*told, cell(values[first, f]), cell(change), cell(least[f]), _word(change, least[f])))
    columns = ("patient", "lesion", "case", "time since first", "version", "feature")
    return [
        Table(
            "delta",
            "Change over time",
            f"Since each lesion's first date, in the feature's own unit; {binning}. The detectable change is 1.96 "
            "sqrt(2) times the standard error of measurement under the study's perturbations: another scan of the same "
            "day may differ by more. Tables of agreement count every date as a lesion of its patient.",
            (*columns, "first value", "change", "detectable change", "word"),
            rows,
        )
    ]


def _word(change: float, least: float) -> str:
    if not (math.isfinite(change) and math.isfinite(least)):
        return "unknown"
    return "changed" if abs(change) > least else "undecided"


def _time(text: str, case: str) -> float:
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if not math.isfinite(time):
        raise StudyError(
            f"The manifest's column {TIME_COLUMN} of the case {case} is '{text}'; give a number, such as days."
        )
    return time
