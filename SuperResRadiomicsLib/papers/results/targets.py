"""What was to be reached, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...training.evaluation.figures import DIRECTIONS
from ...training.evaluation.statistics import WILCOXON, compare_methods
from ...training.model_page import METHOD_NAMES, markdown_table
from .config import Target
from .stored import StoredResults, is_method

HEAD = ("what", "beside", "wanted", "measured", "p", "")


class Measured(NamedTuple):
    """A model beside a rival: the target's measure, and p of the one-sided test over patients where there is one."""

    value: float
    p: float | None


def target_table(targets: Iterable[Target], results: StoredResults, reasons: Mapping[str, str]) -> str:
    """Write a row for every target and rival.

    Args:
        targets: The targets.
        results: Evaluations.
        reasons: Why networks have no figures, by name.

    Raises:
        SettingsError: A network has neither figures nor a reason.
    """
    rows = [_row(target, rival, results, reasons) for target in targets for rival in target.beside]
    return "Targets, as means over patients:\n\n" + markdown_table(HEAD, rows)


def _row(target: Target, rival: str, results: StoredResults, reasons: Mapping[str, str]) -> tuple[str, ...]:
    asked = "" if target.p_below is None else f", p < {target.p_below:g}"
    wanted = f"{target.at_least:g}{asked}"
    names = [name for name in (target.model, rival) if not is_method(name)]
    absent = {name: reason for name in names if (reason := results.absence(name, reasons)) is not None}
    if absent:
        shown = METHOD_NAMES.get(rival, rival)
        return target.text, shown, wanted, "", "", "; ".join(f"`{n}` not run: {reason}" for n, reason in absent.items())
    value, p = measure(target, rival, results)
    shown = METHOD_NAMES[rival] if is_method(rival) else results.label(rival)
    return target.text, shown, wanted, f"{value:.3g}", "" if p is None else f"{p:.2g}", _verdict(target, value, p)


def measure(target: Target, rival: str, results: StoredResults) -> Measured:
    """Compare a target's model with one rival, on the slices that both have; without these there is no test."""
    model, where = target.model, (target.degradation, target.region, target.figure)
    method = is_method(rival)
    record = results.side_by_side(
        target.degradation, [rival] if method else [], model, [model] if method else [model, rival]
    )
    found = compare_methods(record, target.region, target.figure, model, [rival], WILCOXON).get(rival)
    if found is None:
        own = results.summary(model, *where)["mean"]
        other = (results.summary(model, *where, rival) if method else results.summary(rival, *where))["mean"]
    else:
        own, other = (record.summary(target.region, target.figure, name)["mean"] for name in (model, rival))
    gain = DIRECTIONS.get(target.figure, -1) * (own - other)
    return Measured(gain if target.measure == "gain" else 1 - own / other, None if found is None else found.patients.p)


def _verdict(target: Target, value: float, p: float | None) -> str:
    if value < target.at_least:
        return f"missed by {target.at_least - value:.3g}"
    if target.p_below is not None and p is None:
        return "open: no test, for want of patients or of figures of single slices"
    if target.p_below is not None and p is not None and p >= target.p_below:
        return f"missed: p is not below {target.p_below:g}"
    return "reached"
