"""Features of samples: their mean, and an interval for the true value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from ..models.intervals import CONFIDENCE, raw_half_width_in_sd

NOT_OF_THE_MEAN_IMAGE = (
    "Enhanced features are means over {count} possible images (samples), not the features of the mean image that is "
    "shown."
)
CALIBRATED, RAW, UNKNOWN_HERE = "calibrated", "raw", "unknown here"
"""Kinds of intervals: held 90% of true values where this was measured; as the samples give them, never measured;
the same, measured only under other conditions."""
RAW_TEXT = (
    "Intervals are raw: mean +/- 1.645 SD sqrt(1 + 1/K) K/(K - 1) over the K samples, meant to hold 90% of true "
    "values; how many they hold was not measured for this model."
)
NO_INTERVALS = "There are no intervals: a single sample does not say how uncertain it is."


def describe_sampling(count: int) -> dict[str, Any]:
    """Describe features of so many samples, ready for JSON."""
    return {
        "samples": count,
        "note": NOT_OF_THE_MEAN_IMAGE.format(count=count),
        "interval_kind": RAW if count > 1 else None,
        "confidence": CONFIDENCE if count > 1 else None,
        "interval": RAW_TEXT if count > 1 else NO_INTERVALS,
    }


def mean_over_samples(values: Sequence[float]) -> float:
    """Take the mean of a feature over samples: the best estimate of its value on the true image.

    Args:
        values: Of each sample, at least one; NaN where the feature is not defined.

    Returns:
        The mean; NaN where it is not defined for every sample.

    Examples:
        >>> mean_over_samples([1.0, 2.0, 6.0])
        3.0
    """
    return values[0] if _same(values) else fmean(values)


def raw_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Estimate where the true value of a feature lies with 90% probability, before any calibration.

    mean +/- 1.645 SD sqrt(1 + 1/K) K/(K - 1): the truth is one more draw, the mean is uncertain itself, and few
    samples know their own spread badly.

    Args:
        values: Of each sample; NaN where the feature is not defined.

    Returns:
        Lowest and highest value, NaN where the mean is. None for a single sample, and where all give the same value
        (as for shape, since they share the mask): then they say nothing of its uncertainty.

    Examples:
        >>> low, high = raw_interval([1.0, 2.0, 3.0])
        >>> round(low, 2), round(high, 2)
        (-0.85, 4.85)
    """
    count = len(values)
    if _same(values):
        return None
    mean = mean_over_samples(values)
    if not math.isfinite(mean):
        return math.nan, math.nan
    half = raw_half_width_in_sd(count) * stdev(values, mean)
    return mean - half, mean + half


def scaled_interval(mean: float, interval: tuple[float, float], factor: float) -> tuple[float, float]:
    """Multiply the half width of an interval about a mean.

    Examples:
        >>> scaled_interval(2.0, (1.0, 3.0), 1.5)
        (0.5, 3.5)
    """
    low, high = interval
    return mean - factor * (mean - low), mean + factor * (high - mean)


def _same(values: Sequence[float]) -> bool:
    return all(value == values[0] for value in values) or len(values) == 1
