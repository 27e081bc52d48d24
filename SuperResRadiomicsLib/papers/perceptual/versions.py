"""What is done to a patch, how much, and which of two versions must be the farther one.

The order of two versions is known without anybody's eyes in two cases: one had more of the
same done to it, or one had something done on top. In the third case it is a convention, the
one for which perceptual distances were made (Zhang et al. 2018, arXiv:1801.03924, figure 1):
of two versions with the same squared error, the one that lost detail is farther than
the one that shows noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from ...grid import FloatArray, interpolate_bicubic
from ...operators import BlurDecimate

KINDS = ("texture", "contrast", "gamma", "blur", "resolution", "noise")
"""In the order in which they are applied."""
SIGNED = ("contrast", "gamma")
LOSSES = ("blur", "resolution")
ADDED = ("texture", "blur", "resolution", "noise")
LARGEST_BLUR_PX, LARGEST_NOISE, LARGEST_CURVE, LARGEST_FACTOR = 3.0, 0.15, 0.7, 4
DETAIL_PX = 1.5
"""Detail is what a Gaussian of this standard deviation takes away."""
SHIFTS = (5, 16)
"""Detail of wrong places comes from so many pixels away."""
GRADED, ON_TOP = 0.5, 0.3
LEAST_RATIO = 1.3
MIXED = 0.35

Severities = dict[str, float]


@dataclass(frozen=True)
class Triplet:
    """A patch and two versions of it, each (side, side) in [0, 1].

    Attributes:
        reference: The patch.
        weak: The version that must be the nearer one.
        strong: The version that must be the farther one.
        weak_severities: What was done to ``weak``, in the order of `KINDS`.
        strong_severities: The same of ``strong``.
    """

    reference: FloatArray
    weak: FloatArray
    strong: FloatArray
    weak_severities: FloatArray
    strong_severities: FloatArray


def draw_triplet(reference: FloatArray, rng: np.random.Generator) -> Triplet:
    """Make two versions of a patch whose order is known."""
    case = rng.random()
    if case < GRADED:
        weak, strong = _graded(rng)
    elif case < GRADED + ON_TOP:
        weak, strong = _on_top(rng)
    else:
        strong = _draw(str(rng.choice(LOSSES)), rng)
        weak = {"noise": noise_of_equal_error(reference, degrade(reference, strong, rng))}
    return Triplet(
        reference, degrade(reference, weak, rng), degrade(reference, strong, rng), _vector(weak), _vector(strong)
    )


def degrade(image: FloatArray, severities: Severities, rng: np.random.Generator) -> FloatArray:
    """Apply degradations.

    Args:
        image: (height, width) in [0, 1].
        severities: 0 to 1 of each kind that shall be applied, -1 to 1 of contrast and gamma.
        rng: Draws noise and shifts.

    Returns:
        Like ``image``, clipped to [0, 1].
    """
    result = image
    for kind in KINDS:
        if severities.get(kind):
            result = _STEPS[kind](result, severities[kind], rng)
    return np.clip(result, 0, 1).astype(np.float32)


def noise_of_equal_error(reference: FloatArray, version: FloatArray) -> float:
    """Find the severity of noise that has the same squared error as a version."""
    error = float(np.sqrt(np.mean((version - reference) ** 2)))
    return min(1.0, math.sqrt(error / LARGEST_NOISE))


def _graded(rng: np.random.Generator) -> tuple[Severities, Severities]:
    """Draw the same degradation twice, at least `LEAST_RATIO` apart."""
    kind = str(rng.choice(KINDS))
    if kind == "resolution":
        weak, strong = sorted(rng.choice(np.arange(2, LARGEST_FACTOR + 1), 2, replace=False))
        return {kind: _of_factor(weak)}, {kind: _of_factor(strong)}
    high = rng.uniform(0.15, 1)
    low = high / rng.uniform(LEAST_RATIO, 4)
    sign = float(rng.choice((-1, 1))) if kind in SIGNED else 1.0
    return {kind: sign * low}, {kind: sign * high}


def _on_top(rng: np.random.Generator) -> tuple[Severities, Severities]:
    """Draw a mixture, and the same with one more degradation."""
    more = str(rng.choice(ADDED))
    weak: Severities = {}
    for kind in KINDS:
        if kind != more and rng.random() < MIXED:
            weak |= _draw(kind, rng)
    return weak or _draw("noise" if more != "noise" else "blur", rng), weak | _draw(more, rng)


def _draw(kind: str, rng: np.random.Generator) -> Severities:
    if kind == "resolution":
        return {kind: _of_factor(int(rng.integers(2, LARGEST_FACTOR + 1)))}
    severity = rng.uniform(0.1, 1)
    return {kind: float(severity * rng.choice((-1, 1)) if kind in SIGNED else severity)}


def _of_factor(factor: int) -> float:
    return (float(factor) - 1) / (LARGEST_FACTOR - 1)


def _vector(severities: Severities) -> FloatArray:
    return np.array([severities.get(kind, 0.0) for kind in KINDS], dtype=np.float32)


def _texture(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    """Detail partly replaced by detail of another place: plausible, and wrong."""
    coarse = gaussian_filter(image, DETAIL_PX)
    detail = image - coarse
    shift = tuple(int(s) for s in rng.integers(*SHIFTS, 2) * rng.choice((-1, 1), 2))
    return coarse + math.sqrt(1 - severity**2) * detail + severity * np.roll(detail, shift, axis=(0, 1))


def _contrast(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    mean = image.mean()
    return mean + math.exp(LARGEST_CURVE * severity) * (image - mean)


def _gamma(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    return np.clip(image, 0, 1) ** math.exp(LARGEST_CURVE * severity)


def _blur(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    return gaussian_filter(image, LARGEST_BLUR_PX * severity)


def _resolution(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    """Averaged over coarse pixels, and enlarged again by bicubic interpolation."""
    factor = round(1 + severity * (LARGEST_FACTOR - 1))
    return interpolate_bicubic(BlurDecimate(factor).forward(image), image.shape)


def _noise(image: FloatArray, severity: float, rng: np.random.Generator) -> FloatArray:
    # Quadratic: mild noise is drawn as often as strong noise.
    return image + LARGEST_NOISE * severity**2 * rng.standard_normal(image.shape, dtype=np.float32)


_STEPS = {
    "texture": _texture,
    "contrast": _contrast,
    "gamma": _gamma,
    "blur": _blur,
    "resolution": _resolution,
    "noise": _noise,
}
