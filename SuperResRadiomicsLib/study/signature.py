"""A user's signature on every image version of a study.

A patient's score is the mean over the patient's lesions: patients are what outcomes belong to, what
crosses a cut-off, and what the bootstrap draws again. Retests have no part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..errors import SettingsError, StudyError
from ..io.documents import read_json
from ..io.outputs import save_record
from ..models.headline import count_text
from ..stability import (
    Signature,
    bland_altman,
    cut_off_crossings,
    signature_scores,
)
from .cube import Cube, FloatArray, read_cube
from .folder import StudyFolder
from .manifest import Case, read_manifest
from .outcomes import Measure, outcome_measures
from .protocol import read_protocol
from .tables import Table, cell

if TYPE_CHECKING:
    from .protocol import Protocol

FEWEST_PATIENTS = 3


@dataclass(frozen=True)
class SignatureRequest:
    """What shall be evaluated.

    Attributes:
        signature: The signature.
        outcome: Column of the manifest with 0 and 1, for the area under the curve.
        time: Column with the time to event or end of observation, for the concordance index.
        event: Column with 1 where the event was seen, 0 else; with `time`.

    Raises:
        StudyError: Only one of time and event.
    """

    signature: Signature
    outcome: str | None = None
    time: str | None = None
    event: str | None = None

    def __post_init__(self) -> None:
        if (self.time is None) != (self.event is None):
            raise StudyError("The concordance index needs two columns: the time, and whether it ended in an event.")


@dataclass(frozen=True)
class PatientScores:
    """One score a patient and version.

    Attributes:
        patients: Those whose score is defined on every version.
        left_out: How many others there are.
        binning: The grey levels that the features have.
        scores: (patient,) by version.
    """

    patients: tuple[str, ...]
    left_out: int
    binning: str
    scores: dict[str, FloatArray]


def evaluate_signature(root: str | os.PathLike[str], request: SignatureRequest) -> list[Table]:
    """Evaluate a signature on a study's features, and remember it for the report.

    Raises:
        StudyError: No features, a column that is missing or holds other values, or too few patients.
        SettingsError: The study lacks a feature or the grey levels of the signature.
        OutputError: The study's folder cannot be written to.
    """
    folder = StudyFolder.existing(root)
    protocol = read_protocol(folder.protocol)
    cube = read_cube(folder.features, protocol).first_sessions()
    tables = signature_tables(request, cube, protocol, read_manifest(folder.manifest, check_files=False))
    content = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        **asdict(request),
        "signature": request.signature.to_dict(),
    }
    save_record(folder.signatures / f"{request.signature.file_stem}.json", content)
    return tables


def read_requests(folder: StudyFolder) -> list[SignatureRequest]:
    """Read what `evaluate_signature` remembered, by name."""
    return [_read_request(path) for path in sorted(folder.signatures.glob("*.json"))]


def _read_request(path: Path) -> SignatureRequest:
    try:
        content = read_json(path)
        signature = Signature.from_dict(content["signature"])
        return SignatureRequest(signature, content["outcome"], content["time"], content["event"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"'{path.name}' in '{path.parent.name}' is damaged ({error}). Remove it and evaluate the signature again."
        ) from error


def describe_request(request: SignatureRequest) -> str:
    """Describe the evaluation in sentences for the methods."""
    signature = request.signature
    judged = [f"the area under the curve for {request.outcome}"] if request.outcome else []
    judged += [f"Harrell's concordance index for {request.time} and {request.event}"] if request.time else []
    intervals = (
        "with intervals (of an area: Newcombe 2006; else from drawing patients again, where there are 20 or more)"
    )
    by = f", judged by {' and '.join(judged)} {intervals}" if judged else ""
    return (
        f"The signature '{signature.name}' ({len(signature.coefficients)} features"
        f"{', standardised as given' if signature.scaler else ''}) was computed on every version, one score a patient "
        f"(mean over lesions){by}."
    )


def tables_or_reason(
    request: SignatureRequest, cube: Cube, protocol: Protocol, cases: Sequence[Case]
) -> Iterator[Table]:
    """Make `signature_tables`, or an empty table that says why there are none: a report shall not fail for it."""
    try:
        yield from signature_tables(request, cube, protocol, cases)
    except (StudyError, SettingsError) as error:
        name = request.signature.name
        yield Table(
            f"signature_{request.signature.file_stem}", f"Signature '{name}'", f"Not evaluated: {error}", (), []
        )


def signature_tables(request: SignatureRequest, cube: Cube, protocol: Protocol, cases: Sequence[Case]) -> list[Table]:
    """Shift and crossings, discrimination where outcomes are named, and every patient's scores.

    Args:
        request: What to evaluate.
        cube: The cohort, every lesion once.
        protocol: The protocol.
        cases: The manifest, for outcomes.

    Raises:
        StudyError, SettingsError: As `evaluate_signature`.
    """
    found = _patient_scores(request.signature, cube, protocol)
    tables = [_shift_table(request.signature, found, protocol)]
    if request.outcome or request.time:
        measures = outcome_measures(cases, found.patients, request.outcome, request.time, request.event)
        tables.append(_discrimination_table(request.signature, found, protocol, measures))
    return [*tables, _scores_table(request.signature, found)]


def _patient_scores(signature: Signature, cube: Cube, protocol: Protocol) -> PatientScores:
    binning = _binning(signature, cube)
    missing = [key for key in signature.coefficients if key not in cube.features]
    if missing:
        raise SettingsError(
            f"The signature '{signature.name}' needs the features {', '.join(missing)}, which the study did not "
            "compute. Correct their keys, or add their classes to features.classes in the protocol and run again."
        )
    columns = {key: cube.features.index(key) for key in signature.coefficients}
    scores = {}
    for version in cube.versions:
        table = cube.of(version, binning=binning)
        lesions = signature_scores(signature, {key: table[:, column] for key, column in columns.items()})
        scores[version] = cube.patient_means(lesions)
    patients = np.unique(cube.patients)
    kept = np.isfinite(list(scores.values())).all(axis=0)
    if kept.sum() < FEWEST_PATIENTS:
        raise StudyError(
            f"The signature '{signature.name}' has a score of {int(kept.sum())} patients; at least {FEWEST_PATIENTS} "
            "are needed. Its features are not defined in the others, or the study is not run yet."
        )
    by_version = {version: values[kept] for version, values in scores.items()}
    return PatientScores(tuple(patients[kept].tolist()), int((~kept).sum()), binning, by_version)


def _binning(signature: Signature, cube: Cube) -> str:
    if signature.binning is None and len(cube.binnings) == 1:
        return cube.binnings[0]
    if signature.binning not in cube.binnings:
        raise SettingsError(
            f"The signature '{signature.name}' names {signature.binning or 'no'} as its binning; the study has "
            f"{', '.join(cube.binnings)}. Say in the signature (binning) which of them it was made with, or add its "
            "own to the protocol and run again."
        )
    return signature.binning


def _note(found: PatientScores) -> str:
    left_out = f"; {found.left_out} patients without a score on every version are left out" if found.left_out else ""
    return (
        f"{found.binning}; {count_text(len(found.patients), 'patient')}, one score each (mean over lesions){left_out}."
    )


def _shift_table(signature: Signature, found: PatientScores, protocol: Protocol) -> Table:
    base, cut_off = found.scores[protocol.base], signature.cut_off
    rows: list[tuple[Any, ...]] = []
    for version, scores in found.scores.items():
        cells: list[Any] = [version, float(scores.mean()), float(scores.std(ddof=1))]
        if version == protocol.base:
            cells += [None] * 5
        else:
            shift = bland_altman(base, scores, protocol.statistics.confidence)
            cells += [shift.bias, *shift.bias_interval, *shift.limits]
        if cut_off is not None:
            crossings = cut_off_crossings(base, scores, cut_off)
            cells += [crossings.above_second, crossings.upwards, crossings.downwards]
        rows.append(tuple(cells))
    columns = ["version", "mean", "sd", "shift", "shift low", "shift high", "lower limit", "upper limit"]
    crossed = ""
    if cut_off is not None:
        columns += ["patients above", "crossed upwards", "crossed downwards"]
        crossed = f" Crossings of the cut-off {cut_off:g} are counted from {protocol.base}."
    return Table(
        f"signature_{signature.file_stem}",
        f"Signature '{signature.name}': shift of the score",
        f"Shift from {protocol.base} with its interval of {protocol.statistics.confidence:.0%}, limits of agreement "
        f"(Bland-Altman); {_note(found)}{crossed}",
        tuple(columns),
        rows,
    )


def _discrimination_table(
    signature: Signature, found: PatientScores, protocol: Protocol, measures: Sequence[Measure]
) -> Table:
    confidence = protocol.statistics.confidence
    rows: list[tuple[Any, ...]] = []
    for measure in measures:
        for version, scores in found.scores.items():
            figures = [*measure.with_interval(scores, confidence)]
            if version != protocol.base:
                figures += measure.change_with_interval(found.scores[protocol.base], scores, confidence)
            padded = [*map(cell, figures), None, None, None][:6]
            rows.append((measure.name, version, len(measure.rows), measure.events, *padded))
    return Table(
        f"signature_{signature.file_stem}_discrimination",
        f"Signature '{signature.name}': discrimination",
        f"Intervals of {confidence:.0%} when patients are drawn again; the change from {protocol.base} is of the same "
        f"draws. Patients without an outcome are left out. {_note(found)}",
        ("measure", "version", "patients", "events", "value", "low", "high", "change", "change low", "change high"),
        rows,
    )


def _scores_table(signature: Signature, found: PatientScores) -> Table:
    columns = zip(found.patients, *(scores.tolist() for scores in found.scores.values()), strict=True)
    return Table(
        f"signature_{signature.file_stem}_scores",
        f"Signature '{signature.name}': every patient's score",
        _note(found),
        ("patient", *found.scores),
        list(columns),
    )
