"""Features by class, and what is typical of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from ..radiomics import FeatureRow


def by_class(rows: Sequence[FeatureRow]) -> list[tuple[str, list[FeatureRow]]]:
    """Group the rows by class, in the table's order."""
    return [(name, list(members)) for name, members in groupby(rows, key=lambda row: row.group)]


def typical_effects(rows: Sequence[FeatureRow]) -> tuple[float, float]:
    """Take the median size of the two relative changes; one feature near zero does not rule it."""
    voxel = [abs(row.voxel_effect_relative) for row in rows]
    network = [abs(row.network_effect_relative) for row in rows]
    return _finite_median(voxel), _finite_median(network)


def _finite_median(values: list[float]) -> float:
    return median([value for value in values if math.isfinite(value)] or [math.nan])
