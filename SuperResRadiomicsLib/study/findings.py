"""What a study has found, in numbers: what its tables and plots show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..stability import BinChoice, PrincipalComponents
from .cube import FloatArray
from .estimates import MaskCorrelation
from .model_evidence import ModelEvidence

COMPONENTS = 3
"""Principal components that are shown, and that a feature's importance rests on."""


@dataclass(frozen=True)
class TextureComponents:
    """Principal components of texture features.

    Attributes:
        features: Their keys.
        kind: Which features these are, in words.
        by_version: The components of each version.
    """

    features: tuple[str, ...]
    kind: str
    by_version: Mapping[str, PrincipalComponents]


@dataclass(frozen=True)
class Findings:
    """The statistics of a study; without agreement there were too few lesions for any.

    Attributes:
        binning: The binning that all but the statistics over bins rest on.
        choice: How it was chosen, where the data chose it.
        correlations: By version: agreement between the perturbations, where there are some.
        agreement: By version (feature,): concordance with the base version.
        limits: By version (2, feature): both limits of it; NaN where there are none.
        changes: By version: relative change of each feature, and its adjusted p-value (NaN without).
        components: Of the texture features; None where these are too few.
        scores: Scores (case,) of the risk models whose features are all there: by model, by version.
        evidence: By version: what other patients say of a network's images, where the study has no reference.
    """

    binning: str
    choice: BinChoice | None
    correlations: Mapping[str, MaskCorrelation] = field(default_factory=dict)
    agreement: Mapping[str, FloatArray] = field(default_factory=dict)
    limits: Mapping[str, FloatArray] = field(default_factory=dict)
    changes: Mapping[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)
    components: TextureComponents | None = None
    scores: Mapping[str, dict[str, FloatArray]] = field(default_factory=dict)
    evidence: Mapping[str, ModelEvidence] = field(default_factory=dict)
