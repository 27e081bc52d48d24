"""What a model did to the features of patients it was not trained on, and the conditions of that measurement.

A figure holds where it was measured. Evidence is used only for a lesion whose settings match and whose pixels, and
the blur and noise that the model was told, lie within the tested ranges; feature by feature only where the lesion's
value lies among those that were tested; and never with the lesion's own patient in it. Whatever does not match is
named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..grid.types import FloatArray
from ..models import Card
from ..models.conditions import TOLD_WORDS, differences
from ..models.measured import read_measured
from ..radiomics.conditions import SETTINGS, conditions_of

EVIDENCE_NAME = "evidence.json"
IMAGES = ("reference", "bicubic", "enhanced", "null")
SAME = ("modality", *SETTINGS, "dimension")
"""Conditions that must be equal."""
TOLD = tuple(TOLD_WORDS)
"""Strengths that a model is told; each must lie within the range that was tested."""
LEVEL_FEATURES = tuple(
    f"original_firstorder_{name}"
    for name in (
        "10Percentile", "90Percentile", "Energy", "Maximum", "Mean", "Median", "Minimum", "RootMeanSquared",
        "TotalEnergy",
    )
)  # fmt: skip
"""Features that change when a constant is added to all voxels."""
BEYOND = 0.25
"""By which share of the tested values' range a lesion's value may lie outside of it."""
ALIKE, SHARE_ALIKE = 1e-5, 0.9
"""A lesion whose values are so near to a patient's, in so many features, is that patient's; files keep six digits."""


@dataclass(frozen=True)
class ReaderSpread:
    """How far apart the features are when several readers outline the same lesion on the same image.

    Attributes:
        patients: Whose lesions were outlined by more than one reader.
        spread: (features,) standard deviation between readers, pooled over the patients.
    """

    patients: int
    spread: FloatArray


@dataclass(frozen=True)
class Evidence:
    """Features of lesions of one type on all images, one row a patient.

    Attributes:
        lesion_type: What the lesions are: "soft-tissue sarcoma".
        conditions: By the names of `SAME`, what must be equal.
        told: By the names of `TOLD`, least and largest strength that the model was told, and that it had to undo.
        spacing_mm: Least and largest in-plane pixel of the images that were enhanced.
        features: Keys of the columns.
        patients: Whose lesions they are.
        values: By image of `IMAGES`: (patients, features); NaN where a feature is not defined.
        identity: (patients, features) of the whole lesions on the original image, by which one is recognised.
        readers: Spread of the features between several readers' outlines, where there were some.
    """

    lesion_type: str
    conditions: Mapping[str, Any]
    told: Mapping[str, tuple[float, float]]
    spacing_mm: tuple[float, float]
    features: tuple[str, ...]
    patients: tuple[str, ...]
    values: Mapping[str, FloatArray]
    identity: FloatArray
    readers: ReaderSpread | None = None

    @property
    def source(self) -> str:
        """Where it was measured, for the reasons."""
        return f"{len(self.patients)} patients with {self.lesion_type}"

    def without(self, patient: str | None, original: Mapping[str, float]) -> Evidence:
        """Leave out a lesion's own patient.

        Args:
            patient: Who the lesion is of, where that is known.
            original: The lesion's features on its original image, by key, which tell it where the name does not.
        """
        values = np.array([original.get(key, np.nan) for key in self.features])
        kept = [row for row, name in enumerate(self.patients) if name != patient and not self._is_lesion(row, values)]
        return replace(
            self,
            patients=tuple(self.patients[row] for row in kept),
            values={image: table[kept] for image, table in self.values.items()},
            identity=self.identity[kept],
        )

    def _is_lesion(self, row: int, values: FloatArray) -> bool:
        """Whether a row's true values are those of a lesion."""
        known = self.identity[row]
        both = np.isfinite(known) & np.isfinite(values)
        if not both.any():
            return False
        near = np.abs(known - values)[both] <= ALIKE * np.maximum(np.abs(known), np.abs(values))[both]
        return bool(near.mean() >= SHARE_ALIKE)

    def mismatches(self, header: Mapping[str, Any], lesion_type: str | None = None) -> list[str]:
        """Say why the evidence does not hold for a table with this header; empty where it does.

        Args:
            header: Of the table, as its file has it.
            lesion_type: What the lesion is, where that is known.
        """
        found = []
        if lesion_type is not None and lesion_type != self.lesion_type:
            found.append(f"lesion type: {self.lesion_type} there, {lesion_type} here")
        asked = conditions_of(header)
        for name, (low, high) in self.told.items():
            if not low <= asked[name] <= high:
                tested = f"{low:g}" if low == high else f"{low:g} to {high:g}"
                found.append(f"{TOLD_WORDS[name]}: {tested} there, {asked[name]:g} here")
        known = {name: self.conditions[name] for name in SAME if name in self.conditions}
        return found + differences(known, self.spacing_mm, asked)

    def error(self, feature: int) -> float:
        """Find the median over patients of a feature's error on the enhanced image; NaN where none is known."""
        errors = np.abs(self.values["enhanced"][:, feature] - self.values["reference"][:, feature])
        errors = errors[np.isfinite(errors)]
        return float(np.median(errors)) if errors.size else float("nan")

    def covers(self, feature: int, value: float) -> bool:
        """Whether a lesion's value of a feature lies among the tested ones, or a little outside."""
        tested = self.values["bicubic"][:, feature]
        tested = tested[np.isfinite(tested)]
        if not tested.size or not np.isfinite(value):
            return False
        margin = BEYOND * float(np.ptp(tested))
        return bool(tested.min() - margin <= value <= tested.max() + margin)


def read_evidence(card: Card | None) -> tuple[Evidence, ...]:
    """Read what was measured of a model, by type of lesion.

    Returns:
        Nothing where the model's folder has no ``evidence.json``, or one that was measured with other weights.

    Raises:
        ModelError: The file cannot be read.
    """

    def read(content: Any) -> tuple[str, list[Evidence]]:
        return content["model"]["sha256"], _from_dict(content)

    return read_measured(card, EVIDENCE_NAME, "evidence", read)


def _from_dict(content: Mapping[str, Any]) -> list[Evidence]:
    """Read all groups of a file, each part of a group for itself."""
    found = []
    for group in content["groups"]:
        least, largest = group["spacing_mm"]
        outlines = group.get("readers")
        readers = None if outlines is None else ReaderSpread(outlines["patients"], _table(outlines["spread"]))
        reference = _table(group["reference"])
        for part in group["parts"]:
            tables = {image: _table(table) for image, table in part["values"].items()}
            found.append(
                Evidence(
                    group["lesion_type"],
                    group["conditions"],
                    {name: (low, high) for name, (low, high) in part["told"].items()},
                    (least, largest),
                    tuple(content["features"]),
                    tuple(group["patients"]),
                    {"reference": reference, **tables},
                    _table(group["identity"]),
                    readers,
                )
            )
    return found


def _table(values: Any) -> FloatArray:
    return np.array(values, dtype=np.float64)
