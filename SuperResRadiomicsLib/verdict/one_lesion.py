"""The verdict on each feature of one lesion.

One lesion has no correlation of its own. What can be said of it: how far its features move when it
is perturbed, set against the spread between the lesions that the model was judged on, and how well
the model gave those lesions' true values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import MaskError, ModelError
from ..grid import box_within, expand_box
from ..models import Card, load_card
from ..radiomics import FeatureSettings, FeatureTable, Lesion, LesionVersions, extract_features
from ..radiomics.default_bins import with_default_bins
from ..radiomics.wording import number_text
from ..stability.perturbation import (
    Closing,
    ContourRandomisation,
    NoiseAddition,
    Opening,
    Perturbation,
    Rotation,
    Translation,
    VolumeChange,
)
from .cohort import FEWEST, CohortFinding, weigh_cohort
from .evidence import Evidence, read_evidence
from .verdict import FeatureEvidence, LesionVariation, judge

PERTURBATIONS: tuple[Perturbation, ...] = (
    Opening(),
    Closing(),
    VolumeChange(0.1),
    VolumeChange(-0.1),
    ContourRandomisation(1),
    ContourRandomisation(2),
    Translation((0.5, 0.5, 0.0)),
    Rotation(5.0),
    NoiseAddition(3),
)
"""What one lesion is put through: other outlines, another place of the voxel grid, noise."""

SHAPE_NOTE = "Shape follows the outline alone, of which a network changes nothing: the original's value holds."
NOT_MEASURED = "The feature is not among those that were measured on patients with a reference."
CONTEXT_MM = 15.0
"""Around the lesion: as far as any of these perturbations reaches."""


def check_stability(
    lesion: Lesion,
    settings: FeatureSettings | None = None,
    perturbations: Sequence[Perturbation] = PERTURBATIONS,
) -> dict[str, float]:
    """Perturb a lesion and compute how far each feature of the enhanced image moves.

    Where the model draws samples, the first of them is perturbed: their mean has not the texture of any of them.

    Give the result to `compare` as ``variation``, and the verdicts say which features are stable.

    Args:
        lesion: An enhancement of a lesion, the folder of one, or images put together, as for `compare`.
        settings: As in the feature table; the defaults of `FeatureSettings` unless given.
        perturbations: Those that leave nothing of the lesion are skipped.

    Returns:
        The standard deviation by feature key, over the lesion as it is and perturbed; NaN where a feature is not always
        defined.

    Raises:
        MaskError: No perturbation leaves anything of the lesion.

    Examples:
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> moved = check_stability(small_lesion(), FeatureSettings(engine="exact", classes=("firstorder",)))
        >>> moved["original_firstorder_Mean"] > 0
        True
    """
    versions = LesionVersions.of(lesion)
    settings = with_default_bins(versions.original, versions.original_mask, settings or FeatureSettings())
    grid = versions.enhanced.whole_grid
    seen = settings.box_seen(expand_box(versions.refined_box, grid, CONTEXT_MM), grid)
    wide = versions.widened(seen)
    box = box_within(seen, wide.enhanced.held)
    image, mask = wide.measured[0].cut(box), wide.refined_mask[box.slices]
    fixed = replace(settings, dimension=settings.resolve_dimension(versions.original.grid))
    axis = settings.through_plane(versions.original.grid)
    found = [extract_features(image, mask, fixed, axis)]
    for perturbation in perturbations:
        try:
            found.append(extract_features(*perturbation.apply(image, mask), fixed, axis))
        except MaskError:
            continue
    if len(found) < 2:
        raise MaskError(
            "The lesion is too small to be perturbed: nothing of it is left. Compare it without a check of stability."
        )
    return {key: float(np.std([values[key] for values in found], ddof=1)) for key in found[0]}


def card_behind(table: FeatureTable) -> Card | None:
    """Find the card of the model that a table's provenance names, where it is installed with the same weights."""
    model = (table.header.provenance or {}).get("model")
    if not model:
        return None
    try:
        card = load_card(model["name"])
    except ModelError:
        return None
    return card if card.sha256 == model["sha256"] else None


def lesion_spread(table: FeatureTable, card: Card | None) -> dict[str, float]:
    """Compute the spread of each feature between patients, from the evidence that holds for a table.

    Args:
        table: The features of one lesion.
        card: The model's card, where it is known.

    Returns:
        Standard deviation by key; only features that vary, and nothing where no evidence holds.
    """
    evidence, _ = choose_evidence(table, card)
    return {} if evidence is None else _spreads(evidence)


def judge_lesion(
    table: FeatureTable,
    card: Card | None,
    variation: Mapping[str, float] | None = None,
    lesion_type: str | None = None,
    patient: str | None = None,
) -> FeatureTable:
    """Judge each feature of the enhanced image.

    Args:
        table: The features of one lesion.
        card: The model's card, where it is known.
        variation: From `check_stability`, where stability was checked.
        lesion_type: What the lesion is, as evidence calls it, where that is known.
        patient: Who the lesion is of, where that is known; the patient's own evidence is left out.

    Returns:
        The same table, every row with a verdict, and the type of the lesion in the header where it is known.
    """
    evidence, why_not = choose_evidence(table, card, lesion_type, patient)
    findings = {} if evidence is None else _findings(evidence)
    spreads = {} if evidence is None else _spreads(evidence)
    counts = set(table.header.lesion_voxels.values())
    rows = []
    for row in table.rows:
        why = list(why_not)
        finding = findings.get(row.key)
        if evidence is not None and finding is None:
            why.append(SHAPE_NOTE if row.feature_class == "shape" else NOT_MEASURED)
        elif evidence is not None and not evidence.covers(evidence.features.index(row.key), row.bicubic):
            finding = None
            why.append(f"This lesion's value lies outside of those of the {evidence.source} that were measured.")
        if evidence is not None and finding is not None:
            why += _beside_readers(row.key, evidence)
        known = FeatureEvidence(
            row.key,
            variation=_variation(row.key, variation, spreads, evidence),
            finding=finding,
            source="" if evidence is None else evidence.source,
            notes=tuple(why),
            counts_differ=len(counts) > 1,
        )
        rows.append(replace(row, verdict=judge(known)))
    header = table.header if lesion_type is None else replace(table.header, lesion_type=lesion_type)
    return replace(table, header=header, rows=rows)


def choose_evidence(
    table: FeatureTable, card: Card | None, lesion_type: str | None = None, patient: str | None = None
) -> tuple[Evidence | None, tuple[str, ...]]:
    """Choose the evidence that holds for a table and whose lesions are most like this one; or say why there is none.

    Where the type of the lesion is not known, several types may hold: the one among whose values most of this lesion's
    features lie is chosen, then the one with most patients, then the one tested with strengths most alike.
    """
    groups = read_evidence(card)
    if not groups:
        name = "The model" if card is None else f"The model '{card.name}'"
        return None, (
            f"{name} comes without evidence: what it does to features was not measured, with these weights, on "
            "patients whose true image is known.",
        )
    header = table.header.to_dict()
    original = {row.key: row.original for row in table.rows}
    fitting: list[Evidence] = []
    nearest: dict[str, list[str]] = {}
    for group in groups:
        others = group.without(patient, original)
        why = others.mismatches(header, lesion_type)
        if not why and len(others.patients) < FEWEST:
            why = [f"they are {len(others.patients)} without this lesion's own, and {FEWEST} are needed"]
        if not why:
            fitting.append(others)
        elif group.source not in nearest or len(why) < len(nearest[group.source]):
            nearest[group.source] = why
    if not fitting:
        found = nearest.items()
        return None, tuple(
            f"What was measured on {source} does not hold here ({'; '.join(why)})." for source, why in found
        )
    return max(fitting, key=lambda group: (_covered(group, table), len(group.patients), -_width(group))), ()


def _covered(evidence: Evidence, table: FeatureTable) -> int:
    """Count the features of a lesion whose values lie among those that were tested."""
    columns = {key: number for number, key in enumerate(evidence.features)}
    return sum(row.key in columns and evidence.covers(columns[row.key], row.bicubic) for row in table.rows)


def _width(evidence: Evidence) -> float:
    """How wide the tested range of blur is; zero for one value."""
    low, high = evidence.told.get("blur_px", (0.0, 0.0))
    return high - low


def _beside_readers(key: str, evidence: Evidence) -> list[str]:
    """Say how the model's error compares with what other readers' outlines do to the feature."""
    if evidence.readers is None:
        return []
    column = evidence.features.index(key)
    error, spread = evidence.error(column), float(evidence.readers.spread[column])
    if not (np.isfinite(error) and np.isfinite(spread) and spread > 0):
        return []
    compared = "smaller" if error < spread else "not smaller"
    return [
        f"The model's median error ({number_text(error, digits=3)}) is {compared} than the spread between readers who "
        f"outline the same lesion ({number_text(spread, digits=3)}; {evidence.readers.patients} patients)."
    ]


def _findings(evidence: Evidence) -> dict[str, CohortFinding]:
    values = evidence.values
    found = weigh_cohort(values["reference"], values["bicubic"], values["enhanced"], values.get("null"))
    return dict(zip(evidence.features, found, strict=True))


def _spreads(evidence: Evidence) -> dict[str, float]:
    """Compute the true values' standard deviation between patients, of features that are always defined and vary."""
    spreads = evidence.values["reference"].std(axis=0, ddof=1)
    found = zip(evidence.features, spreads.tolist(), strict=True)
    return {key: spread for key, spread in found if np.isfinite(spread) and spread > 0}


def _variation(
    key: str, variation: Mapping[str, float] | None, spreads: Mapping[str, float], evidence: Evidence | None
) -> LesionVariation | None:
    if variation is None or key not in variation or key not in spreads or evidence is None:
        return None
    return LesionVariation(variation[key], len(PERTURBATIONS) + 1, spreads[key], len(evidence.patients))
