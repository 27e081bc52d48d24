"""Figures of a scan that can be compared between scans, and the scans that a model was made with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..grid import Box, FloatArray
from ..io.adapters import ImageLike, as_image
from ..io.image import Image
from .noise import tissue_windows, windows_of
from .quality import ScanQuality, measure_scan
from .region import measured_slices

TISSUE_HU, AIR_HU, DENSE_HU = (-200.0, 200.0), -900.0, 300.0
DARK_SHARE = 0.05
FEWEST_TISSUE_PX = 50
FEWEST_DENSE_SHARE, PEAK_HU = 0.05, 20.0
SMALLEST = 1e-4
RANGE_QUANTILES = (0.01, 0.99)
FEWEST_PATIENTS = 2


@dataclass(frozen=True)
class Meaning:
    """What a figure is.

    Attributes:
        phrase: For the user.
        unit: Of the value shown.
        logarithmic: Whether the figure is the logarithm of that value.
        least_spread: Standard deviation that stands for a smaller one, where the scans of a model hardly differ.
    """

    phrase: str
    unit: str = ""
    logarithmic: bool = False
    least_spread: float = 0.05

    def shown(self, figure: float) -> str:
        """Write a figure's value for the user, without its unit."""
        return f"{math.exp(figure) if self.logarithmic else figure:.3g}"


MEANINGS = {
    "slice": Meaning("distance of slices", "mm", logarithmic=True),
    "low": Meaning("lowest intensity (0.5 percentile)"),
    "middle": Meaning("median intensity"),
    "high": Meaning("highest intensity (99.5 percentile)"),
    "air": Meaning("share of air"),
    "soft": Meaning("share of soft tissue and fat"),
    "dense": Meaning("share of bone and contrast agent"),
    "tissue": Meaning("median of soft tissue and fat"),
    "dark": Meaning("share of background"),
    "noise": Meaning("noise", logarithmic=True),
    "correlation": Meaning("correlation of neighbouring pixels' noise"),
    "kernel": Meaning("fine over coarse grain of the noise", logarithmic=True),
    "edge": Meaning("width of the steepest edges", "px", logarithmic=True),
    "rise": Meaning("medium over coarse grain of the noise", logarithmic=True),
    "clipped": Meaning("share of pixels at the highest value", logarithmic=True, least_spread=1.0),
    "equal": Meaning("share of neighbouring pixels of the same value"),
    "dense_peak": Meaning("share of the dense pixels of nearly one value"),
    "texture": Meaning("variation within tissue over noise", logarithmic=True),
    "detail": Meaning("power of the finest detail over that of coarser (log)"),
    "structure": Meaning("power of structure over that of noise (log)"),
}
"""Figures by name, in the order in which they are told. Intensities and noise are in HU, or in shares of the
foreground's range where images have no unit."""


def comparable_figures(image: ImageLike, box: Box | None = None, through_plane: int | None = None) -> dict[str, float]:
    """Measure what can be compared between scans; arguments as of `measure_scan`.

    Returns:
        Those of `MEANINGS` that can be measured.

    Examples:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(40, 12, (3, 96, 96))
        >>> found = comparable_figures(as_image(noise, modality="CT", spacing=(0.8, 0.8, 3.0)))
        >>> round(np.exp(found["noise"])), found["air"]
        (12, 0.0)
    """
    scan = as_image(image)
    across = scan.slice_axis if through_plane is None else through_plane
    return figures_of(measure_scan(scan, box, across), scan, box, across)


def figures_of(quality: ScanQuality, image: Image, box: Box | None, through_plane: int) -> dict[str, float]:
    """Give the figures of a scan that was measured; arguments as of `comparable_figures`."""
    zero, one = _scale(image)
    found: dict[str, float | None] = {}
    if image.whole_grid.size[through_plane] > 1:
        found["slice"] = math.log(quality.slice_mm)
    if quality.intensities is not None:
        for name, value in zip(("low", "middle", "high"), quality.intensities, strict=True):
            found[name] = (value - zero) / one
    slices = measured_slices(image, box, through_plane)
    found |= _tissues(slices, image.unit, zero, one) | _repeated(slices)
    if quality.noise is not None:
        found["noise"] = math.log(quality.noise.value / one + SMALLEST)
        tissue = tissue_windows(windows_of(slices), image.unit)
        found["texture"] = math.log(math.sqrt(float(np.median(tissue.variance))) / quality.noise.value)
    found["correlation"] = quality.noise_correlation
    powers = [power for _, power in quality.noise_spectrum]
    if powers:
        found["kernel"] = math.log((np.mean(powers[5:]) + 1e-3) / (np.mean(powers[1:3]) + 1e-3))
        found["rise"] = math.log((powers[3] + 1e-3) / (np.mean(powers[1:3]) + 1e-3))
    if quality.edge_mm is not None:
        found["edge"] = math.log(quality.edge_mm / quality.pixel_mm)
    found |= {"detail": quality.detail, "structure": quality.structure}
    return {name: float(value) for name, value in found.items() if value is not None}


def _scale(image: Image) -> tuple[float, float]:
    """Find what stands for 0 and for 1: HU as they are, else the foreground's range."""
    foreground = image.whole.foreground
    if image.unit == "HU" or foreground is None or foreground[1] <= foreground[0]:
        return 0.0, 1.0
    return foreground[0], foreground[1] - foreground[0]


def _tissues(slices: FloatArray, unit: str, zero: float, one: float) -> dict[str, float | None]:
    if unit != "HU":
        return {"dark": float(((slices - zero) / one < DARK_SHARE).mean())}
    low, high = TISSUE_HU
    tissue, dense = slices[(slices > low) & (slices < high)], slices[slices > DENSE_HU]
    peak = None
    if dense.size > FEWEST_DENSE_SHARE * slices.size:
        peak = float((np.abs(dense - np.median(dense)) < PEAK_HU).mean())
    return {
        "dense_peak": peak,
        "air": float((slices < AIR_HU).mean()),
        "soft": tissue.size / slices.size,
        "dense": dense.size / slices.size,
        "tissue": float(np.median(tissue)) if tissue.size > FEWEST_TISSUE_PX else None,
    }


def _repeated(slices: FloatArray) -> dict[str, float | None]:
    """Find what clipping and copying of pixels leave; padding, which has the lowest value, is none of it."""
    inner = slices[:, :, 1:] > slices.min()
    same = (slices[:, :, 1:] == slices[:, :, :-1]) & inner
    equal = float(same.sum() / inner.sum()) if inner.any() else None
    return {"clipped": math.log(float((slices == slices.max()).mean()) + SMALLEST), "equal": equal}


@dataclass(frozen=True)
class KnownFigure:
    """A figure of the scans that a model was made with.

    Attributes:
        low: 1 percentile over these scans.
        high: 99 percentile.
        spread: Standard deviation.
    """

    low: float
    high: float
    spread: float

    def distance(self, figure: float) -> float:
        """How many spreads a figure lies outside; 0 inside."""
        return max(self.low - figure, figure - self.high, 0.0) / self.spread


@dataclass(frozen=True)
class KnownScans:
    """The scans that a model was made with, in figures.

    Attributes:
        figures: By name.
        scans: How many were measured; parts around places drawn at random count as scans of their own.
        patients: Of how many patients.
    """

    figures: Mapping[str, KnownFigure]
    scans: int
    patients: int

    def to_dict(self) -> dict[str, Any]:
        """Describe for JSON."""
        rounded = {
            name: [round(value, 4) for value in (known.low, known.high, known.spread)]
            for name, known in self.figures.items()
        }
        return {"scans": self.scans, "patients": self.patients, "figures": rounded}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> KnownScans:
        """Read what `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        figures = {}
        for name, (low, high, spread) in content["figures"].items():
            known = KnownFigure(float(low), float(high), float(spread))
            if not (known.low <= known.high and known.spread > 0):
                raise ValueError(f"the figure {name} has the range {low} to {high} and the spread {spread}")
            figures[name] = known
        return cls(figures, int(content["scans"]), int(content["patients"]))


def known_scans(figures: Sequence[Mapping[str, float]], patients: Sequence[str]) -> KnownScans:
    """Summarise scans that a model was made with.

    Args:
        figures: Of each scan, as from `comparable_figures`.
        patients: Whose scan each one is.
    """
    found = {}
    for name in MEANINGS:
        measured = [(one[name], whose) for one, whose in zip(figures, patients, strict=True) if name in one]
        if len({whose for _, whose in measured}) < FEWEST_PATIENTS:
            continue
        values = np.array([value for value, _ in measured])
        low, high = np.quantile(values, RANGE_QUANTILES)
        found[name] = KnownFigure(float(low), float(high), max(float(values.std()), MEANINGS[name].least_spread))
    return KnownScans(found, len(figures), len(set(patients)))
