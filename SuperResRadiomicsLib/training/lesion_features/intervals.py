"""Do 90% intervals of features hold the truth, raw and after conformal calibration?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...grid import BoolArray, FloatArray, IntArray
from ...models.intervals import CONFIDENCE, raw_half_width_in_sd
from ...stability import clustered_bootstrap
from .agreement import DECIMALS, Cohort

Values = npt.NDArray[np.float64]
MIN_PATIENTS_FOR_A_FEATURE = 20
SMALLEST_SHARE = 1e-3
"""Least standard deviation over samples, in units of the spread between patients."""
FACTORS = np.geomspace(0.05, 20.0, 241)
"""Factors at which the coverage of voxels is counted: neighbours differ by 2.5%."""


def raw_half_width(samples: Values) -> Values:
    """Compute half the width of a 90% interval about the mean of samples, before calibration.

    Args:
        samples: (samples, ...), at least two.
    """
    return np.asarray(raw_half_width_in_sd(len(samples)) * samples.std(axis=0, ddof=1))


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
    scores, owners = _scores(cohort, samples), cohort.owners
    patients = int(owners.max()) + 1
    result: dict[str, Any] = {"patients": patients, "samples": len(samples), "confidence": CONFIDENCE}
    calibrated = np.full(scores.shape, np.nan)
    classes = {}
    for name, members in cohort.classes().items():
        chosen = members & use
        if not chosen.any():
            continue
        own = scores[:, chosen]
        calibrated[:, chosen] = own / _factors_of_the_others(own, owners)[:, None]
        classes[name] = {
            "features": int(chosen.sum()),
            "factor": round(conformal_factor(own.ravel(), patients), DECIMALS),
            "raw": _covered(own, owners),
            "calibrated": _covered(calibrated[:, chosen], owners),
        }
    result["classes"] = classes
    result["all"] = {"raw": _covered(scores[:, use], owners), "calibrated": _covered(calibrated[:, use], owners)}
    if patients >= MIN_PATIENTS_FOR_A_FEATURE:
        result["factor_by_feature"] = {
            cohort.names[f]: round(conformal_factor(scores[:, f], patients), DECIMALS) for f in np.flatnonzero(use)
        }
    return result


def _scores(cohort: Cohort, samples: Values) -> Values:
    """|truth - mean| in raw half widths, (patients, features)."""
    least = SMALLEST_SHARE * cohort.spread
    half = np.maximum(raw_half_width(samples), least)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(cohort.truth - samples.mean(axis=0)) / half)


def _factors_of_the_others(scores: Values, owners: IntArray) -> Values:
    """Each lesion's factor, from the lesions of all other patients."""
    others = int(owners.max())
    by_patient = [conformal_factor(scores[owners != p].ravel(), others) for p in range(others + 1)]
    return np.array(by_patient)[owners]


def _covered(scores: Values, owners: IntArray) -> dict[str, Any]:
    return _over_patients((scores <= 1).mean(axis=1), owners)


def _over_patients(by_lesion: Values, owners: IntArray) -> dict[str, Any]:
    low, high = clustered_bootstrap(lambda rows: float(by_lesion[rows].mean()), owners)
    lowest = min(float(by_lesion[owners == p].mean()) for p in range(int(owners.max()) + 1))
    return {
        "coverage": round(float(by_lesion.mean()), DECIMALS),
        "limits_95": [round(low, DECIMALS), round(high, DECIMALS)],
        "lowest_of_a_patient": round(lowest, DECIMALS),
    }


def voxel_coverage(truth: FloatArray, samples: Sequence[FloatArray], mask: BoolArray) -> Values:
    """Count how many voxels of a lesion the raw interval holds when it is multiplied by each of `FACTORS`.

    Args:
        truth: (slice, height, width).
        samples: At least two like it.
        mask: Like it; the lesion, not empty.

    Returns:
        Shares from 0 to 1, one a factor, rising.
    """
    drawn = np.stack([sample[mask] for sample in samples]).astype(np.float64)
    error = np.abs(truth[mask] - drawn.mean(axis=0))
    half = raw_half_width(drawn)
    return np.array([np.mean(error <= factor * half) for factor in FACTORS])


def image_coverage(curves: Values, owners: IntArray) -> dict[str, Any]:
    """Measure how many voxels of lesions 90% intervals hold, raw and calibrated on the other patients.

    Args:
        curves: (lesions, factors), as from `voxel_coverage`.
        owners: Number of each lesion's patient, from 0; at least two patients.

    Returns:
        As of a class in `coverage`; ``factor`` is None where even the largest is too small.
    """
    patients = int(owners.max()) + 1
    raw = curves[:, int(np.argmin(np.abs(FACTORS - 1.0)))]
    of_others = [_smallest_factor(curves[owners != p], patients - 1) for p in range(patients)]
    held = np.array([_held(curve, of_others[owner]) for curve, owner in zip(curves, owners, strict=True)])
    factor = _smallest_factor(curves, patients)
    return {
        "patients": patients,
        "factor": None if factor is None else round(float(FACTORS[factor]), DECIMALS),
        "raw": _over_patients(raw, owners),
        "calibrated": _over_patients(held, owners),
    }


def _smallest_factor(curves: Values, patients: int) -> int | None:
    """Find the number of the least factor with which intervals hold what is asked for, over lesions."""
    enough = np.flatnonzero(curves.mean(axis=0) >= min(1.0, CONFIDENCE * (1 + 1 / patients)))
    return int(enough[0]) if enough.size else None


def _held(curve: Values, factor: int | None) -> float:
    return float(curve[-1 if factor is None else factor])
