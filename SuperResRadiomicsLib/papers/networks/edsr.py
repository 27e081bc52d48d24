"""EDSR: a residual network without batch normalisation.

Lim et al. 2017 (arXiv:1707.02921). The baseline has 64 features in 16 blocks, the full
network 256 features in 32 blocks whose outputs are scaled by 0.1.
"""

from __future__ import annotations

from torch import Tensor, nn

from ...networks.checks import check_at_least
from ...networks.upsampler import pixel_shuffle_upsampler, upsampler_reach


class Edsr(nn.Module):
    """A network from a measured slice to a slice ``scale`` times as large.

    At scale 2 and one channel the baseline has 1,367,553 parameters, the full network
    (``features=256, blocks=32, residual_scale=0.1``) 40,720,385.

    Args:
        scale: Enlargement: 1, 2, 3, 4 or 8.
        features: Channels of all convolutions.
        blocks: Number of residual blocks.
        residual_scale: What a block's change is multiplied by before it is added.
    """

    def __init__(self, scale: int = 2, features: int = 64, blocks: int = 16, residual_scale: float = 1.0) -> None:
        super().__init__()
        check_at_least(1, features=features, blocks=blocks)
        self.scale = scale
        self.blocks = blocks
        self.head = nn.Conv2d(1, features, 3, padding=1)
        self.body = nn.Sequential(
            *(_ResidualBlock(features, residual_scale) for _ in range(blocks)),
            nn.Conv2d(features, features, 3, padding=1),
        )
        self.upsampler = pixel_shuffle_upsampler(features, scale)
        self.tail = nn.Conv2d(features, 1, 3, padding=1)

    @property
    def receptive_field_radius(self) -> int:
        """How many coarse pixels around the one under an output pixel can change it."""
        return 1 + 2 * self.blocks + 1 + upsampler_reach(self.scale)

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            (batch, 1, height * scale, width * scale).
        """
        features = self.head(image)
        enlarged: Tensor = self.tail(self.upsampler(features + self.body(features)))
        return enlarged


class _ResidualBlock(nn.Module):
    def __init__(self, features: int, residual_scale: float) -> None:
        super().__init__()
        self.residual_scale = residual_scale
        self.change = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.residual_scale * self.change(features)
        return changed
