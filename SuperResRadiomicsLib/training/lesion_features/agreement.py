"""How near features are to the truth over patients: error, concordance, wins and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...stability.agreement import FAITHFUL_CONCORDANCE

Values = npt.NDArray[np.float64]
RESAMPLES = 2000
DECIMALS = 4


@dataclass(frozen=True)
class Cohort:
    """True features of some lesions.

    Attributes:
        names: Keys of the features.
        truth: (lesions, features); features that are undefined or do not vary are left out by `usable`.
        seed: Of the bootstrap.
        patients: Whose each lesion is; without, each is another patient's.
    """

    names: tuple[str, ...]
    truth: Values
    seed: int = 0
    patients: tuple[str, ...] = ()

    @property
    def owners(self) -> npt.NDArray[np.intp]:
        """Number of each lesion's patient, from 0."""
        if not self.patients:
            return np.arange(len(self.truth))
        return np.asarray(np.unique(self.patients, return_inverse=True)[1], dtype=np.intp)

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Features that are defined for all patients and vary between them."""
        finite = np.isfinite(self.truth).all(axis=0)
        scale = 1 + np.abs(np.where(finite, self.truth, 0)).max(axis=0)
        return finite & (np.nan_to_num(self.truth).std(axis=0) > 1e-12 * scale)

    @property
    def spread(self) -> Values:
        """Standard deviation of each feature between patients."""
        return np.asarray(self.truth.std(axis=0, ddof=1))

    def errors(self, values: Values) -> Values:
        """Compute each feature's root mean square error over patients, in units of their spread (nRMSE)."""
        with np.errstate(divide="ignore", invalid="ignore"):  # a feature that does not vary has no such error
            return np.asarray(np.sqrt(np.mean((values - self.truth) ** 2, axis=0)) / self.spread)

    def classes(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Mark which features belong to each class."""
        of = np.array([name.split("_")[1] for name in self.names])
        return {name: of == name for name in dict.fromkeys(of.tolist())}


def concordances(truth: Values, values: Values, weights: Values | None = None) -> Values:
    """Compute Lin's concordance of every feature, for one or many weightings of the patients.

    Args:
        truth: (patients, features).
        values: Like it.
        weights: (resamples, patients), each row of sum 1; equal weights without.

    Returns:
        (resamples, features), or (features,) without weights; NaN where neither measurement varies.
    """
    given = np.full((1, len(truth)), 1 / len(truth)) if weights is None else weights
    # About the mean over all: sums of squares of large numbers would lose digits.
    centre = truth.mean(axis=0)
    x, y = truth - centre, values - centre
    mean_x, mean_y = given @ x, given @ y
    covariance = given @ (x * y) - mean_x * mean_y
    scale = given @ x**2 - mean_x**2 + given @ y**2 - mean_y**2 + (mean_x - mean_y) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(scale > 0, 2 * covariance / scale, np.nan)
    return found[0] if weights is None else found


def figures(cohort: Cohort, values: Values) -> dict[str, Any]:
    """Compute median nRMSE, median concordance and the share of features that agree, with their uncertainty.

    Args:
        cohort: The truth.
        values: A method's (patients, features); NaN counts as a feature that does not agree.

    Returns:
        Figures over the usable features; limits of 95% from drawing patients again, and the range of
        the median concordance when each patient is left out.
    """
    use = cohort.usable
    truth, given = cohort.truth[:, use], values[:, use]
    undefined = np.logical_not(np.isfinite(given).all(axis=0))
    found = np.where(np.isfinite(given), given, 0.0)
    owners = cohort.owners
    spread, drawn = truth.std(axis=0, ddof=1), _redrawn(owners, cohort.seed)
    square = (found - truth) ** 2
    error = np.where(undefined, np.inf, np.sqrt(square.mean(axis=0)) / spread)
    errors = np.where(undefined, np.inf, np.sqrt(drawn @ square) / spread)
    agreement = _agreement(truth, found, undefined)
    resampled = _agreement(truth, found, undefined, drawn)
    left_out = [
        float(np.median(_agreement(truth[owners != p], found[owners != p], undefined)))
        for p in range(int(owners.max()) + 1)
    ]
    return {
        "features": int(use.sum()),
        "undefined": int(undefined.sum()),
        "median_nrmse": _round(np.median(error)),
        "median_nrmse_95": _limits(np.median(errors, axis=1)),
        "median_ccc": _round(np.median(agreement)),
        "median_ccc_leaving_one_out": [_round(min(left_out)), _round(max(left_out))],
        "median_ccc_95": _limits(np.median(resampled, axis=1)),
        "share_ccc_085": _round(np.mean(agreement >= FAITHFUL_CONCORDANCE)),
        "share_ccc_085_95": _limits(np.mean(resampled >= FAITHFUL_CONCORDANCE, axis=1)),
    }


def _agreement(truth: Values, found: Values, undefined: npt.NDArray[np.bool_], weights: Values | None = None) -> Values:
    """Concordances; -1 where a method's feature is undefined or nothing varies."""
    return np.where(undefined, -1.0, np.nan_to_num(concordances(truth, found, weights), nan=-1.0))


def share_difference(cohort: Cohort, values: Values, rival: Values) -> dict[str, Any]:
    """Compare the share of agreeing features with a rival's, with limits over patients drawn again."""
    use = cohort.usable & np.isfinite(values).all(axis=0) & np.isfinite(rival).all(axis=0)
    truth, drawn = cohort.truth[:, use], _redrawn(cohort.owners, cohort.seed)
    shares = []
    for each in (values[:, use], rival[:, use]):
        shares.append(np.mean(np.nan_to_num(concordances(truth, each, drawn), nan=-1) >= FAITHFUL_CONCORDANCE, axis=1))
    own, other = (np.mean(concordances(truth, each[:, use]) >= FAITHFUL_CONCORDANCE) for each in (values, rival))
    return {"difference": _round(own - other), "limits_95": _limits(shares[0] - shares[1])}


def wins(cohort: Cohort, values: Values, rival: Values) -> dict[str, dict[str, Any]]:
    """Count, by class, features nearer to the truth than a rival's, and farther; with both median errors."""
    use = cohort.usable
    own, other = cohort.errors(values), cohort.errors(rival)
    result = {}
    for name, members in cohort.classes().items():
        chosen = members & use & np.isfinite(own) & np.isfinite(other)
        result[name] = {
            "features": int(chosen.sum()),
            "nearer": int((own < other)[chosen].sum()),
            "farther": int((own > other)[chosen].sum()),
            "median_nrmse": _round(np.median(own[chosen])) if chosen.any() else None,
            "rival_median_nrmse": _round(np.median(other[chosen])) if chosen.any() else None,
        }
    return result


def _redrawn(owners: npt.NDArray[np.intp], seed: int) -> Values:
    """Weights of lesions when patients are drawn again with replacement, each with all lesions.

    Draws of one patient alone, without spread, are left out.
    """
    patients = int(owners.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(patients, np.full(patients, 1 / patients), RESAMPLES)
    weights = drawn[(drawn > 0).sum(axis=1) > 1][:, owners].astype(np.float64)
    return weights / weights.sum(axis=1, keepdims=True)


def _limits(values: Values) -> list[float | None]:
    low, high = np.quantile(values, [0.025, 0.975])
    return [_round(low), _round(high)]


def _round(value: float | np.floating[Any]) -> float | None:
    return round(float(value), DECIMALS) if np.isfinite(value) else None
