"""Draws the extension's icon: a lesion in coarse pixels on the left, in fine detail on the right.

Run it from the repository's root; it needs numpy and Pillow:

    python Resources/draw_icon.py

The tile is dark and its rim light, so that it stands out from light and from dark themes;
outside the tile the icon is transparent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

ICON = Path(__file__).resolve().parents[1] / "SuperResRadiomics" / "Resources" / "Icons" / "SuperResRadiomics.png"
SIZE = 128
SUPERSAMPLING = 8
CORNER, RIM, COARSE_PIXEL = 24.0, 4.0, 16.0
SLIT, SLANT = 4.0, 0.25
DARK, BRIGHT, WARM, LIGHT = (
    np.array(colour) for colour in ((18, 32, 60), (78, 190, 205), (255, 226, 150), (196, 222, 232))
)

Array = npt.NDArray[np.float64]


def draw() -> Array:
    """Draw the icon as RGBA [row, column, channel] from 0 to 255, `SIZE` on a side."""
    samples = (np.arange(SIZE * SUPERSAMPLING) + 0.5) / SUPERSAMPLING
    y, x = np.meshgrid(samples, samples, indexing="ij")
    divide = x - SIZE / 2 - SLANT * (SIZE / 2 - y)
    coarse = [(np.floor(axis / COARSE_PIXEL) + 0.5) * COARSE_PIXEL for axis in (x, y)]
    colours = np.where((divide < 0)[..., None], _tissue(*coarse), _tissue(x, y))
    colours[np.abs(divide) < SLIT / 2] = LIGHT
    inside = _distance_to_edge(x, y)
    colours[inside < RIM] = LIGHT
    opaque = (inside > 0).astype(float)
    # Colours are weighted by their opacity, so that the edge does not take on what lies outside.
    alpha = _average(opaque)
    mean = _average(colours * opaque[..., None]) / np.maximum(alpha, 1e-9)[..., None]
    return np.dstack([mean, 255 * alpha])


def _tissue(x: Array, y: Array) -> Array:
    """Draw a lesion, off the middle, with a warm core and a spiculated margin."""
    dx, dy = x - SIZE / 2, y - SIZE / 2
    angle = np.arctan2(dy, dx)
    radius = np.hypot(dx, dy) / (1 + 0.14 * np.cos(7 * angle) + 0.08 * np.cos(3 * angle + 1))
    body, core = np.exp(-((radius / 34) ** 4)), np.exp(-((radius / 16) ** 2))
    colours = DARK + (BRIGHT - DARK) * body[..., None]
    return colours + (WARM - colours) * core[..., None]


def _distance_to_edge(x: Array, y: Array) -> Array:
    """How far inside the rounded square a point lies; negative outside."""
    half = SIZE / 2
    dx, dy = (np.maximum(np.abs(axis - half) - (half - CORNER), 0) for axis in (x, y))
    straight = half - np.maximum(np.abs(x - half), np.abs(y - half))
    return np.where((dx > 0) & (dy > 0), CORNER - np.hypot(dx, dy), straight)


def _average(samples: Array) -> Array:
    """Take the mean of each pixel's samples."""
    return samples.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING, *samples.shape[2:]).mean(axis=(1, 3))


if __name__ == "__main__":
    Image.fromarray(np.rint(draw()).astype(np.uint8), "RGBA").save(ICON, optimize=True)
