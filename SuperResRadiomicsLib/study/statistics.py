"""What a study's features say about robustness, restoration and trust, in numbers.

Tests and intervals of means take one value a patient (the mean of the patient's lesions); the intraclass correlation
takes lesions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..stability import RISK_MODELS, Scaler, principal_components, risk_scores
from .cube import Cube, FloatArray
from .estimates import (
    agreement,
    agreement_limits,
    changes,
    choose_bins,
    mask_correlations,
    robust_over_bins,
    texture,
)
from .findings import COMPONENTS, Findings, TextureComponents

if TYPE_CHECKING:
    from .protocol import Protocol

FEWEST_LESIONS = 3
"""Lesions below which nothing is computed."""


def analyse(cube: Cube, protocol: Protocol) -> Findings:
    """Compute all statistics that the protocol and the number of lesions allow."""
    choice = choose_bins(cube, protocol)
    binning = protocol.chosen_binning or (f"{choice.best} bins" if choice else cube.binnings[0])
    if len(cube.cases) < FEWEST_LESIONS:
        return Findings(binning, choice)
    base = protocol.base
    others = [version for version in cube.versions if version != base]
    return Findings(
        binning,
        choice,
        correlations=mask_correlations(cube, protocol, binning),
        agreement={version: agreement(cube, base, version, binning) for version in cube.versions},
        limits={version: agreement_limits(cube, protocol, version, binning) for version in others},
        changes={version: changes(cube, base, version, binning) for version in others},
        components=_texture_components(cube, protocol, binning),
        scores=_risk_scores(cube, protocol, binning),
    )


def _texture_components(cube: Cube, protocol: Protocol, binning: str) -> TextureComponents | None:
    """Components of the texture features that are always defined and vary; None where these are too few."""
    tables = {version: cube.of(version, binning=binning) for version in cube.versions}
    kept = texture(cube)
    for table in tables.values():
        kept = kept & np.isfinite(table).all(axis=0) & (np.ptp(table, axis=0) > 0)
    kind = "texture features"
    if protocol.statistics.components_of == "robust":
        kept &= robust_over_bins(cube, protocol)
        kind += f" whose ICC(3,1) over the binnings exceeds {protocol.statistics.excellent:g} in some version"
    if kept.sum() < COMPONENTS:
        return None
    names = tuple(key for key, keep in zip(cube.features, kept, strict=True) if keep)
    return TextureComponents(
        names, kind, {version: principal_components(table[:, kept]) for version, table in tables.items()}
    )


def _risk_scores(cube: Cube, protocol: Protocol, binning: str) -> dict[str, dict[str, FloatArray]]:
    """Scores of the risk models whose features are all there: by model, by version."""
    found = {}
    for model in RISK_MODELS.values():
        if not set(model.coefficients) <= set(cube.features):
            continue
        features = {}
        for version in cube.versions:
            table = cube.of(version, binning=binning)
            features[version] = {key: table[:, cube.features.index(key)] for key in model.coefficients}
        if not all(np.isfinite(list(values.values())).all() for values in features.values()):
            continue
        if any(np.ptp(values) == 0 for values in features[protocol.base].values()):
            continue  # no standard score of what does not vary: one case, or a maximum where images saturate
        scaler = Scaler.fit(features[protocol.base])
        found[model.name] = {version: risk_scores(model, values, scaler) for version, values in features.items()}
    return found
