"""Intervals by drawing again what a cohort consists of: its patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError

FEWEST_FOR_BOOTSTRAP = 20
"""Of fewer patients drawing them again gives intervals that are too narrow: none is told."""


def clustered_bootstrap(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    patients: npt.ArrayLike,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the percentile interval of a statistic, drawing whole patients again, with all their lesions.

    Lesions of one patient are alike; drawing lesions would promise more than is known (Davison &
    Hinkley 1997, section 3.8).

    Args:
        statistic: Given indices of lesions (some repeated), the number of interest; NaN is left out.
        patients: The patient of each lesion.
        resamples: How often.
        confidence: Of the interval.
        seed: Of the draws; the same seed gives the same interval.

    Returns:
        Both ends; NaN where no resample had a number.

    Raises:
        SettingsError: Fewer than two patients.

    Examples:
        >>> scores = np.array([1.0, 2.0, 3.0, 4.0])
        >>> low, high = clustered_bootstrap(lambda rows: float(scores[rows].mean()), patients=["a", "a", "b", "c"])
        >>> low < 2.5 < high
        True
    """
    names, owner = np.unique(np.asarray(patients), return_inverse=True)
    if names.size < 2:
        raise SettingsError(f"Drawing patients again needs at least two of them; given is {names.size}.")
    lesions = [np.flatnonzero(owner == patient) for patient in range(names.size)]
    drawn = np.random.default_rng(seed).integers(names.size, size=(resamples, names.size))
    values = []
    for row in drawn:
        rows = [lesions[patient] for patient in row]
        values.append(statistic(np.concatenate(rows)))
    found = np.array(values)
    found = found[np.isfinite(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
