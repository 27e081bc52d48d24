"""What a study has found: all that its report shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..stability import BinChoice, PrincipalComponents
from .cube import FloatArray
from .tables import Table


@dataclass
class Findings:
    """Everything that a report shows.

    Attributes:
        binning: The binning that all but the first table rest on.
        choice: How it was chosen, where the data chose it.
        tables: In the order of the report.
        components: Principal components of each version's texture features.
        component_features: Their keys.
        agreement: By version (feature,): concordance with the base version.
        limits: By version (2, feature): both limits of it; NaN where there are none.
        changes: By version: relative change of each feature, and its adjusted p-value (NaN without).
        scores: Scores (case,) of the risk models whose features are all there: by model, by version.
    """

    binning: str
    choice: BinChoice | None
    tables: list[Table]
    components: dict[str, PrincipalComponents] = field(default_factory=dict)
    component_features: tuple[str, ...] = ()
    agreement: dict[str, FloatArray] = field(default_factory=dict)
    limits: dict[str, FloatArray] = field(default_factory=dict)
    changes: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)
    scores: dict[str, dict[str, FloatArray]] = field(default_factory=dict)
