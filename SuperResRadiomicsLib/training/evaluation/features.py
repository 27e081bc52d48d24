"""How far the features of lesions are from the truth, and how far methods agree with it over patients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...radiomics import FeatureSettings, extract_features
from ...stability import concordance
from .cases import HeldOutCase

FEATURE_CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
ENGINE = "exact"
"""Gives the values of pyradiomics in less time."""
MIN_PATIENTS_FOR_CONCORDANCE = 3
BIN_WIDTH_HU, BIN_COUNT = 25.0, 32
"""Grey levels of CT, and of images without a unit."""
DECIMALS = 6
Features = dict[str, float]
Table = dict[str, Features]


def lesion_features(case: HeldOutCase, images: Mapping[str, npt.NDArray]) -> Table | None:
    """Extract features of the true lesion and of each method's; None where no mask of it is known.

    Args:
        case: The case.
        images: Each method's voxels [k, j, i] in the image's own unit.
    """
    volume = case.volume
    if volume.lesion is None or volume.entry.lesion_mask is None or not volume.lesion.any():
        return None
    settings = feature_settings(volume.image.modality)
    versions = {"truth": volume.image.voxels, **images}
    return {
        name: extract_features(volume.image.with_voxels(voxels), volume.lesion, settings, volume.through_plane)
        for name, voxels in versions.items()
    }


def feature_settings(modality: str) -> FeatureSettings:
    """Choose bins of one width for CT; a number of bins, slice by slice, where intensities have no unit."""
    if modality == "CT":
        return FeatureSettings(engine=ENGINE, classes=FEATURE_CLASSES, bin_width=BIN_WIDTH_HU)
    return FeatureSettings(engine=ENGINE, classes=FEATURE_CLASSES, bin_width=None, bin_count=BIN_COUNT, dimension="2D")


def feature_agreement(rows: Sequence[tuple[str, Table]], methods: Sequence[str]) -> dict[str, Any]:
    """Measure how far lesion features are from the truth: error and concordance over patients.

    The error of a feature is the mean over patients of |value - true value|, in units of
    the standard deviation of the true value between patients. Concordance is Lin's, with
    the range of its median when each patient is left out in turn.

    Args:
        rows: Patient and features of each lesion.
        methods: The methods to judge.

    Returns:
        The patients; with at least three of them also the figures by method and group of features, and
        under ``by_feature`` the spread of each feature's true values between patients, with the error
        (in these units) and the concordance of every method: what a verdict on a single lesion needs.
    """
    patients = sorted({patient for patient, _ in rows})
    if len(patients) < MIN_PATIENTS_FOR_CONCORDANCE:
        return {"patients": patients}
    keys = sorted(rows[0][1]["truth"])
    tables = {source: _patient_means(rows, patients, source, keys) for source in ("truth", *methods)}
    groups = {
        "firstorder": np.array(["_firstorder_" in key for key in keys]),
        "texture": np.array(["_firstorder_" not in key for key in keys]),
    }
    summary: dict[str, Any] = {"patients": patients}
    for method in methods:
        summary[method] = {
            group: _agreement(tables["truth"][:, chosen], tables[method][:, chosen]) for group, chosen in groups.items()
        }
    summary["by_feature"] = {}
    for number, key in enumerate(keys):
        values = {name: table[:, number] for name, table in tables.items()}
        summary["by_feature"][key] = _of_feature(values)
    return summary


def _patient_means(
    rows: Sequence[tuple[str, Table]], patients: Sequence[str], source: str, keys: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Average the features of one source over each patient's lesions: (patients, features)."""
    means = []
    for patient in patients:
        own = [features[source] for name, features in rows if name == patient]
        means.append([_mean(features[key] for features in own) for key in keys])
    return np.array(means)


def _of_feature(values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Summarise one feature: the spread of its true values, each method's error and concordance; NaN becomes None."""
    truth = values["truth"]
    spread = float(truth.std(ddof=1))
    found: dict[str, Any] = {"spread": _or_none(spread)}
    for method, column in values.items():
        if method != "truth":
            error = float(np.abs(column - truth).mean()) / spread if spread > 0 else float("nan")
            found[method] = {"error": _or_none(error), "concordance": _or_none(concordance(truth, column))}
    return found


def _or_none(value: float) -> float | None:
    return round(value, DECIMALS) if np.isfinite(value) else None


def _agreement(truth: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> dict[str, float]:
    varies = truth.std(axis=0) > 1e-12 * (1 + np.abs(truth).max(axis=0))
    known = varies & np.isfinite(truth).all(axis=0) & np.isfinite(values).all(axis=0)
    truth, values = truth[:, known], values[:, known]
    error = np.abs(values - truth).mean(axis=0) / truth.std(axis=0, ddof=1)
    left_out = [_median_concordance(np.delete(truth, p, 0), np.delete(values, p, 0)) for p in range(len(truth))]
    return {
        "features": int(known.sum()),
        "median_error": float(np.median(error)),
        "median_concordance": _median_concordance(truth, values),
        "lowest_concordance_leaving_one_out": min(left_out),
        "highest_concordance_leaving_one_out": max(left_out),
    }


def _median_concordance(truth: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> float:
    return float(np.nanmedian([concordance(truth[:, f], values[:, f]) for f in range(truth.shape[1])]))


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
