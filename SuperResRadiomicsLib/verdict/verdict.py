"""The one word a reader sees beside a feature, and the reasons for it.

Three questions, never mixed up. *Stable*: does the feature survive another outline, another place of the voxel grid,
the scan's own noise? *Faithful*: does the image version give the value that the reference has? *Restored* or *made
worse*: is it nearer to the reference than bicubic interpolation, or further away? Stability comes from a cohort (limits
of the intraclass correlation) or, for a single lesion, from its own variation under perturbation set against the spread
between patients. The others come from a cohort with a reference (`cohort`), or from the model's evidence. What the
limits leave open is undecided, and what nobody measured under these conditions unknown. Consistency over bin counts,
ICC(3,1), is no part of it, and neither is p > 0.05.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..radiomics.verdict import Change, Verdict, Word
from .cohort import CohortFinding

STABLE_CORRELATION = 0.75
"""A feature is stable where the lower limit of its intraclass correlation reaches this ("good")."""
STABLE_RATIO = math.sqrt(1 / STABLE_CORRELATION - 1)
"""The variation within a lesion over the spread between lesions at which the correlation is `STABLE_CORRELATION`."""
REDUNDANT = 0.9
"""Rank correlation with the lesion's volume above which a feature says little more than volume."""

COUNT_DRIVEN = (
    "NonUniformity",
    "RunLengthNonUniformity",
    "GrayLevelNonUniformity",
    "DependenceNonUniformity",
    "SizeZoneNonUniformity",
    "Energy",
    "TotalEnergy",
    "Busyness",
    "Coarseness",
)
"""Features that grow or shrink with the number of voxels, whatever the lesion looks like."""


@dataclass(frozen=True)
class CohortStability:
    """How stable a feature is in a cohort under perturbations.

    Attributes:
        low: Lower limit of its intraclass correlation.
        high: Upper limit.
        stable: Whether it is, corrected over the features; None where that is not decided.
    """

    low: float
    high: float
    stable: bool | None


@dataclass(frozen=True)
class LesionVariation:
    """How far one lesion's feature moves under perturbation, beside how much lesions differ.

    Attributes:
        deviation: Standard deviation over the perturbed lesion.
        perturbations: Over so many of its forms.
        spread: Standard deviation between patients, in the same unit.
        patients: Over so many patients.
    """

    deviation: float
    perturbations: int
    spread: float
    patients: int

    def ratio_limits(self, confidence: float = 0.95) -> tuple[float, float, float]:
        """Divide the deviation by the spread, with limits from the F distribution of a ratio of variances."""
        ratio = self.deviation / self.spread
        tail, freedom = (1 + confidence) / 2, (self.perturbations - 1, self.patients - 1)
        low = ratio / math.sqrt(stats.f.ppf(tail, *freedom))
        return ratio, float(low), float(ratio * math.sqrt(stats.f.ppf(tail, *reversed(freedom))))


@dataclass(frozen=True)
class FeatureEvidence:
    """What is known of a feature on one image version; what is not known stays out.

    Attributes:
        feature: The feature's key.
        stability: From a cohort.
        variation: Of a single lesion.
        finding: What a cohort with a reference says.
        source: Where that was measured: "this cohort", "12 patients with soft-tissue sarcoma".
        notes: What else a reader should know: why there is no finding, how far readers' outlines move the feature.
        counts_differ: Whether the image versions have other numbers of voxels in the lesion.
        volume_correlation: Rank correlation with the lesion's volume over a cohort.
    """

    feature: str
    stability: CohortStability | None = None
    variation: LesionVariation | None = None
    finding: CohortFinding | None = None
    source: str = "this cohort"
    notes: tuple[str, ...] = ()
    counts_differ: bool = False
    volume_correlation: float | None = None


def judge(evidence: FeatureEvidence) -> Verdict:
    """Weigh what is known of a feature.

    Returns:
        The first that holds of ``unstable``, ``made worse``, ``faithful``, ``restored``, ``unfaithful``,
        ``stable``, ``undecided`` (something was measured and the limits leave it open) and ``unknown``; what the
        network did to the error beside bicubic interpolation; and the reasons, warnings last.
    """
    measured, stable, why_stable = _stable(evidence)
    finding = evidence.finding
    reasons = [why_stable] if why_stable else []
    change: Change = "unknown"
    if finding is not None:
        change = finding.change
        reasons += [f"In {evidence.source}: {reason[:1].lower()}{reason[1:]}" for reason in finding.reasons[:1]]
        reasons += finding.reasons[1:]
    reasons += [*evidence.notes, *_warnings(evidence)]
    return Verdict(_word(measured, stable, finding), change, tuple(reasons))


def volume_correlations(features: npt.ArrayLike, volumes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute Spearman's rank correlation of each feature with the lesions' volume.

    Args:
        features: (lesions, features), at least three lesions.
        volumes: (lesions,).

    Returns:
        (features,); NaN for a feature that does not vary.

    Examples:
        >>> volume_correlations([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]], [10.0, 20.0, 30.0]).tolist()
        [1.0, -1.0]
    """
    table, size = np.asarray(features, dtype=np.float64), np.asarray(volumes, dtype=np.float64)
    found = np.full(table.shape[1], np.nan)
    for number, column in enumerate(table.T):
        if np.ptp(column) > 0 and np.ptp(size) > 0:
            found[number] = stats.spearmanr(column, size).statistic
    return found


def is_count_driven(feature: str) -> bool:
    """Say whether a feature's value depends on how many voxels the lesion has.

    Examples:
        >>> is_count_driven("original_firstorder_Energy"), is_count_driven("original_firstorder_Mean")
        (True, False)
    """
    return feature.rsplit("_", 1)[-1] in COUNT_DRIVEN


def _word(measured: bool, stable: bool | None, finding: CohortFinding | None) -> Word:
    if stable is False:
        return "unstable"
    if finding is not None and finding.word not in ("undecided", "unknown"):
        return finding.word
    if stable:
        return "stable"
    return "undecided" if measured or (finding is not None and finding.known) else "unknown"


def _stable(evidence: FeatureEvidence) -> tuple[bool, bool | None, str]:
    """Whether stability was measured, what came out, and the reason."""
    words = {True: "Stable", False: "Not stable", None: "Not decided whether stable"}
    known = evidence.stability
    if known is not None:
        return (
            True,
            known.stable,
            (
                f"{words[known.stable]} under perturbations in the cohort: the intraclass correlation lies between "
                f"{known.low:.2f} and {known.high:.2f} ({STABLE_CORRELATION:g} is asked for)."
            ),
        )
    variation = evidence.variation
    if variation is None or not variation.spread or not math.isfinite(variation.deviation / variation.spread):
        return False, None, ""
    ratio, low, high = variation.ratio_limits()
    stable = True if high <= STABLE_RATIO else False if low > STABLE_RATIO else None
    return (
        True,
        stable,
        (
            f"{words[stable]} under perturbations of this lesion: it varies by {ratio:.2f} of the spread between "
            f"patients, limits {low:.2f} to {high:.2f} (at most {STABLE_RATIO:.2f} is asked for)."
        ),
    )


def _warnings(evidence: FeatureEvidence) -> list[str]:
    found = []
    if evidence.counts_differ and is_count_driven(evidence.feature):
        found.append("The feature counts voxels, and the images have different numbers of them in the lesion.")
    rho = evidence.volume_correlation
    if rho is not None and abs(rho) > REDUNDANT:
        found.append(f"It says little more than the lesion's volume (rank correlation {rho:+.2f}).")
    return found
