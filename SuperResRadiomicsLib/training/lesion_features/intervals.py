"""Do 90% intervals of features hold the truth, raw and after conformal calibration?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...stability import clustered_bootstrap
from .agreement import DECIMALS, Cohort

Values = npt.NDArray[np.float64]
CONFIDENCE = 0.9
NORMAL_QUANTILE = 1.6448536269514722
"""A standard normal number lies within so much of 0 in 90% of cases."""
MIN_PATIENTS_FOR_A_FEATURE = 20
SMALLEST_SHARE = 1e-3
"""Least standard deviation over samples, in units of the spread between patients."""


def raw_half_width(samples: Values) -> Values:
    """Compute half the width of a 90% interval about the mean of samples, before calibration.

    1.645 SD sqrt(1 + 1/K) K/(K - 1): the truth is one more draw, the mean is uncertain itself, and few
    samples know their own spread badly.

    Args:
        samples: (samples, ...), at least two.
    """
    count = len(samples)
    spread = samples.std(axis=0, ddof=1)
    return np.asarray(NORMAL_QUANTILE * spread * np.sqrt(1 + 1 / count) * count / (count - 1))


def conformal_factor(scores: Values, patients: int) -> float:
    """Find what half widths are multiplied by so that they hold as many truths as asked for.

    The quantile at 0.9 (1 + 1/n) of |truth - mean| / half width over calibration patients (split
    conformal prediction, Lei et al. 2018, doi:10.1080/01621459.2017.1307116). Features of a patient depend on
    one another, so n is the number of patients.

    Args:
        scores: All scores of a class of features.
        patients: Of how many patients.
    """
    return float(np.quantile(scores, min(1.0, CONFIDENCE * (1 + 1 / patients))))


def coverage(cohort: Cohort, samples: Values) -> dict[str, Any]:
    """Measure the coverage of intervals by class of features, raw and calibrated on the other patients.

    Args:
        cohort: The truth of the patients.
        samples: (samples, patients, features) of the same patients.

    Returns:
        For each class and all together: coverage over patients and features with its limits of 95%
        when patients are drawn again, the lowest coverage of a patient, and the factor from all patients, which a
        card holds. With 20 patients or more also a factor for each feature.
    """
    use = cohort.usable & np.isfinite(samples).all(axis=(0, 1))
    scores = _scores(cohort, samples)
    result: dict[str, Any] = {"patients": len(cohort.truth), "samples": len(samples), "confidence": CONFIDENCE}
    calibrated = np.full(scores.shape, np.nan)
    classes = {}
    for name, members in cohort.classes().items():
        chosen = members & use
        if not chosen.any():
            continue
        own = scores[:, chosen]
        calibrated[:, chosen] = own / _factors_of_the_others(own)[:, None]
        classes[name] = {
            "features": int(chosen.sum()),
            "factor": round(conformal_factor(own.ravel(), len(own)), DECIMALS),
            "raw": _covered(own),
            "calibrated": _covered(calibrated[:, chosen]),
        }
    result["classes"] = classes
    result["all"] = {"raw": _covered(scores[:, use]), "calibrated": _covered(calibrated[:, use])}
    if len(cohort.truth) >= MIN_PATIENTS_FOR_A_FEATURE:
        result["factor_by_feature"] = {
            cohort.names[f]: round(conformal_factor(scores[:, f], len(scores)), DECIMALS) for f in np.flatnonzero(use)
        }
    return result


def _scores(cohort: Cohort, samples: Values) -> Values:
    """|truth - mean| in raw half widths, (patients, features)."""
    least = SMALLEST_SHARE * cohort.spread
    half = np.maximum(raw_half_width(samples), least)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(cohort.truth - samples.mean(axis=0)) / half)


def _factors_of_the_others(scores: Values) -> Values:
    """Each patient's factor, from all other patients."""
    count = len(scores)
    return np.array([conformal_factor(np.delete(scores, p, 0).ravel(), count - 1) for p in range(count)])


def _covered(scores: Values) -> dict[str, Any]:
    inside = scores <= 1
    by_patient = inside.mean(axis=1)
    low, high = clustered_bootstrap(lambda rows: float(by_patient[rows].mean()), np.arange(len(by_patient)))
    return {
        "coverage": round(float(inside.mean()), DECIMALS),
        "limits_95": [round(low, DECIMALS), round(high, DECIMALS)],
        "lowest_of_a_patient": round(float(by_patient.min()), DECIMALS),
    }
