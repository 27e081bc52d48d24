"""The verdict on each feature of one lesion.

One lesion has no correlation of its own. What can be said of it: how far its features move when it
is perturbed, set against the spread between the lesions that the model was judged on, and how well
the model gave those lesions' true values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import MaskError, ModelError
from ..grid import box_within, expand_box
from ..models import Card, load_card
from ..radiomics import FeatureSettings, FeatureTable, Lesion, LesionVersions, extract_features
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
from .verdict import Faithfulness, FeatureEvidence, judge

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
    """
    versions, settings = LesionVersions.of(lesion), settings or FeatureSettings()
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
        raise MaskError("The lesion is too small to be perturbed: nothing of it is left. Its stability is not known.")
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


def lesion_spread(card: Card | None) -> dict[str, float]:
    """Look up each feature's standard deviation between the lesions that a model was judged on, by key."""
    found = {key: figures.get("spread") for key, figures in _held_out(card).items()}
    return {key: spread for key, spread in found.items() if spread}


def judge_lesion(table: FeatureTable, card: Card | None, variation: Mapping[str, float] | None = None) -> FeatureTable:
    """Add a verdict on each feature of the enhanced image to a table.

    Args:
        table: The features of one lesion.
        card: The model's card, where it is known.
        variation: From `check_stability`, where stability was checked.
    """
    # The card's figures are those of the image without preprocessing.
    known = {} if table.header.preprocessing else _held_out(card)
    counts = set(table.header.lesion_voxels.values())
    rows = []
    for row in table.rows:
        held_out = known.get(row.key, {})
        evidence = FeatureEvidence(
            row.key,
            variation=(variation or {}).get(row.key),
            spread=held_out.get("spread"),
            enhanced=_faithfulness(held_out, "network"),
            bicubic=_faithfulness(held_out, "bicubic"),
            null_model=_faithfulness(held_out, "bicubic+noise"),
            counts_differ=len(counts) > 1,
        )
        rows.append(replace(row, verdict=judge(evidence)))
    return replace(table, rows=rows)


def _held_out(card: Card | None) -> dict[str, Any]:
    """Read what the card says of each feature under its first degradation, and of how many patients."""
    degradations = card.results.get("degradations", {}) if card else {}
    first: dict[str, Any] = next(iter(degradations.values()), {})
    features = first.get("features", {})
    patients = len(features.get("patients", ()))
    return {key: {**values, "patients": patients} for key, values in features.get("by_feature", {}).items()}


def _faithfulness(held_out: Mapping[str, Any], method: str) -> Faithfulness | None:
    figures = held_out.get(method, {})
    if figures.get("concordance") is None or figures.get("error") is None:
        return None
    return Faithfulness(figures["concordance"], figures["error"], held_out["patients"], "the model's held-out patients")
