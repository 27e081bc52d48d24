"""What a network steered by blur and noise is best told of a CT.

Small networks read a scan's spectra, edges and noise. They name the strengths that gain most on the mean over what a
scan like this can be, not the likeliest ones: where a smooth scan and a blurred one look alike, they say less. Their
weights stand in ``advice.json``; `benchmarks.steering_fit` makes them from training patients whose scans were degraded
by known strengths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..grid import FloatArray
from .noise import FlatNoise
from .strength import FARTHEST

WEIGHTS = Path(__file__).with_name("advice.json")
LARGEST = (0.6, 30.0)
"""The strongest blur, in pixels of the scan, and noise, in HU, that are advised: what the networks were told in
training."""

KNOWN_PIXELS = (1.0, 3.4)
"""In mm, of the training scans; smaller and larger ones count as these. Blur in mm hardly depends on pixels: smaller
ones are smoother by nature."""


@dataclass(frozen=True)
class Advice:
    """What a steered network is best told.

    Attributes:
        blur_px: Standard deviation of the blur in pixels of the scan, on top of the averaging over its pixels.
        noise: Standard deviation of the noise in HU.
    """

    blur_px: float
    noise: float


@dataclass(frozen=True)
class Layer:
    """A layer of a small network.

    Attributes:
        weights: (input, output).
        offset: (output,).
    """

    weights: FloatArray
    offset: FloatArray


@dataclass(frozen=True)
class Advisers:
    """Networks whose answers are averaged.

    Attributes:
        mean: (feature,) of the training scans.
        scale: (feature,) their standard deviations.
        networks: The layers of each network; all but the last are followed by a hyperbolic tangent.
    """

    mean: FloatArray
    scale: FloatArray
    networks: tuple[tuple[Layer, ...], ...]

    def predict(self, features: FloatArray) -> FloatArray:
        """Blur in pixels and noise in HU, (sample, 2), of features (sample, feature)."""
        standardised = np.clip((features - self.mean) / self.scale, -FARTHEST, FARTHEST)
        answers = [_answer(standardised, layers) for layers in self.networks]
        return np.asarray(np.mean(answers, axis=0) * LARGEST)


def _answer(values: FloatArray, layers: tuple[Layer, ...]) -> FloatArray:
    """Ask one network: shares of `LARGEST`, (sample, 2)."""
    for layer in layers[:-1]:
        values = np.tanh(values @ layer.weights + layer.offset)
    return np.clip(values @ layers[-1].weights + layers[-1].offset, 0.0, 1.0)


def advise(features: FloatArray) -> Advice:
    """Advise by `features_for_advice`'s features (feature,)."""
    blur, noise = read_advisers().predict(features[None])[0]
    return Advice(float(blur), float(noise))


def features_for_advice(scan: FloatArray, noise: FlatNoise, pixel_mm: float) -> FloatArray:
    """Add to what `describe_scan` gave the noise's spectrum and strength, and the pixels' size: (feature,)."""
    spectrum = np.log(np.array(noise.spectrum) + 1e-3)
    return np.concatenate([scan, spectrum, [np.log(noise.deviation + 1.0), np.log(np.clip(pixel_mm, *KNOWN_PIXELS))]])


@lru_cache(maxsize=1)
def read_advisers() -> Advisers:
    """Read the stored weights."""
    content: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    networks = tuple(
        tuple(Layer(np.array(weights, dtype=np.float64), np.array(offset, dtype=np.float64)) for weights, offset in one)
        for one in content["networks"]
    )
    return Advisers(np.array(content["mean"]), np.array(content["scale"]), networks)
