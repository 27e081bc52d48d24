"""Control of the false discovery rate over features (Benjamini & Hochberg 1995)."""

from __future__ import annotations

import numpy as np

from ..grid.types import FloatArray


def false_discovery_levels(p: FloatArray, rates: FloatArray) -> FloatArray:
    """Find the level at which each of several questions is decided, so that the false discovery rate is held.

    What has a p-value at or below its level is a finding. Limits at that level leave out what was asked about just
    where there is a finding (Benjamini & Yekutieli 2005, doi:10.1198/016214504000001907).

    Args:
        p: P-values, (questions,); NaN where nothing is asked.
        rates: The share of wrong findings that is allowed, of each question; one ladder serves all.

    Returns:
        (questions,) levels.

    Examples:
        >>> false_discovery_levels(np.array([0.001, 0.02, 0.6, np.nan]), np.full(4, 0.05)).round(4)
        array([0.0333, 0.0333, 0.0333, 0.0333])
    """
    asked = np.flatnonzero(np.isfinite(p))
    if not asked.size:
        return rates.copy()
    relative = np.sort(p[asked] / rates[asked])
    steps = np.arange(1, asked.size + 1) / asked.size
    passed = np.flatnonzero(relative <= steps)
    return np.asarray(rates * (steps[passed[-1]] if passed.size else steps[0]))
