"""Proper scoring rules of two samples against the truth.

A score is proper where its expectation is smallest exactly when the samples have the truth's
distribution (Gneiting and Raftery 2007, doi:10.1198/016214506000001437). Trained by one, a network
draws from the distribution of what fits, without a critic. Weather ensembles are trained so
(Lang et al. 2024, arXiv:2412.15832).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

SMALLEST_SQUARE = 1e-4
"""Added under the root, so that its gradient is finite where a patch is right: 0.01 units."""


def energy_score(first: Tensor, second: Tensor, truth: Tensor, side: int) -> Tensor:
    """Compute the energy score of square patches: the mean of (|a - x| + |b - x|)/2 - |a - b|/2.

    |.| is the Euclidean norm over a patch of side x side pixels, divided by side: the root of the
    mean square. With side 1 the score is the CRPS of each pixel; larger patches also judge how
    neighbours go together. Gneiting and Raftery 2007, equation 22, with two samples.

    Args:
        first: a, (batch, channels, height, width).
        second: b, drawn independently.
        truth: x.
        side: Side of the patches, which lie side by side; heights and widths are divisible by it.

    Returns:
        Scalar in units of the images; 0 or more in expectation.
    """
    near = _distance(first, truth, side) + _distance(second, truth, side)
    return (near - _distance(first, second, side)).mean() / 2


def _distance(first: Tensor, second: Tensor, side: int) -> Tensor:
    square = (first - second).square()
    if side > 1:
        square = functional.avg_pool2d(square, side)
    return (square + SMALLEST_SQUARE).sqrt()


def crps(first: Tensor, second: Tensor, truth: Tensor) -> Tensor:
    """Compute the continuous ranked probability score of each value: the mean of (|a - x| + |b - x|)/2 - |a - b|/2.

    Fair for two samples: unbiased whatever their number (Ferro 2014, doi:10.1002/qj.2270).

    Args:
        first: a, any shape.
        second: b, drawn independently.
        truth: x.

    Returns:
        Scalar in units of the values.
    """
    return ((first - truth).abs() + (second - truth).abs() - (first - second).abs()).mean() / 2
