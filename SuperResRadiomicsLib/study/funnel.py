"""Which lesions a study's results rest on: who was left out, where, and why, by size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from .cube import Cube
from .tables import Table

SIZES_MM3 = (1_000.0, 10_000.0)
SIZE_NAMES = ("below 1 cm³", "1 to 10 cm³", "10 cm³ and above")


def funnel_tables(whole: Cube, total: int, bad: Mapping[str, str]) -> list[Table]:
    """Count lesions from the manifest to the statistics, and the perturbations they survive.

    Args:
        whole: The features of all cases, retests among them.
        total: Cases in the manifest.
        bad: Why cases have no features.
    """
    first = whole.first_sessions()
    survivors, retests = int(first.survivors.sum()), len(whole.cases) - len(first.cases)
    rows: list[tuple[Any, ...]] = [("in the manifest", total, None, None)]
    rows += [("left out: cannot be measured", -count, None, reason) for reason, count in Counter(bad.values()).items()]
    waiting = total - len(whole.cases) - len(bad)
    if waiting:
        rows.append(("not computed yet", -waiting, None, "study run goes on"))
    rows += [("retests, used for repeatability alone", -retests, None, None)] if retests else []
    rows.append(("in the statistics", len(first.cases), len(set(first.patients)), None))
    if len(first.masks) > 1:
        lost = len(first.cases) - survivors
        reason = "a perturbation leaves nothing of them; they stay in all other tables" if lost else None
        rows.append(("of these, in the correlations between perturbations", survivors, None, reason))
    steps = Table(
        "funnel",
        "Which lesions the results rest on",
        "From the manifest to the statistics.",
        ("step", "lesions", "patients", "reason"),
        rows,
    )
    return [steps, *([_by_size(first)] if len(first.masks) > 1 else [])]


def _by_size(cube: Cube) -> Table:
    """Count the perturbations that lesions survive, by size."""
    known = np.asarray(np.isfinite(cube.values).any(axis=4))
    measured = np.asarray(np.all(known, axis=(1, 3)))[:, 1:]
    classes = np.digitize(cube.volume_mm3, SIZES_MM3)
    rows = []
    for number, name in enumerate(SIZE_NAMES):
        of_size = measured[classes == number]
        if len(of_size):
            share = float(of_size.mean())
            rows.append((name, len(of_size), int(of_size.all(axis=1).sum()), share))
    return Table(
        "survival_by_size",
        "Perturbations survived, by size of the lesion",
        "Small lesions are kept with the perturbations that leave something of them.",
        ("volume", "lesions", "survive all", "share of perturbations survived"),
        rows,
    )
