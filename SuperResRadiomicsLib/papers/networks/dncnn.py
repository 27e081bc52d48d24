"""DnCNN: a denoiser that predicts the noise.

Zhang et al. 2017 (arXiv:1608.03981).
"""

from __future__ import annotations

from torch import Tensor, nn

from ...networks.checks import check_at_least


class DnCnn(nn.Module):
    """A network from a noisy slice to a clean slice of the same size.

    556,097 parameters with the published 17 layers; 20 layers for noise of unknown strength.

    Args:
        layers: Number of convolutions.
        features: Channels between them.
        residual: Take the output for the noise and subtract it from the input.
    """

    def __init__(self, layers: int = 17, features: int = 64, residual: bool = True) -> None:
        super().__init__()
        check_at_least(2, layers=layers)
        check_at_least(1, features=features)
        self.residual = residual
        self.receptive_field_radius = layers
        self.layers = nn.Sequential(
            nn.Conv2d(1, features, 3, padding=1),
            nn.ReLU(inplace=True),
            *(_block(features) for _ in range(layers - 2)),
            nn.Conv2d(features, 1, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            Tensor like ``image``.
        """
        output: Tensor = self.layers(image)
        return image - output if self.residual else output


def _block(features: int) -> nn.Sequential:
    # The normalisation has a bias of its own.
    return nn.Sequential(
        nn.Conv2d(features, features, 3, padding=1, bias=False), nn.BatchNorm2d(features), nn.ReLU(inplace=True)
    )
