"""SRResNet: the generator of SRGAN, and of lesion-focused super-resolution.

Ledig et al. 2017 (arXiv:1609.04802); Zhu et al. 2018 (arXiv:1810.06693) put it behind a
lesion detector.
"""

from __future__ import annotations

from torch import Tensor, nn

from .checks import check_at_least, check_odd
from .residual import ResidualBlock, normalised_convolution
from .upsampler import pixel_shuffle_upsampler, upsampler_reach


class SrResNet(nn.Module):
    """A network from a measured slice to a slice ``scale`` times as large.

    Residual blocks with batch normalisation and a skip around all of them, linear output.
    1,380,993 parameters at scale 2.

    Args:
        scale: Enlargement: 1, 2, 3, 4 or 8.
        features: Channels of all convolutions.
        blocks: Number of residual blocks.
        kernel: Side of the first and the last convolution's kernel; odd.
    """

    def __init__(self, scale: int = 2, features: int = 64, blocks: int = 16, kernel: int = 9) -> None:
        super().__init__()
        check_at_least(1, features=features, blocks=blocks)
        check_odd(kernel=kernel)
        self.scale = scale
        self.blocks = blocks
        self.kernel = kernel
        self.head = nn.Sequential(nn.Conv2d(1, features, kernel, padding=kernel // 2), nn.ReLU(inplace=True))
        residual = (ResidualBlock(features, nn.BatchNorm2d, "zeros") for _ in range(blocks))
        self.body = nn.Sequential(*residual, *normalised_convolution(features, nn.BatchNorm2d, "zeros"))
        self.upsampler = pixel_shuffle_upsampler(features, scale, activation=True)
        self.tail = nn.Conv2d(features, 1, kernel, padding=kernel // 2)

    @property
    def receptive_field_radius(self) -> int:
        """How many coarse pixels around the one under an output pixel can change it."""
        return self.kernel // 2 + 2 * self.blocks + 1 + upsampler_reach(self.scale, self.kernel)

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
