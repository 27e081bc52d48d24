"""Limits of an intraclass correlation where patients have several lesions, or values are skewed.

The variance components are drawn (`fiducial`): of lesions, of which those of one patient are alike, of raters and of
the error, which is taken to be independent from lesion to lesion. Where all values are positive, as many draws as that
is likely are of lognormal values, whose correlation follows from the components of their logarithms.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ..grid.types import FloatArray
from .false_discovery import false_discovery_levels
from .fiducial import (
    DRAWS,
    FEWEST_FOR_INTERVAL,
    LARGEST_EXPONENT,
    LARGEST_SPREAD_OF_LOGARITHMS,
    Clusters,
    draw_scaled,
    draw_variance,
    lognormal_chance,
    quantile_limits,
)

Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)"]

ERROR_STREAM, RATER_STREAM = 10, 11


def intraclass_limits(
    table: FloatArray, form: Form, confidence: float, patients: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Compute both limits of the intraclass correlation of a lesion of a random patient.

    Args:
        table: (lesions, raters) or (lesions, raters, features), finite.
        form: Which correlation.
        confidence: Of the interval.
        patients: The patient of each lesion.

    Returns:
        Arrays (features,) or (); NaN with fewer than `FEWEST_FOR_INTERVAL` patients, and for values so skewed that no
        interval holds what it promises.

    Raises:
        SettingsError: Not one patient a lesion.
    """
    found = [
        (np.nan, np.nan) if drawn is None else quantile_limits(drawn, confidence)
        for drawn in _draws_by_feature(table, form, patients)
    ]
    ends = np.array(found, dtype=np.float64).reshape(-1, 2)
    return ends[:, 0].reshape(table.shape[2:]), ends[:, 1].reshape(table.shape[2:])


def decide_above(
    table: FloatArray, form: Form, threshold: float, patients: npt.ArrayLike, rate: float = 0.05
) -> list[bool | None]:
    """Decide of which features the intraclass correlation is above a threshold, and of which it is below.

    Args:
        table: (lesions, raters, features), finite.
        form: Which correlation.
        threshold: The value asked about.
        patients: The patient of each lesion.
        rate: The false discovery rate over the features, of either decision.

    Returns:
        By feature: yes, no, or None where it is not decided.

    Raises:
        SettingsError: Not one patient a lesion.
    """
    draws = _draws_by_feature(table, form, patients)
    below = np.array([np.nan if drawn is None else np.mean(drawn < threshold) for drawn in draws])
    above = np.array([np.nan if drawn is None else np.mean(drawn >= threshold) for drawn in draws])
    rates = np.full(len(draws), rate)
    yes, no = below <= false_discovery_levels(below, rates), above <= false_discovery_levels(above, rates)
    return [True if high else False if low else None for high, low in zip(yes, no, strict=True)]


def _draws_by_feature(table: FloatArray, form: Form, patients: npt.ArrayLike) -> list[FloatArray | None]:
    """Correlations that may lie behind each feature's values; nothing where no interval would hold."""
    clusters = Clusters.of(table.shape[0], patients)
    columns = table.reshape(*table.shape[:2], -1)
    return [_draws(columns[:, :, feature], form, clusters) for feature in range(columns.shape[2])]


def _draws(values: FloatArray, form: Form, clusters: Clusters) -> FloatArray | None:
    if clusters.patients < FEWEST_FOR_INTERVAL or np.ptp(values) == 0:
        return None
    if (np.ptp(values, axis=1) == 0).all():
        return np.ones(DRAWS)
    of_logarithms = round(DRAWS * lognormal_chance(list(values.T)))
    found = [_correlations(*_components(values, form, clusters))[of_logarithms:]]
    if of_logarithms:
        logarithms = np.log(values)
        if logarithms.std() > LARGEST_SPREAD_OF_LOGARITHMS:
            return None
        drawn = _components(logarithms, form, clusters)
        lesions, rest = (np.minimum(variances, LARGEST_EXPONENT) for variances in drawn)
        found.append(_correlations(np.expm1(lesions), np.expm1(lesions + rest) - np.expm1(lesions))[:of_logarithms])
    return np.concatenate(found)


def _components(values: FloatArray, form: Form, clusters: Clusters) -> tuple[FloatArray, FloatArray]:
    """Draw the variance between lesions, and what is added to it between measurements of one lesion."""
    n, k = values.shape
    means = values.mean(axis=1)
    residual = values - means[:, None]
    freedom = n * (k - 1)
    if form != "ICC(1,1)":
        residual = residual - values.mean(axis=0) + values.mean()
        freedom = (n - 1) * (k - 1)
    error = draw_scaled(float(np.square(residual).sum()), freedom, ERROR_STREAM)
    lesions = np.maximum(draw_variance(means, clusters)[0] - error / k, 0.0)
    if form != "ICC(2,1)":
        return lesions, error
    raters = draw_scaled(n * float(np.square(values.mean(axis=0) - values.mean()).sum()), k - 1, RATER_STREAM)
    return lesions, error + np.maximum((raters - error) / n, 0.0)


def _correlations(lesions: FloatArray, rest: FloatArray) -> FloatArray:
    total = lesions + rest
    return np.divide(lesions, total, out=np.zeros_like(total), where=total > 0)
