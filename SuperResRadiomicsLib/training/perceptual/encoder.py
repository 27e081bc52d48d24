"""Our own perceptual encoder: small, for grey-valued medical images, trained without labels.

It learned to tell what was done to a patch (see `training.perceptual`), so its features hold
what a degradation changes. It is not LPIPS and its numbers are not comparable with LPIPS.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...networks.checks import check_at_least
from .distance import FeatureModel

WIDTHS = (16, 32, 64, 96)
CONVOLUTIONS = (2, 2, 2, 1)
SLOPE = 0.1


class PerceptualEncoder(FeatureModel):
    """Stages of 3x3 convolutions with average pooling between them, in the manner of VGG.

    Average pooling instead of the maximum keeps a loss's gradient smooth (Gatys et al. 2016,
    doi:10.1109/CVPR.2016.265). Every stage gives one feature map.

    Args:
        name: What outputs call its distances.
        widths: Channels of the stages.
        convolutions: Convolutions of each stage.
    """

    def __init__(
        self,
        name: str = "perceptual-encoder",
        widths: Sequence[int] = WIDTHS,
        convolutions: Sequence[int] = CONVOLUTIONS,
    ) -> None:
        super().__init__()
        check_at_least(1, **{f"width {n}": width for n, width in enumerate(widths)})
        check_at_least(1, stages=len(widths), **{f"convolutions {n}": count for n, count in enumerate(convolutions)})
        self.name = name
        self.smallest_side = 2 ** (len(widths) - 1)
        inputs = (1, *widths[:-1])
        self.stages = nn.ModuleList(_stage(*stage) for stage in zip(inputs, widths, convolutions, strict=True))
        self.weights = nn.ParameterList(torch.ones(width) for width in widths)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map (batch, 1, height, width) in [0, 1] to one feature map a stage, each half the size of the last."""
        features = []
        value = 2 * image - 1
        for number, stage in enumerate(self.stages):
            value = stage(F.avg_pool2d(value, 2) if number else value)
            features.append(value)
        return features

    def channel_weights(self) -> list[Tensor]:
        """Give the learned weights; see `FeatureModel`."""
        return [weight.clamp(min=0) for weight in self.weights]


def _stage(inputs: int, outputs: int, convolutions: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(convolutions):
        layers += [nn.Conv2d(outputs if number else inputs, outputs, 3, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
    return nn.Sequential(*layers)
