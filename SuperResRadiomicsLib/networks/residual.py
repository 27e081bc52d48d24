"""Residual block of image translation networks and of SRResNet.

Johnson et al. 2016 (arXiv:1603.08155), with the instance normalisation and the reflected borders
of CycleGAN (Zhu et al. 2017, arXiv:1703.10593); with batch normalisation and zeros beyond the
borders it is SRResNet's (Ledig et al. 2017, arXiv:1609.04802).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

Normalisation = Callable[[int], nn.Module]
"""What makes a normalising layer for a number of channels."""
Borders = Literal["reflect", "zeros"]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions whose output is added to the input.

    Args:
        features: Channels of input and output.
        normalisation: What follows each convolution.
        borders: What the convolutions see beyond the image.
    """

    def __init__(
        self, features: int, normalisation: Normalisation = nn.InstanceNorm2d, borders: Borders = "reflect"
    ) -> None:
        super().__init__()
        first, second = (normalised_convolution(features, normalisation, borders) for _ in range(2))
        self.change = nn.Sequential(*first, nn.ReLU(inplace=True), *second)

    def forward(self, features: Tensor) -> Tensor:
        """Change features: (batch, features, height, width), each side at least 2 where borders are reflected."""
        changed: Tensor = features + self.change(features)
        return changed


def normalised_convolution(
    features: int, normalisation: Normalisation, borders: Borders
) -> tuple[nn.Module, nn.Module]:
    """Make a 3 x 3 convolution and the normalisation of its output; see `ResidualBlock`."""
    return nn.Conv2d(features, features, 3, padding=1, padding_mode=borders), normalisation(features)
