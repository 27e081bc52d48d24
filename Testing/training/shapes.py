"""Made-up slices with edges, for methods that need no training or little."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter


def shapes(seed: int, side: int = 64) -> np.ndarray:
    """Discs and bars with soft edges on a grey ground, float32."""
    random = np.random.default_rng(seed)
    row, column = np.indices((side, side))
    image = np.full((side, side), 40.0)
    for _ in range(8):
        y, x, radius, value = *random.uniform(0, side, 2), random.uniform(3, side / 5), random.uniform(-100, 200)
        image[np.hypot(row - y, column - x) < radius] = value
        angle = random.uniform(0, np.pi)
        image[np.abs((row - y) * np.cos(angle) + (column - x) * np.sin(angle)) < 1.5] = -value
    return gaussian_filter(image, 0.6).astype(np.float32)
