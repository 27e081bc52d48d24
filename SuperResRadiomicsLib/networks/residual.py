"""Residual block of image translation networks.

Johnson et al. 2016 (arXiv:1603.08155), with the instance normalisation and the reflected borders
of CycleGAN (Zhu et al. 2017, arXiv:1703.10593).
"""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions whose output is added to the input.

    Args:
        features: Channels of input and output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.change = nn.Sequential(*_normalised(features), nn.ReLU(inplace=True), *_normalised(features))

    def forward(self, features: Tensor) -> Tensor:
        """Change features: (batch, features, height, width), each side at least 2."""
        changed: Tensor = features + self.change(features)
        return changed


def _normalised(features: int) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(features, features, 3, padding=1, padding_mode="reflect")
    return convolution, nn.InstanceNorm2d(features)
