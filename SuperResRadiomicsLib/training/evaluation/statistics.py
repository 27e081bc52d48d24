"""Whether a method differs from others: each paper's test, at the levels of slices and of patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...stability import Comparison, mann_whitney_between, paired_t, wilcoxon_signed_rank
from .figures import DIRECTIONS
from .record import Record

MANN_WHITNEY, PAIRED_T, WILCOXON = "mann-whitney", "paired-t", "wilcoxon"
TESTS = (MANN_WHITNEY, PAIRED_T, WILCOXON)
"""De Farias 2021 (adjusted after Benjamini and Hochberg), Moummad 2022, and Athreya 2024 (one-sided: better)."""
FEWEST_PATIENTS = 2


def compare_methods(
    record: Record, region: str, figure: str, method: str, others: Sequence[str], test: str
) -> dict[str, Comparison]:
    """Test a method against others, by one of `TESTS`; others without this figure are left out.

    Mann-Whitney is adjusted for all pairs of all methods given, as in the paper.
    """
    if test == MANN_WHITNEY:
        values, patients = record.columns(region, figure, (method, *others))
        if method not in values or len(values) < 2 or len(set(patients)) < FEWEST_PATIENTS:
            return {}
        found = mann_whitney_between(values, patients)
        return {other: found[method, other] for other in others if other in values}
    return {other: result for other in others if (result := _pair(record, region, figure, method, other, test))}


def _pair(record: Record, region: str, figure: str, method: str, other: str, test: str) -> Comparison | None:
    values, patients = record.columns(region, figure, (method, other))
    if len(values) < 2 or len(set(patients)) < FEWEST_PATIENTS:
        return None
    if test == PAIRED_T:
        return paired_t(values[method], values[other], patients)
    alternative = "greater" if DIRECTIONS.get(figure, -1) > 0 else "less"
    return wilcoxon_signed_rank(values[method], values[other], patients, alternative)  # type: ignore[arg-type]


def comparisons(record: Record, region: str, method: str, other: str) -> dict[str, dict[str, Any]]:
    """Do all tests of a method against another, by figure and test, ready for JSON."""
    result: dict[str, dict[str, Any]] = {}
    for figure in record.figures(region):
        if DIRECTIONS.get(figure, -1) == 0:
            continue
        tests = {test: compare_methods(record, region, figure, method, [other], test).get(other) for test in TESTS}
        found = {test: asdict(comparison) for test, comparison in tests.items() if comparison is not None}
        if found:
            result[figure] = found
    return result
