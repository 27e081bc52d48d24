"""What the cohort's features say in numbers: correlations, agreement, changes.

A feature that is not defined in every lesion has NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..radiomics.plan import COMPANION_CLASSES
from ..stability import (
    BinChoice,
    choose_bin_count,
    concordance,
    concordance_interval,
    decide_above,
    intraclass_correlation,
)
from ..verdict.verdict import STABLE_CORRELATION
from .cube import Cube, FloatArray

if TYPE_CHECKING:
    from .protocol import Protocol

FEWEST_FOR_TESTS = 6
"""Patients below which no p-value is given."""


def choose_bins(cube: Cube, protocol: Protocol) -> BinChoice | None:
    """Choose the number of bins as P1 did, where the protocol leaves it to the data and these allow it."""
    counts = [int(value) for kind, value in protocol.binnings.values() if kind == "count"]
    if protocol.chosen_binning or len(counts) < 2 or len(cube.masks) < 2 or cube.survivors.sum() < 3:
        return None
    of_texture = texture(cube)
    tables = {count: stack_masks(cube, protocol.base, f"{count} bins")[:, :, of_texture] for count in counts}
    defined = np.isfinite(np.concatenate([table.reshape(-1, table.shape[2]) for table in tables.values()])).all(axis=0)
    kept = {count: table[:, :, defined] for count, table in tables.items()}
    return choose_bin_count(kept, protocol.statistics.excellent) if defined.any() else None


def texture(cube: Cube) -> np.ndarray:
    """Mark which features are texture: bool (feature,)."""
    others = ("shape", "firstorder", *COMPANION_CLASSES)
    return np.array([not any(f"_{name}_" in key for name in others) for key in cube.features])


def stack_masks(cube: Cube, version: str, binning: str) -> FloatArray:
    """Stack the values (case, mask, feature) of a version, of the lesions that survive every perturbation."""
    return np.stack([cube.of(version, mask, binning)[cube.survivors] for mask in cube.masks], axis=1)


def feature_correlation(
    table: FloatArray, form: Any, confidence: float, patients: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute value and limits for (case, rater, feature); NaN for features that are not always defined or constant.

    With the patient of each case the limits are those of `intraclass_limits`.
    """
    shape = table.shape[2]
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    kept = np.isfinite(table).all(axis=(0, 1)) & (np.ptp(table, axis=(0, 1)) > 0)
    if kept.any():
        found = intraclass_correlation(table[:, :, kept], form, confidence, patients)
        value[kept], low[kept], high[kept] = found.value, found.low, found.high
    return value, low, high


@dataclass(frozen=True)
class MaskCorrelation:
    """How far a version's features agree between the perturbations.

    Attributes:
        value: ICC(2,1) of every feature; NaN where it is not defined.
        low: Its lower limit; NaN where there is none.
        high: Its upper limit, likewise.
        stable: Whether the correlation is at least `STABLE_CORRELATION`, corrected over the features; None where that
            is not decided.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    stable: tuple[bool | None, ...]


def mask_correlations(cube: Cube, protocol: Protocol, binning: str) -> dict[str, MaskCorrelation]:
    """Compute the agreement between the perturbations, by version."""
    if len(cube.masks) < 2 or cube.survivors.sum() < 3:
        return {}
    patients = np.array(cube.patients)[cube.survivors]
    found = {}
    for version in cube.versions:
        table = stack_masks(cube, version, binning)
        estimates = feature_correlation(table, "ICC(2,1)", protocol.statistics.confidence, patients)
        stable: list[bool | None] = [None] * table.shape[2]
        kept = np.flatnonzero(np.isfinite(estimates[1]))
        decided = decide_above(table[:, :, kept], "ICC(2,1)", STABLE_CORRELATION, patients)
        for feature, holds in zip(kept, decided, strict=True):
            stable[feature] = holds
        found[version] = MaskCorrelation(*estimates, tuple(stable))
    return found


def agreement(cube: Cube, base: str, version: str, binning: str) -> FloatArray:
    """Compute the concordance of each feature with the base version; NaN where not always defined."""
    reference, other = cube.of(base, binning=binning), cube.of(version, binning=binning)
    found = np.full(len(cube.features), np.nan)
    for f in np.flatnonzero((np.isfinite(reference) & np.isfinite(other)).all(axis=0)):
        found[f] = concordance(reference[:, f], other[:, f])
    return found


def agreement_limits(cube: Cube, protocol: Protocol, version: str, binning: str) -> FloatArray:
    """Both limits (2, feature) of each feature's concordance with the base version; NaN where there are none."""
    reference, other = cube.of(protocol.base, binning=binning), cube.of(version, binning=binning)
    found = np.full((2, len(cube.features)), np.nan)
    for f in np.flatnonzero((np.isfinite(reference) & np.isfinite(other)).all(axis=0)):
        found[:, f] = concordance_interval(reference[:, f], other[:, f], protocol.statistics.confidence, cube.patients)
    return found


def changes(cube: Cube, base: str, version: str, binning: str) -> tuple[FloatArray, FloatArray]:
    """Compute the median change over lesions, and p of the patients' paired t-test, adjusted over the features."""
    reference, other = cube.of(base, binning=binning), cube.of(version, binning=binning)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (other - reference) / np.abs(reference)
    defined = np.isfinite(relative).all(axis=0)
    change, p = (np.full(len(cube.features), np.nan) for _ in range(2))
    change[defined] = np.median(relative[:, defined], axis=0)
    difference = cube.patient_means(other - reference)
    tested = np.isfinite(difference).all(axis=0) & (np.ptp(difference, axis=0) > 0)
    if len(difference) >= FEWEST_FOR_TESTS and tested.any():
        p[tested] = stats.false_discovery_control(stats.ttest_1samp(difference[:, tested], 0.0).pvalue)
    return change, p


def consistency_over_bins(cube: Cube, protocol: Protocol, version: str) -> FloatArray:
    """Compute ICC(3,1) over all binnings of every feature of a version, the mask as it is; NaN where not defined."""
    table = cube.values[:, cube.versions.index(version), 0]
    return feature_correlation(table, "ICC(3,1)", protocol.statistics.confidence)[0]


def robust_over_bins(cube: Cube, protocol: Protocol) -> np.ndarray:
    """Mark features consistent over the binnings (excellent in some version): bool (feature,)."""
    tables = [consistency_over_bins(cube, protocol, version) for version in cube.versions]
    return np.logical_or.reduce([np.nan_to_num(table) > protocol.statistics.excellent for table in tables])


def share_different(difference: FloatArray, alpha: float) -> float:
    """Compute the share of features whose paired t-test over lesions (case, feature) has p below a level."""
    tested = np.isfinite(difference).all(axis=0) & (np.ptp(difference, axis=0) > 0)
    if len(difference) < FEWEST_FOR_TESTS or not tested.any():
        return float("nan")
    return float(np.mean(stats.ttest_1samp(difference[:, tested], 0.0).pvalue < alpha))
