"""90% intervals of samples: their raw width, and factors that make them hold 90%, as a model's folder keeps them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .card import Card
from .conditions import TOLD_WORDS, differences
from .measured import read_measured

INTERVALS_NAME = "intervals.json"
CONFIDENCE = 0.9
NORMAL_QUANTILE = 1.6448536269514722
"""A standard normal number lies within so much of 0 in 90% of cases."""
UNTOLD_WORDS = {"noise": "noise of the scan, which this model is not told"}
IMAGE = "image"
"""Key of the factor for the voxels of the image, beside the keys of features and the names of their classes."""


def raw_half_width_in_sd(count: int) -> float:
    """Find half the width of a 90% interval about the mean of samples, in standard deviations over them.

    1.645 sqrt(1 + 1/K) K/(K - 1): the truth is one more draw, the mean is uncertain itself, and few samples know
    their own spread badly.

    Args:
        count: How many samples, at least two.

    Examples:
        >>> round(raw_half_width_in_sd(8), 3)
        1.994
    """
    return NORMAL_QUANTILE * math.sqrt(1 + 1 / count) * count / (count - 1)


@dataclass(frozen=True)
class Calibration:
    """What half widths of raw intervals are multiplied by, measured on patients that nobody was trained on.

    Attributes:
        lesions: What the lesions are: "sarcomas".
        patients: How many.
        coverage: Share of true values that the intervals held, each patient's factors being those of the others.
        conditions: By name, what must be equal for the factors to hold.
        spacing_mm: Least and largest in-plane pixel of the images that were enhanced.
        factors: By class of features, by key of a feature where there were patients enough, or under `IMAGE`.
    """

    lesions: str
    patients: int
    coverage: float
    conditions: Mapping[str, Any]
    spacing_mm: tuple[float, float]
    factors: Mapping[str, float]

    @property
    def source(self) -> str:
        """Where it was measured, in words."""
        return f"{self.patients} patients, {self.lesions}"

    def factor(self, key: str) -> float | None:
        """Look up a feature's own factor, else that of its class; None where neither was measured.

        Args:
            key: Of a feature, such as ``original_glcm_Contrast``, or `IMAGE`.
        """
        image_type, _, rest = key.partition("_")
        of_class = rest.partition("_")[0] if image_type == "original" else ""
        return self.factors.get(key, self.factors.get(of_class))

    def differences(self, asked: Mapping[str, Any]) -> list[str]:
        """Say why it does not hold for what is asked for; see `conditions.differences`."""
        return differences(self.conditions, self.spacing_mm, asked)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON-able values."""
        return {
            "lesions": self.lesions,
            "patients": self.patients,
            "coverage": self.coverage,
            "conditions": dict(self.conditions),
            "spacing_mm": list(self.spacing_mm),
            "factors": dict(self.factors),
        }


def read_calibrations(card: Card | None, of: Literal["features", "images"]) -> tuple[Calibration, ...]:
    """Read what is known of a model's intervals.

    Args:
        card: The model's; nothing is known without it.
        of: Intervals of features, or of voxels.

    Returns:
        Nothing where the model's folder has no ``intervals.json``, or one that was measured with other weights.

    Raises:
        ModelError: The file cannot be read.
    """

    def read(content: Any) -> tuple[str, list[Calibration]]:
        return content["weights"], [_as_told(card, _from_dict(group)) for group in content[of]]

    return read_measured(card, INTERVALS_NAME, "intervals", read)


def nearest(known: Iterable[Calibration], asked: Mapping[str, Any]) -> tuple[list[Calibration], str]:
    """Choose the calibrations that hold for what is asked for.

    A scan's blur and noise are seldom those of a measurement. Between the least and the largest strengths that were
    measured, all measurements that agree in everything else hold together: `widest` takes the largest factor.

    Returns:
        Those that hold; and where none does, why the nearest one does not.
    """
    known = list(known)
    apart = [(each, each.differences(asked)) for each in known]
    fitting = [each for each, reasons in apart if not reasons]
    fitting = fitting or _around(known, asked)
    if fitting or not apart:
        return fitting, ""
    fewest = min(len(reasons) for _, reasons in apart)
    return [], "; ".join(next(reasons for _, reasons in apart if len(reasons) == fewest))


def _around(known: Iterable[Calibration], asked: Mapping[str, Any]) -> list[Calibration]:
    """Choose measurements that differ in blur and noise alone, where these lie between those measured."""
    alike = []
    for each in known:
        told = {name: each.conditions[name] for name in TOLD_WORDS if name in each.conditions}
        if told and not each.differences({**asked, **told}):
            alike.append(each)
    for name in TOLD_WORDS:
        strengths = [each.conditions[name] for each in alike if name in each.conditions]
        if strengths and not min(strengths) <= asked[name] <= max(strengths):
            return []
    return alike


def widest(fitting: Iterable[Calibration], key: str) -> float | None:
    """Take the largest factor for a feature: which lesions this one is like is not known. None where none knows it."""
    factors = [factor for each in fitting if (factor := each.factor(key)) is not None]
    return max(factors, default=None)


def _as_told(card: Card | None, known: Calibration) -> Calibration:
    """Mark strengths that the model is not told: nobody knows then whether a scan has those of the measurement."""
    takes = {condition.name for condition in card.conditions} if card else set()
    conditions = {}
    for name, value in known.conditions.items():
        untold = name in UNTOLD_WORDS and name not in takes
        conditions[UNTOLD_WORDS[name] if untold else name] = value
    return replace(known, conditions=conditions)


def _from_dict(group: Mapping[str, Any]) -> Calibration:
    least, largest = (float(each) for each in group["spacing_mm"])
    factors = {str(key): float(factor) for key, factor in group["factors"].items()}
    if any(not 0 <= factor < math.inf for factor in factors.values()):
        raise ValueError("a factor is negative or no number")
    return Calibration(
        str(group["lesions"]),
        int(group["patients"]),
        float(group["coverage"]),
        group["conditions"],
        (least, largest),
        factors,
    )
