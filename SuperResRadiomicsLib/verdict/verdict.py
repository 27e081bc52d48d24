"""The one word a reader sees beside a feature, and the reasons for it.

Two questions, never mixed up. *Stable*: does the feature survive another outline, another place of
the voxel grid, the scan's own noise? *Faithful*: does the image version give the value that the
reference has? Stability comes from a cohort (the lower confidence limit of the intraclass
correlation) or, for a single lesion, from its own variation under perturbation set against the
spread between lesions. Faithfulness comes from a reference, or from held-out lesions in the
model's card. What nobody measured is called unknown. Consistency over bin counts, ICC(3,1), is no
part of trust, and neither is p > 0.05.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..radiomics.verdict import Change, Verdict, Word
from ..stability.agreement import FAITHFUL_CONCORDANCE

STABLE_CORRELATION = 0.75
"""A feature is stable where the lower limit of its intraclass correlation reaches this ("good")."""
STABLE_RATIO = math.sqrt(1 / STABLE_CORRELATION - 1)
"""The variation within a lesion over the spread between lesions at which the correlation is `STABLE_CORRELATION`."""
NOTICEABLE = 0.1
"""Errors that differ by less than this share count as equal."""
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
class Faithfulness:
    """How one image version agrees with a reference, over lesions.

    Attributes:
        concordance: Lin's coefficient.
        error: Mean of |value - reference|, in any one unit.
        lesions: Over how many lesions or patients.
        source: Where it was measured, for the reasons: "this cohort", "the model's held-out lesions".
    """

    concordance: float
    error: float
    lesions: int
    source: str = "this cohort"


@dataclass(frozen=True)
class FeatureEvidence:
    """What is known of a feature on one image version; what is not known stays out.

    Attributes:
        feature: The feature's key.
        correlation_low: Lower confidence limit of its intraclass correlation under perturbations, from a cohort.
        variation: Standard deviation of a single lesion's values under perturbation.
        spread: Standard deviation between lesions, in the same unit.
        enhanced: Agreement of the enhanced image with a reference.
        bicubic: Of the bicubic image, likewise.
        null_model: Of the bicubic image with matched noise, likewise.
        counts_differ: Whether the image versions have other numbers of voxels in the lesion.
        volume_correlation: Rank correlation with the lesion's volume over a cohort.
    """

    feature: str
    correlation_low: float | None = None
    variation: float | None = None
    spread: float | None = None
    enhanced: Faithfulness | None = None
    bicubic: Faithfulness | None = None
    null_model: Faithfulness | None = None
    counts_differ: bool = False
    volume_correlation: float | None = None


def judge(evidence: FeatureEvidence) -> Verdict:
    """Weigh what is known of a feature.

    Returns:
        ``trusted`` where the feature is stable and faithful; ``not trusted`` where it is known to be
        either not; ``caution`` where one of both is not known, or a warning applies; else ``unknown``.
    """
    stable, why_stable = _stable(evidence)
    faithful, why_faithful = _faithful(evidence)
    warnings = _warnings(evidence)
    change, why_change = _change(evidence)
    reasons = tuple(reason for reason in (why_stable, why_faithful, *warnings, why_change) if reason)
    if stable is False or faithful is False:
        word: Word = "not trusted"
    elif stable is None and faithful is None:
        word = "unknown"
    elif stable and faithful and not warnings:
        word = "trusted"
    else:
        word = "caution"
    return Verdict(word, change, reasons)


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


def _stable(evidence: FeatureEvidence) -> tuple[bool | None, str]:
    low = evidence.correlation_low
    if low is not None and math.isfinite(low):
        stable = low >= STABLE_CORRELATION
        return stable, (
            f"{'Stable' if stable else 'Not stable'} under perturbations in the cohort: the lower limit of the "
            f"intraclass correlation is {low:.2f} ({STABLE_CORRELATION:g} is asked for)."
        )
    if evidence.variation is None or not evidence.spread or not math.isfinite(evidence.variation / evidence.spread):
        return None, "Stability is not known: no perturbations were run, or the spread between lesions is not known."
    ratio = evidence.variation / evidence.spread
    stable = ratio <= STABLE_RATIO
    return stable, (
        f"{'Stable' if stable else 'Not stable'} under perturbations of this lesion: it varies by {ratio:.2f} of the "
        f"spread between lesions (at most {STABLE_RATIO:.2f} is asked for)."
    )


def _faithful(evidence: FeatureEvidence) -> tuple[bool | None, str]:
    known = evidence.enhanced
    if known is None or not math.isfinite(known.concordance):
        return None, "Whether the network gives the true value is not known: there is no reference."
    faithful = known.concordance >= FAITHFUL_CONCORDANCE
    return faithful, (
        f"{'Faithful' if faithful else 'Not faithful'} in {known.source} ({known.lesions}): concordance with "
        f"the reference is {known.concordance:.2f} ({FAITHFUL_CONCORDANCE:g} is asked for)."
    )


def _warnings(evidence: FeatureEvidence) -> list[str]:
    found = []
    if evidence.counts_differ and is_count_driven(evidence.feature):
        found.append("The feature counts voxels, and the images have different numbers of them in the lesion.")
    rho = evidence.volume_correlation
    if rho is not None and abs(rho) > REDUNDANT:
        found.append(f"It says little more than the lesion's volume (rank correlation {rho:+.2f}).")
    if _beaten_by_noise(evidence):
        found.append("Bicubic interpolation with blind noise comes at least as near to the reference as the network.")
    return found


def _beaten_by_noise(evidence: FeatureEvidence) -> bool:
    enhanced, null = evidence.enhanced, evidence.null_model
    return enhanced is not None and null is not None and null.error <= enhanced.error * (1 - NOTICEABLE)


def _change(evidence: FeatureEvidence) -> tuple[Change, str]:
    enhanced, bicubic = evidence.enhanced, evidence.bicubic
    if enhanced is None or bicubic is None or not math.isfinite(enhanced.error + bicubic.error):
        return "unknown", ""
    said = f"The error beside the reference is {enhanced.error:.3g}, of bicubic interpolation {bicubic.error:.3g}."
    if abs(enhanced.error - bicubic.error) <= NOTICEABLE * bicubic.error:
        return "unchanged", said
    return ("restored" if enhanced.error < bicubic.error else "made worse"), said
