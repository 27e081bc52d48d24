"""Critic with spatial pyramid pooling, for patches of any size.

De Farias et al. 2021 (doi:10.1038/s41598-021-00898-z): the critic of GAN-CIRCLE (You et al.
2020, doi:10.1109/TMI.2019.2922960) with the pooling of He et al. 2015 (arXiv:1406.4729).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...networks.checks import check_at_least

WIDTHS = (64, 128, 256, 512)
STRIDES = (2, 2, 2, 1)
BINS = (1, 2, 3)


class SppCritic(nn.Module):
    """A score for each patch, without bounds: higher looks more real.

    10,098,497 parameters as published, 3,282,753 with ``per_bin``.

    Args:
        widths: Channels of the convolutions.
        strides: Their strides, 1 or 2. De Farias' code has 1, 1, 1, 1, which costs 54 times as much.
        bins: Sides of the pyramid's levels; each pools the patch into side x side means.
        hidden: Width of the dense layer.
        per_bin: Score each bin by the same dense layers and average, as de Farias' code
            does; without it the bins are scored together.
        epsilon: Added to the variance in the instance normalisation. The usual 1e-5 blows up flat
            patches (air), and with them the gradient that WGAN-GP holds at 1.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        strides: Sequence[int] = STRIDES,
        bins: Sequence[int] = BINS,
        hidden: int = 1024,
        per_bin: bool = False,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        if len(strides) != len(widths):
            raise ValueError(f"{len(widths)} widths need as many strides; given are {len(strides)}")
        if not set(strides) <= {1, 2}:
            raise ValueError(f"strides are {tuple(strides)}; each must be 1 or 2")
        check_at_least(1, widths=len(widths), bins=min(bins, default=0), hidden=hidden)
        self.smallest_patch = max(bins) * math.prod(strides)
        self.bins = tuple(bins)
        self.per_bin = per_bin
        pairs = itertools.pairwise([1, *widths])
        self.features = nn.Sequential(
            *(_block(*pair, stride, epsilon) for pair, stride in zip(pairs, strides, strict=True))
        )
        regions = 1 if per_bin else sum(side**2 for side in bins)
        self.score = nn.Sequential(
            nn.Linear(regions * widths[-1], hidden), nn.LeakyReLU(0.1, inplace=True), nn.Linear(hidden, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Score patches.

        Args:
            image: (batch, 1, height, width); both sizes at least `smallest_patch`.

        Returns:
            (batch, 1).
        """
        if min(image.shape[2:]) < self.smallest_patch:
            height, width = image.shape[2:]
            raise ValueError(f"the patch has {height} x {width} pixels; at least {self.smallest_patch} are needed")
        features = self.features(image)
        # (batch, regions, channels)
        pooled = torch.cat([nn.functional.adaptive_avg_pool2d(features, side).flatten(2) for side in self.bins], dim=2)
        pooled = pooled.transpose(1, 2)
        if self.per_bin:
            mean: Tensor = self.score(pooled).mean(dim=1)
            return mean
        together: Tensor = self.score(pooled.flatten(1))
        return together


def _block(inputs: int, outputs: int, stride: int, epsilon: float) -> nn.Sequential:
    return nn.Sequential(
        # An even kernel at stride 1 keeps the size only with one pixel more on one side.
        nn.ZeroPad2d((1, 3 - stride, 1, 3 - stride)),
        nn.Conv2d(inputs, outputs, 4, stride=stride),
        nn.InstanceNorm2d(outputs, eps=epsilon, affine=True),
        nn.LeakyReLU(0.1, inplace=True),
    )
