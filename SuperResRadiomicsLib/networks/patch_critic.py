"""PatchGAN critic with spectral normalisation.

Isola et al. 2017 (arXiv:1611.07004); Miyato et al. 2018 (arXiv:1802.05957) in place of the
instance normalisation, as in Athreya et al. 2024 (doi:10.2196/58911).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .checks import check_at_least

WIDTHS = (64, 128, 256, 512)
STRIDES = (2, 2, 2, 1)


class PatchCritic(nn.Module):
    """A score for every overlapping 70 x 70 region of a slice; higher looks more real.

    Args:
        widths: Channels of the convolutions before the one that scores.
        strides: Their strides.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, strides: Sequence[int] = STRIDES) -> None:
        super().__init__()
        if len(strides) != len(widths):
            raise ValueError(f"{len(widths)} widths need as many strides; given are {len(strides)}")
        check_at_least(1, widths=len(widths), strides=min(strides, default=0))
        layers: list[nn.Module] = []
        for (before, after), stride in zip(itertools.pairwise([1, *widths]), strides, strict=True):
            layers += [_convolution(before, after, stride), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, _convolution(widths[-1], 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Score slices.

        Args:
            image: (batch, 1, height, width).

        Returns:
            (batch, 1, rows, columns) of scores: 30 x 30 for a slice of 256 x 256.
        """
        scores: Tensor = self.layers(image)
        return scores


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Module:
    convolution: nn.Module = spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1))
    return convolution
