"""What a network did to each feature over a cohort: decisions by confidence limits, with error control.

A difference between two errors that chance explains is no finding. Errors are paired over patients, and the false
discovery rate is held over all features asked about together (Benjamini & Hochberg 1995,
doi:10.1111/j.2517-6161.1995.tb02031.x). What the limits do not decide is called undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError
from ..grid.types import FloatArray
from ..radiomics.verdict import Change, Verdict, Word
from ..radiomics.wording import number_text
from ..stability.agreement import FAITHFUL_CONCORDANCE, concordance, concordance_draws
from ..stability.false_discovery import false_discovery_levels
from ..stability.fiducial import quantile_limits
from ..stability.signed_rank import SignedRank, signed_rank

FEWEST = 5
"""Patients below which nothing is said."""
FEW = 10
"""Patients below which only what is overwhelming is said."""
FALSE_DISCOVERIES = 0.05
"""Share of the findings of one kind that may be wrong."""
FALSE_DISCOVERIES_OF_FEW = 0.01
UNCHANGED_WITHIN = 0.25
"""Errors that differ by less than this share of bicubic's are called unchanged."""
NEGLIGIBLE = 1e-6
"""An error below this share of the spread between patients is none."""


@dataclass(frozen=True)
class _Errors:
    """The errors of one feature over the patients that have all its values.

    Attributes:
        enhanced: |enhanced - reference| by patient.
        bicubic: |bicubic - reference| by patient.
        null: |null model - reference| by patient, where there is one.
        reference: The true values.
        value: The enhanced image's values.
        left_out: Patients without a value.
        why_not: Why nothing can be said of the feature; empty where something can.
    """

    enhanced: FloatArray
    bicubic: FloatArray
    null: FloatArray | None
    reference: FloatArray
    value: FloatArray
    left_out: int
    why_not: str = ""

    @property
    def patients(self) -> int:
        return self.enhanced.size

    @property
    def gain(self) -> FloatArray:
        """By how much the enhanced image is further from the truth than bicubic; negative where nearer."""
        return self.enhanced - self.bicubic


def judge_cohort(
    reference: npt.ArrayLike, bicubic: npt.ArrayLike, enhanced: npt.ArrayLike, null: npt.ArrayLike | None = None
) -> list[Verdict]:
    """Judge every feature of enhanced images against a reference, over patients.

    *Restored* or *made worse*: the errors of the enhanced image are smaller (larger) than bicubic's, by the signed-rank
    test of the patients' differences and by their mean. *Faithful*: the confidence limit of Lin's concordance with the
    reference is at least 0.85. Both hold the false discovery rate at 5% over the features. Below ten patients all
    patients have to agree and the rate is 1%; below five nothing is said.

    Args:
        reference: True values (patients, features), one row a patient: average a patient's lesions first.
        bicubic: Of the bicubic image, the same shape; NaN where a feature is not defined.
        enhanced: Of the network's image, likewise.
        null: Of the null model (bicubic with noise), for the warning that noise does as well.

    Returns:
        A verdict for each feature. ``change`` is ``restored``, ``made worse``, ``unchanged``, ``undecided`` or
        ``unknown``; ``word`` sums up: ``made worse``, ``faithful``, ``restored``, ``unfaithful``, ``undecided`` or
        ``unknown``; ``reasons`` are sentences, the deciding ones first.

    Raises:
        SettingsError: Arrays of different shapes, or not (patients, features).

    Examples:
        >>> import numpy as np
        >>> random = np.random.default_rng(1)
        >>> truth = random.normal(size=(20, 1))
        >>> bicubic, enhanced = (truth + error * random.normal(size=(20, 1)) for error in (0.5, 0.05))
        >>> verdict = judge_cohort(truth, bicubic, enhanced)[0]
        >>> verdict.word, verdict.change
        ('faithful', 'restored')
    """
    findings = weigh_cohort(reference, bicubic, enhanced, null)
    return [Verdict(finding.word, finding.change, finding.reasons) for finding in findings]


@dataclass(frozen=True)
class CohortFinding:
    """What a cohort says of one feature.

    Attributes:
        change: What the network did to the error.
        faithful: Whether the enhanced image agrees with the reference; None where that is not decided.
        reasons: Sentences, the deciding ones first.
        known: Whether anything could be computed.
    """

    change: Change
    faithful: bool | None
    reasons: tuple[str, ...]
    known: bool = True

    @property
    def word(self) -> Word:
        """The word that sums it up."""
        if not self.known:
            return "unknown"
        if self.change == "made worse":
            return "made worse"
        if self.faithful:
            return "faithful"
        if self.change == "restored":
            return "restored"
        return "undecided" if self.faithful is None else "unfaithful"


def weigh_cohort(
    reference: npt.ArrayLike, bicubic: npt.ArrayLike, enhanced: npt.ArrayLike, null: npt.ArrayLike | None = None
) -> list[CohortFinding]:
    """Decide on every feature as `judge_cohort`, whose arguments and errors these are."""
    found = _errors_by_feature(reference, bicubic, enhanced, null)
    changes = _judge_changes(found)
    faithful = _judge_faithfulness(found)
    findings = []
    for errors, (change, why_change), (holds, why_faithful) in zip(found, changes, faithful, strict=True):
        if errors.why_not:
            findings.append(CohortFinding("unknown", None, (errors.why_not,), known=False))
            continue
        findings.append(CohortFinding(change, holds, (why_change, why_faithful, *_warnings(errors))))
    return findings


def _errors_by_feature(
    reference: npt.ArrayLike, bicubic: npt.ArrayLike, enhanced: npt.ArrayLike, null: npt.ArrayLike | None
) -> list[_Errors]:
    names = ["reference", "bicubic", "enhanced"] + ["null"] * (null is not None)
    given = [reference, bicubic, enhanced] + ([] if null is None else [null])
    tables = [np.asarray(table, dtype=np.float64) for table in given]
    if any(table.ndim != 2 or table.shape != tables[0].shape for table in tables):
        shapes = ", ".join(f"{name} {table.shape}" for name, table in zip(names, tables, strict=True))
        raise SettingsError(f"A cohort's arrays are (patients, features), all of one shape; given were: {shapes}.")
    return [_errors([table[:, feature] for table in tables]) for feature in range(tables[0].shape[1])]


def _errors(columns: Sequence[FloatArray]) -> _Errors:
    kept = np.logical_and.reduce([np.isfinite(column) for column in columns[:3]])
    truth, bicubic, enhanced = (column[kept] for column in columns[:3])
    errors = [np.abs(value - truth) for value in (enhanced, bicubic)]
    null = np.abs(columns[3][kept] - truth) if len(columns) > 3 else None
    left_out = int((~kept).sum())
    return _Errors(errors[0], errors[1], null, truth, enhanced, left_out, _why_not(columns, truth.size))


def _why_not(columns: Sequence[FloatArray], patients: int) -> str:
    if patients >= FEWEST:
        return ""
    total = columns[0].size
    if total < FEWEST:
        return f"Nothing is said below {FEWEST} patients; there are {total}."
    return f"The feature is defined on all images in {patients} of {total} patients; at least {FEWEST} are needed."


def _judge_changes(found: Sequence[_Errors]) -> list[tuple[Change, str]]:
    tests = [None if errors.why_not else signed_rank(errors.gain) for errors in found]
    p = np.array([np.nan if test is None else _p_of_change(e, test) for e, test in zip(found, tests, strict=True)])
    level = false_discovery_levels(p, _rates(found))
    same = _are_same(found, tests)
    judged: list[tuple[Change, str]] = []
    for number, (errors, test) in enumerate(zip(found, tests, strict=True)):
        if test is None:
            judged.append(("unknown", ""))
            continue
        change: Change = "undecided"
        if same[number]:
            change = "unchanged"
        elif p[number] <= level[number]:
            change = "restored" if test.centre < 0 else "made worse"
        judged.append((change, _describe_change(change, errors, test, level[number])))
    return judged


def _p_of_change(errors: _Errors, test: SignedRank) -> float:
    """Two-sided p-value; 1 where the typical patient and the mean disagree, or of a few patients any."""
    gain = errors.gain
    if gain.mean() * test.centre <= 0 or _is_negligible(errors):
        return 1.0
    if errors.patients >= FEW:
        return test.p
    if not ((gain > 0).all() or (gain < 0).all()):
        return 1.0
    least = max(max(float(errors.enhanced.max()), float(errors.bicubic.max())) * 1e-9, np.finfo(float).tiny)
    ratios = np.log(np.maximum(errors.enhanced, least) / np.maximum(errors.bicubic, least))
    error = max(float(ratios.std(ddof=1)) / np.sqrt(ratios.size), 1e-12)
    return float(2 * stats.t.sf(abs(ratios.mean()) / error, ratios.size - 1))


def _is_negligible(errors: _Errors) -> bool:
    largest = max(float(errors.enhanced.max()), float(errors.bicubic.max()))
    spread = float(np.abs(errors.reference - errors.reference.mean()).max())
    return largest <= NEGLIGIBLE * spread or largest == 0


def _are_same(found: Sequence[_Errors], tests: Sequence[SignedRank | None]) -> npt.NDArray[np.bool_]:
    """Which features' errors differ by less than counts, with limits on both sides (equivalence, corrected)."""
    p = np.full(len(found), np.nan)
    for number, (errors, test) in enumerate(zip(found, tests, strict=True)):
        if test is None:
            continue
        margin = UNCHANGED_WITHIN * float(errors.bicubic.mean())
        if _is_negligible(errors):
            p[number] = 0.0
        elif margin > 0 and abs(test.centre) < margin and errors.patients >= FEW:
            sides = [signed_rank(errors.gain + margin).p, signed_rank(errors.gain - margin).p]
            p[number] = max(sides) / 2
    return np.asarray(p <= false_discovery_levels(p, _rates(found)))


def _judge_faithfulness(found: Sequence[_Errors]) -> list[tuple[bool | None, str]]:
    """Whether each feature agrees with the reference: yes, no, or not decided; and why."""
    draws = [None if errors.why_not or not _varies(errors) else _agreement_draws(errors) for errors in found]
    below, above = np.full(len(found), np.nan), np.full(len(found), np.nan)
    for number, drawn in enumerate(draws):
        if drawn is not None:  # Of several scales the one that says least.
            below[number] = max(float(np.mean(scale <= FAITHFUL_CONCORDANCE)) for scale in drawn)
            above[number] = max(float(np.mean(scale >= FAITHFUL_CONCORDANCE)) for scale in drawn)
    rates = _rates(found)
    level_yes, level_no = false_discovery_levels(below, rates), false_discovery_levels(above, rates)
    judged: list[tuple[bool | None, str]] = []
    for number, (errors, drawn) in enumerate(zip(found, draws, strict=True)):
        if drawn is None:
            judged.append((None, "The feature does not vary between patients, so agreement cannot be judged."))
            continue
        holds = True if below[number] <= level_yes[number] else False if above[number] <= level_no[number] else None
        judged.append((holds, _describe_agreement(holds, errors, drawn)))
    return judged


def _agreement_draws(errors: _Errors) -> list[FloatArray]:
    """Concordances that may lie behind the values, on their own scale and, where all are positive, the logarithm's."""
    scales = [(errors.reference, errors.value)]
    if min(errors.reference.min(), errors.value.min()) > 0:
        scales.append((np.log(errors.reference), np.log(errors.value)))
    return [concordance_draws(first, second) for first, second in scales]


def _varies(errors: _Errors) -> bool:
    size = np.abs(errors.reference).max()
    return bool(np.ptp(errors.reference) > NEGLIGIBLE * size * 1e-6 and np.ptp(errors.reference) > 0)


def _rates(found: Sequence[_Errors]) -> FloatArray:
    return np.array([FALSE_DISCOVERIES if e.patients >= FEW else FALSE_DISCOVERIES_OF_FEW for e in found])


def _describe_change(change: Change, errors: _Errors, test: SignedRank, level: float) -> str:
    nearer, patients = int((errors.gain < 0).sum()), errors.patients
    said = (
        f"Mean error {_number(errors.enhanced.mean())}, of bicubic interpolation {_number(errors.bicubic.mean())}; "
        f"nearer to the reference in {nearer} of {patients} patients"
    )
    low, high = test.limits(1 - level)
    if np.isfinite(low) and np.isfinite(high):
        centre, least, most = (number_text(float(value), sign=True, digits=2) for value in (test.centre, low, high))
        said += f" (difference {centre}, {100 * (1 - level):.3g}% limits {least} to {most})"
    if change == "undecided":
        said += "; this may be chance"
        if patients < FEW:
            said += f", and below {FEW} patients only what is overwhelming is decided"
    if errors.left_out:
        said += f". {errors.left_out} patients without a value are left out"
    return said + "."


def _number(value: float) -> str:
    return number_text(float(value), digits=3)


def _describe_agreement(holds: bool | None, errors: _Errors, drawn: Sequence[FloatArray]) -> str:
    limits = [quantile_limits(d, 0.95) for d in drawn]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    word = {True: "Faithful", False: "Not faithful", None: "Not decided whether faithful"}[holds]
    return (
        f"{word}: concordance with the reference {concordance(errors.reference, errors.value):.2f}, 95% limits "
        f"{low:.2f} to {high:.2f} ({FAITHFUL_CONCORDANCE:g} is asked for, corrected over the features)."
    )


def _warnings(errors: _Errors) -> list[str]:
    if errors.null is None:
        return []
    known = np.isfinite(errors.null)
    if not known.any() or errors.null[known].mean() > errors.enhanced[known].mean():
        return []
    return ["Bicubic interpolation with noise comes at least as near to the reference as the network."]
