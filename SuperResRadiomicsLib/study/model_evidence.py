"""What was measured of a network elsewhere, where it holds for every lesion of a study without a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import SuperResRadiomicsLib as srr

from ..verdict import CohortFinding, weigh_cohort
from ..verdict.cohort import FEWEST
from ..verdict.evidence import Evidence, read_evidence
from .cube import Cube
from .folder import CaseFile
from .measure import interval_settings
from .part import read_provenance

if TYPE_CHECKING:
    from .protocol import Protocol

COVERED = 0.9
"""A feature's finding is used where at least this share of the study's values lies among the tested ones."""


@dataclass(frozen=True)
class ModelEvidence:
    """What other patients say of a network's images.

    Attributes:
        source: Who they are: "12 patients with soft-tissue sarcoma"; empty where nothing holds.
        findings: By key of the features.
        why_not: Why nothing holds, in sentences.
    """

    source: str = ""
    findings: Mapping[str, CohortFinding] = field(default_factory=dict)
    why_not: tuple[str, ...] = ()


def evidence_of_models(
    cube: Cube, protocol: Protocol, files: Mapping[str, CaseFile], binning: str
) -> dict[str, ModelEvidence]:
    """Find the evidence that holds for each network's images of a robustness study.

    Args:
        cube: The study's features.
        protocol: The protocol.
        files: What each case left, by its name.
        binning: The binning that the verdicts rest on.

    Returns:
        By version. Nothing for a restoration study, which has its own reference.
    """
    if protocol.kind == "restoration":
        return {}
    provenances = [read_provenance(files[case].path) for case in cube.cases]
    found = {}
    for version, section in protocol.models.items():
        card = srr.load_card(str(section.model))
        headers = [_header(provenance, version, protocol, binning) for provenance in provenances]
        found[version] = _holding(read_evidence(card), headers, cube, protocol, binning)
    return found


def _header(provenance: Mapping[str, Any], version: str, protocol: Protocol, binning: str) -> dict[str, Any]:
    """Describe a case as the header of a table of one lesion does."""
    of_version = provenance["versions"][version]
    settings = interval_settings(protocol, binning, provenance["dimension"])
    return {
        **settings,
        "dimension_used": provenance["dimension"],
        "modality": provenance["image"]["modality"],
        "through_plane_axis": of_version["parameters"]["through_plane_axis"],
        "spacing_mm": {"original": of_version["input"]["spacing_mm"]},
        "provenance": of_version,
    }


def _holding(
    groups: Sequence[Evidence], headers: Sequence[Mapping[str, Any]], cube: Cube, protocol: Protocol, binning: str
) -> ModelEvidence:
    """Take the evidence with most patients that holds for all lesions, or say why there is none."""
    if not groups:
        return ModelEvidence(why_not=("The model comes without evidence of what it does to features.",))
    holding: list[Evidence] = []
    nearest: dict[str, tuple[int, int, str]] = {}  # By source: what speaks least against it, as numbers and in words.
    for group in groups:
        others = _without_own_patients(group, cube, protocol, binning)
        differing = [why for why in (others.mismatches(header) for header in headers) if why]
        if differing:
            said = f"{len(differing)} of {len(headers)} lesions differ; {'; '.join(differing[0])}"
            against = (len(differing), len(differing[0]), said)
        elif len(others.patients) < FEWEST:
            against = (0, 0, f"without the study's own patients they are fewer than {FEWEST}")
        else:
            holding.append(others)
            continue
        nearest[group.source] = min(against, nearest.get(group.source, against))
    if not holding:
        found = nearest.items()
        sentences = [f"What was measured on {source} does not hold here ({why})." for source, (_, _, why) in found]
        return ModelEvidence(why_not=tuple(sentences))
    chosen = max(holding, key=lambda group: len(group.patients))
    return ModelEvidence(chosen.source, _findings(chosen, cube, protocol, binning))


def _without_own_patients(group: Evidence, cube: Cube, protocol: Protocol, binning: str) -> Evidence:
    """Leave out patients who are in the study, told by name or by the values of their lesions."""
    base = cube.of(protocol.base, binning=binning)
    for patient, values in zip(cube.patients, base, strict=True):
        group = group.without(patient, dict(zip(cube.features, values.tolist(), strict=True)))
    return group


def _findings(group: Evidence, cube: Cube, protocol: Protocol, binning: str) -> dict[str, CohortFinding]:
    """Weigh the evidence; features whose values lie elsewhere in this study are left out."""
    values = group.values
    weighed = weigh_cohort(values["reference"], values["bicubic"], values["enhanced"], values.get("null"))
    sources = {section.source: version for version, section in protocol.versions.items()}
    seen = cube.of(sources.get("interpolated", protocol.base), binning=binning)
    found = {}
    for column, (key, finding) in enumerate(zip(group.features, weighed, strict=True)):
        if key not in cube.features:
            continue
        here = seen[:, cube.features.index(key)]
        covered = np.array([group.covers(column, float(value)) for value in here])
        if covered.mean() >= COVERED:
            found[key] = finding
    return found
