"""How well a score tells outcomes apart: area under the curve, and Harrell's concordance index.

Both are shares of pairs that the score puts in the right order, ties for a half. Higher scores are
taken for the outcome 1, and for the earlier event; a score that runs the other way gives values
below 0.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from ..errors import SettingsError
from ..grid.types import BoolArray, FloatArray

FEWEST_OF_EITHER_OUTCOME = 2
"""Subjects below which an area has no interval."""


def area_under_curve(scores: npt.ArrayLike, outcomes: npt.ArrayLike) -> float:
    """Compute the area under the ROC curve, from the Mann-Whitney statistic.

    The share of pairs (one with the outcome, one without) in which the one with it has the higher
    score: (R - n1 (n1 + 1) / 2) / (n1 n0), R the sum of mid-ranks of the n1 with the outcome
    (Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747).

    Args:
        scores: (subjects,) finite.
        outcomes: (subjects,) 0 or 1.

    Returns:
        In [0, 1]; NaN where all outcomes are the same.

    Raises:
        SettingsError: Rows of different lengths, scores that are not finite, or outcomes other than 0 and 1.

    Examples:
        >>> area_under_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        0.75
    """
    score, outcome = _scores(scores), _binary(outcomes, "outcomes")
    _check_lengths(score, outcome)
    with_outcome = int(outcome.sum())
    without = outcome.size - with_outcome
    if not with_outcome or not without:
        return float("nan")
    ranks = float(stats.rankdata(score)[outcome].sum())
    return (ranks - with_outcome * (with_outcome + 1) / 2) / (with_outcome * without)


def area_under_curve_interval(
    scores: npt.ArrayLike, outcomes: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float]:
    """Confidence interval of `area_under_curve`, by the method 5 of Newcombe 2006 (doi:10.1002/sim.2324).

    The areas that are at most z standard errors from the one found, with the standard error of Hanley & McNeil at each
    of them, and both groups' mean size in its two inner terms. It holds for few subjects and for areas near 1, where
    drawing subjects again does not.

    Args:
        scores: As in `area_under_curve`; one value a patient.
        outcomes: Likewise.
        confidence: Of the interval.

    Returns:
        Both ends, within [0, 1]; NaN with fewer than two subjects of either outcome.

    Raises:
        SettingsError: As `area_under_curve`.

    Examples:
        >>> low, high = area_under_curve_interval([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 1, 0, 1, 1, 1])
        >>> round(low, 2), round(high, 2)
        (0.51, 0.99)
    """
    found = area_under_curve(scores, outcomes)
    outcome = _binary(outcomes, "outcomes")
    counts = int(outcome.sum()), int((~outcome).sum())
    if min(counts) < FEWEST_OF_EITHER_OUTCOME:
        return float("nan"), float("nan")
    z, inner = float(stats.norm.ppf((1 + confidence) / 2)), sum(counts) / 2 - 1

    def distance(area: float) -> float:
        terms = 1 + inner * (1 - area) / (2 - area) + inner * area / (1 + area)
        return (area - found) ** 2 - z**2 * area * (1 - area) * terms / (counts[0] * counts[1])

    edge = 1e-12
    low = 0.0 if found <= edge else float(optimize.brentq(distance, edge, min(found, 1 - edge)))
    high = 1.0 if found >= 1 - edge else float(optimize.brentq(distance, max(found, edge), 1 - edge))
    return low, high


def concordance_index(scores: npt.ArrayLike, times: npt.ArrayLike, events: npt.ArrayLike) -> float:
    """Compute Harrell's C: the share of usable pairs in which the higher score has the earlier event.

    A pair is usable where the shorter time ended in an event, or where both times are equal and one
    of them only ended in an event, which then came first. Equal scores count for a half (Harrell,
    Lee & Mark 1996, section 5.5, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4).
    It depends on the censoring where that is heavy (Uno et al. 2011, doi:10.1002/sim.4154).

    Args:
        scores: (subjects,) finite; higher for higher risk.
        times: (subjects,) time to event or end of observation, at least 0.
        events: (subjects,) 1 where the event was seen, 0 where observation ended before it.

    Returns:
        In [0, 1]; NaN without a usable pair.

    Raises:
        SettingsError: Rows of different lengths, values that are not finite, negative times, or events other than
            0 and 1.

    Examples:
        >>> concordance_index([3.0, 2.0, 1.0], times=[1.0, 2.0, 3.0], events=[1, 1, 0])
        1.0
    """
    score, time, event = _scores(scores), np.asarray(times, dtype=np.float64), _binary(events, "events")
    _check_lengths(score, time, event)
    if not (np.isfinite(time) & (time >= 0)).all():
        raise SettingsError("Times must be finite and at least 0. Leave subjects without a time out.")
    first, second = time[:, None], time[None, :]
    usable = event[:, None] & ((first < second) | ((first == second) & ~event[None, :]))
    if not usable.any():
        return float("nan")
    return float(np.mean((1 + np.sign(score[:, None] - score[None, :])[usable]) / 2))


def _scores(values: npt.ArrayLike) -> FloatArray:
    score = np.asarray(values, dtype=np.float64)
    if score.ndim != 1 or not np.isfinite(score).all():
        raise SettingsError(
            f"Scores must be one row of finite numbers; given is an array of shape {score.shape}"
            f"{'' if np.isfinite(score).all() else ' with NaN or infinity'}. Leave subjects without a score out."
        )
    return score


def _binary(values: npt.ArrayLike, what: str) -> BoolArray:
    given = np.asarray(values, dtype=np.float64)
    other = np.unique(given[(given != 0) & (given != 1)])
    if other.size:
        raise SettingsError(f"The {what} hold {', '.join(f'{v:g}' for v in other[:5])}; 0 and 1 are allowed.")
    return given == 1


def _check_lengths(*rows: npt.NDArray[np.generic]) -> None:
    if len({row.shape for row in rows}) > 1:
        raise SettingsError(
            f"The rows have the shapes {', '.join(str(row.shape) for row in rows)}; give equal lengths."
        )
