"""How strong a blur and how much noise a CT has beyond what networks were shown as the truth.

A quadratic ridge regression on the spectra, edges and flat windows of a scan. Its coefficients stand in
``strength.json``; `benchmarks.scan_fit` makes them from training patients whose scans were degraded by known strengths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..grid import FloatArray
from .edges import Edges
from .noise import Windows
from .spectrum import CONTENT_BAND, BlockSpectra

COEFFICIENTS = Path(__file__).with_name("strength.json")
NOISE_OFFSET = 3.0
"""The regression knows the logarithm of the noise plus so many HU."""
WINDOW_QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.5)
FARTHEST = 4.0
"""Features further from the training patients' mean, in their standard deviations, are taken for so far."""


@dataclass(frozen=True)
class Estimate:
    """A measured value with its uncertainty.

    Attributes:
        value: The value.
        sd: Standard deviation of its error.
    """

    value: float
    sd: float

    def to_dict(self) -> dict[str, float]:
        """Describe for JSON."""
        return {"value": round(self.value, 4), "sd": round(self.sd, 4)}


@dataclass(frozen=True)
class Strength:
    """What a scan has beyond the training targets.

    Attributes:
        blur_px: Standard deviation of the blur in pixels of the scan, on top of the averaging over its pixels.
        noise: Standard deviation in HU of the noise on top of what training targets have themselves.
    """

    blur_px: Estimate
    noise: Estimate


@dataclass(frozen=True)
class Regression:
    """The stored regression.

    Attributes:
        mean: (feature,) of the training scans.
        scale: (feature,) their standard deviations.
        weights: (term, 2) for blur and log noise.
        offset: (2,).
        blur_sd: Of the error in pixels, by cross-validation over patients.
        noise_sd: Of the error: HU where there is none, and a share of the noise.
    """

    mean: FloatArray
    scale: FloatArray
    weights: FloatArray
    offset: FloatArray
    blur_sd: float
    noise_sd: tuple[float, float]

    def predict(self, features: FloatArray) -> FloatArray:
        """Blur in pixels and noise in HU, (sample, 2), of features (sample, feature)."""
        found = quadratic_terms(self.standardised(features)) @ self.weights + self.offset
        noise = np.exp(found[:, 1]) - NOISE_OFFSET
        return np.maximum(np.stack([found[:, 0], noise], axis=1), 0.0)

    def standardised(self, features: FloatArray) -> FloatArray:
        """Features in standard deviations from the mean, none further than `FARTHEST`."""
        return np.clip((features - self.mean) / self.scale, -FARTHEST, FARTHEST)


def estimate_strength(features: FloatArray) -> Strength:
    """Estimate blur and noise from `describe_scan`'s features (feature,)."""
    regression = read_regression()
    blur, noise = regression.predict(features[None])[0]
    least, share = regression.noise_sd
    return Strength(
        Estimate(float(blur), regression.blur_sd),
        Estimate(float(noise), float(np.hypot(least, share * noise))),
    )


def describe_scan(spectra: BlockSpectra, edges: Edges, windows: Windows) -> FloatArray:
    """Describe a scan by the numbers that the regression takes: (feature,)."""
    structured = spectra.structured - spectra.structured[CONTENT_BAND]
    variances = np.quantile(windows.variance, WINDOW_QUANTILES)
    quiet = windows.residual[windows.variance <= variances[2]]
    neighbours = (quiet[:, 1:] * quiet[:, :-1]).mean() + (quiet[:, :, 1:] * quiet[:, :, :-1]).mean()
    correlation = neighbours / 2 / max(float(np.square(quiet).mean()), 1e-6)
    return np.concatenate(
        [
            np.delete(structured, CONTENT_BAND),
            spectra.quiet,
            [spectra.structured[CONTENT_BAND]],
            np.log(edges.steepness),
            [edges.concentration],
            np.log(variances + 1e-3) / 2,
            [correlation],
        ]
    ).astype(np.float64)


def quadratic_terms(values: FloatArray) -> FloatArray:
    """Values (sample, feature) and their products (sample, term)."""
    first, second = np.triu_indices(values.shape[1])
    return np.concatenate([values, values[:, first] * values[:, second]], axis=1)


@lru_cache(maxsize=1)
def read_regression() -> Regression:
    """Read the stored coefficients."""
    content: dict[str, Any] = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    arrays = {name: np.array(content[name], dtype=np.float64) for name in ("mean", "scale", "weights", "offset")}
    least, share = content["noise_sd"]
    return Regression(**arrays, blur_sd=float(content["blur_sd"]), noise_sd=(float(least), float(share)))
