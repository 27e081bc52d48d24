"""Statistics of texture: maps over small windows, and numbers of a whole patch.

What texture features measure, in a form that has gradients: spread, differences of neighbours at
several lags (as co-occurrence matrices see them) and shares of the histogram about the local mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 8
"""Side in pixels of the windows of local statistics."""
LAGS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))
"""Distances in pixels (rows, columns) of the neighbours that are compared."""
HISTOGRAM_EDGES = (-2.5, -1.25, 1.25, 2.5)
"""Where the histogram about the local mean is cut, in units of the image."""
HISTOGRAM_SLOPE = 2.0
"""Slope of the sigmoid that stands in for each cut."""
SMALLEST_VARIANCE = 1e-4
"""Added under the root, so that its gradient is finite in flat windows."""


def local_statistics(image: Tensor, window: int = WINDOW) -> Iterator[Tensor]:
    """Yield maps of local statistics of images.

    Standard deviation in windows, and in windows twice as large, of the image and of its high-pass (image minus
    3 x 3 mean); mean absolute difference of neighbours at each of `LAGS`; means over half windows;
    shares of pixels above the local 9 x 9 mean plus each of `HISTOGRAM_EDGES`. Windows lie side by side.

    Args:
        image: (batch, 1, height, width) in units of about the texture's own size; sizes of at
            least two windows.
        window: Side of a window in pixels.
    """
    high = _high_pass(image, 3)
    for side in (window, 2 * window):
        yield _deviation(image, side)
        yield _deviation(high, side)
    for difference in _differences(image):
        yield functional.avg_pool2d(difference, window)
    yield functional.avg_pool2d(image, window // 2)
    for share in _shares(image):
        yield functional.avg_pool2d(share, window)


def patch_statistics(image: Tensor) -> Tensor:
    """Compute the same statistics over whole patches: standard deviations, differences, shares.

    Args:
        image: See `local_statistics`.

    Returns:
        (batch, statistics).
    """
    maps = [*_differences(image), *_shares(image)]
    means = [values.mean(dim=(1, 2, 3)) for values in maps]
    spreads = [_spread(image), _spread(_high_pass(image, 3))]
    return torch.stack([*spreads, *means], dim=1)


def _high_pass(image: Tensor, side: int) -> Tensor:
    return image - functional.avg_pool2d(image, side, stride=1, padding=side // 2, count_include_pad=False)


def _deviation(image: Tensor, side: int) -> Tensor:
    mean = functional.avg_pool2d(image, side)
    square = functional.avg_pool2d(image.square(), side)
    return ((square - mean.square()).clamp_min(0.0) + SMALLEST_VARIANCE).sqrt()


def _spread(image: Tensor) -> Tensor:
    return (image.var(dim=(1, 2, 3), correction=0) + SMALLEST_VARIANCE).sqrt()


def _differences(image: Tensor) -> Iterator[Tensor]:
    height, width = image.shape[2:]
    for down, right in LAGS:
        left = max(0, -right)
        here = image[..., : height - down, left : width - max(0, right)]
        there = image[..., down:, left + right : width - max(0, right) + right]
        yield (there - here).abs()


def _shares(image: Tensor) -> Iterator[Tensor]:
    about_mean = _high_pass(image, 2 * (WINDOW // 2) + 1)
    for edge in HISTOGRAM_EDGES:
        yield torch.sigmoid(HISTOGRAM_SLOPE * (about_mean - edge))
