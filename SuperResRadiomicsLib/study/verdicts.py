"""What a cohort says of each feature of the networks' images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

import numpy as np

from ..radiomics.verdict import Word
from ..stability.fiducial import FEWEST_FOR_INTERVAL
from ..verdict import CohortFinding, CohortStability, FeatureEvidence, judge, volume_correlations, weigh_cohort
from .cube import Cube
from .estimates import MaskCorrelation
from .findings import Findings
from .model_evidence import ModelEvidence
from .tables import Table

if TYPE_CHECKING:
    from .protocol import Protocol

CHANGES = ("restored", "unchanged", "made worse", "undecided")
NOT_APPLICABLE = "not applicable"
"""What stands for a change of error where nothing was measured with a reference."""


def verdict_tables(cube: Cube, protocol: Protocol, findings: Findings) -> Iterator[Table]:
    """Judge every feature of each network's images, and count the words."""
    verdict = _verdict_table(cube, protocol, findings)
    yield _verdict_counts(verdict)
    yield verdict


def _verdict_table(cube: Cube, protocol: Protocol, findings: Findings) -> Table:
    """Judge every feature of each network's images; faithfulness only where there is a reference."""
    base = cube.of(protocol.base, binning=findings.binning)
    volume = volume_correlations(np.nan_to_num(base), cube.volume_mm3)
    volume[~np.isfinite(base).all(axis=0)] = np.nan
    rows = []
    for version in protocol.models:
        number = cube.versions.index(version)
        counts_differ = bool((cube.voxels[:, number] != cube.voxels[:, cube.versions.index(protocol.base)]).any())
        elsewhere = findings.evidence.get(version, ModelEvidence())
        weighed = _findings(cube, protocol, findings, version) or elsewhere.findings
        for f, key in enumerate(cube.features):
            stability = _stability(findings.correlations.get(version), f)
            finding = weighed.get(key)
            notes = () if weighed else elsewhere.why_not
            if not stability and protocol.kind == "robustness":
                notes += _why_not_measured(cube, findings.correlations.get(version), f)
            verdict = judge(
                FeatureEvidence(
                    key,
                    stability=stability,
                    finding=finding,
                    source=elsewhere.source or "this cohort",
                    notes=notes,
                    counts_differ=counts_differ,
                    volume_correlation=None if np.isnan(volume[f]) else float(volume[f]),
                )
            )
            change = verdict.change if finding else NOT_APPLICABLE
            rows.append((version, key, verdict.word, _stable_word(stability), change, " ".join(verdict.reasons)))
    return Table(
        "verdict",
        "What is known of each feature",
        "Stable: the limits of ICC(2,1) under perturbations. Faithful: the limits of the concordance with the "
        "reference. Restored, made worse: the errors beside those of the interpolated image, over patients. Where the "
        "study has no reference, both are what the model's evidence says of other patients, if it holds for these "
        "lesions. All are corrected over the features; the method page says how.",
        ("version", "feature", "word", "stability", "change of error", "reasons"),
        rows,
    )


def _verdict_counts(verdict: Table) -> Table:
    """How many features have each word, and how many each change of error."""
    words = get_args(Word)
    counted: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for version, _, word, _, change, _ in verdict.rows:
        of_words, of_changes = counted.setdefault(version, (Counter(), Counter()))
        of_words[word] += 1
        of_changes[change] += 1
    rows = []
    for version, (of_words, of_changes) in counted.items():
        changes = [NOT_APPLICABLE if set(of_changes) == {NOT_APPLICABLE} else of_changes[c] for c in CHANGES]
        rows.append((version, *changes, *(of_words[word] for word in words)))
    return Table(
        "verdict_counts",
        "What is known of the features, in numbers",
        "Change of error: what the network brings nearer to the reference than the interpolated image is, and what "
        "further away. Then the word that sums each feature up: stable, faithful and restored are findings, undecided "
        "means that the limits leave it open, unknown that nothing was measured.",
        ("version", *CHANGES, *(f"word: {word}" for word in words)),
        rows,
    )


def _stability(found: MaskCorrelation | None, f: int) -> CohortStability | None:
    if found is None or np.isnan(found.low[f]):
        return None
    return CohortStability(float(found.low[f]), float(found.high[f]), found.stable[f])


def _stable_word(stability: CohortStability | None) -> str:
    """Whether a feature survives the perturbations, in a word."""
    if stability is None:
        return "unknown"
    return {True: "stable", False: "unstable", None: "undecided"}[stability.stable]


def _why_not_measured(cube: Cube, found: MaskCorrelation | None, f: int) -> tuple[str, ...]:
    """Say why nothing is known of a feature's stability; nothing where there are limits."""
    if found is None:
        return ("Stability was not measured: the protocol names no perturbations, or too few lesions survive them.",)
    if not np.isnan(found.low[f]):
        return ()
    patients = len({patient for patient, keep in zip(cube.patients, cube.survivors, strict=True) if keep})
    if patients < FEWEST_FOR_INTERVAL:
        return (f"Stability is not judged below {FEWEST_FOR_INTERVAL} patients; there are {patients}.",)
    return ("Stability is not judged: the feature is not always defined, does not vary, or is very skewed.",)


def _findings(cube: Cube, protocol: Protocol, findings: Findings, version: str) -> dict[str, CohortFinding]:
    """Collect what the patients' means say of every feature; nothing without a reference."""
    if protocol.kind != "restoration":
        return {}
    names = (protocol.base, protocol.fast, version, protocol.null)
    tables = [cube.patient_means(cube.of(str(name), binning=findings.binning)) for name in names if name]
    return dict(zip(cube.features, weigh_cohort(*tables), strict=True))
