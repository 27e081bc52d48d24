"""CARN: residual blocks whose outputs cascade.

Ahn et al. 2018 (arXiv:1803.08664).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ...networks.checks import check_at_least
from ...networks.upsampler import pixel_shuffle_upsampler, upsampler_reach


class Carn(nn.Module):
    """A network from a measured slice to a slice ``scale`` times as large.

    Cascades of residual blocks, themselves in a cascade: behind each member a 1x1
    convolution joins the outputs of all members so far. 961,857 parameters at scale 2.

    Args:
        scale: Enlargement: 1, 2, 3, 4 or 8.
        features: Channels of all convolutions.
        cascades: Number of cascading blocks.
        blocks: Residual blocks in each of them.
    """

    def __init__(self, scale: int = 2, features: int = 64, cascades: int = 3, blocks: int = 3) -> None:
        super().__init__()
        check_at_least(1, features=features, cascades=cascades, blocks=blocks)
        self.scale = scale
        self.residual_blocks = cascades * blocks
        self.head = nn.Conv2d(1, features, 3, padding=1)
        parts = []
        for _ in range(cascades):
            parts.append(_Cascade([_ResidualBlock(features) for _ in range(blocks)], features))
        self.body = _Cascade(parts, features)
        self.upsampler = pixel_shuffle_upsampler(features, scale, activation=True)
        self.tail = nn.Conv2d(features, 1, 3, padding=1)

    @property
    def receptive_field_radius(self) -> int:
        """How many coarse pixels around the one under an output pixel can change it."""
        return 1 + 2 * self.residual_blocks + upsampler_reach(self.scale)

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            (batch, 1, height * scale, width * scale).
        """
        enlarged: Tensor = self.tail(self.upsampler(self.body(self.head(image))))
        return enlarged


class _Cascade(nn.Module):
    def __init__(self, members: Iterable[nn.Module], features: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.joins = nn.ModuleList(
            nn.Sequential(nn.Conv2d((n + 2) * features, features, 1), nn.ReLU(inplace=True))
            for n in range(len(self.members))
        )

    def forward(self, features: Tensor) -> Tensor:
        collected = value = features
        for member, join in zip(self.members, self.joins, strict=True):
            collected = torch.cat([collected, member(value)], dim=1)
            value = join(collected)
        return value


class _ResidualBlock(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.change(features))
