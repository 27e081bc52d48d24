"""ResNet generator of CycleGAN and RegGAN.

Johnson et al. 2016 (arXiv:1603.08155) as changed by Zhu et al. 2017 (arXiv:1703.10593); Kong et
al. 2021 (arXiv:2110.06465) take it for RegGAN.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...networks.checks import check_at_least, check_divisible, check_sides
from ...networks.residual import ResidualBlock


class ResnetGenerator(nn.Module):
    """A network from a slice to an enhanced slice of the same size.

    11,365,633 parameters in the published widths. The instance normalisation takes its mean
    over the whole image, so each output pixel depends on all of it.

    Args:
        width: Channels at full resolution, doubled by each halving of it.
        downsamplings: How often the resolution is halved before the residual blocks.
        blocks: Number of residual blocks.
    """

    def __init__(self, width: int = 64, downsamplings: int = 2, blocks: int = 9) -> None:
        super().__init__()
        check_at_least(1, width=width, blocks=blocks)
        check_at_least(0, downsamplings=downsamplings)
        widths = [width * 2**n for n in range(downsamplings + 1)]
        self.size_multiple = 2**downsamplings
        self.encoder = Encoder(widths)
        self.body = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(blocks)))
        self.decoder = nn.Sequential(*_decoder(widths), _outermost(width, 1))

    @property
    def smallest_side(self) -> int:
        """Shortest side of an image: the outermost convolution reflects 3 pixels, the innermost one."""
        return max(4, 2 * self.size_multiple)

    def forward(self, image: Tensor) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; sizes
                divisible by `size_multiple`, at least `smallest_side`.

        Returns:
            Tensor like ``image``; values between 0 and 1.
        """
        check_divisible(image.shape[2], image.shape[3], self.size_multiple)
        check_sides(image.shape[2], image.shape[3], self.smallest_side)
        output = self.decoder(self.body(self.encoder(image)[-1]))
        return (torch.tanh(output) + 1) / 2


class Encoder(nn.Module):
    """The part of `ResnetGenerator` before its residual blocks: one stage for each resolution.

    Args:
        widths: Channels of the features at each resolution, the image's own first.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.stages = nn.ModuleList([_stage(_outermost(1, widths[0]), widths[0])])
        for before, after in itertools.pairwise(widths):
            self.stages.append(_stage(nn.Conv2d(before, after, 3, stride=2, padding=1), after))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute what is seen in slices, at every resolution.

        Args:
            image: As in `ResnetGenerator`.

        Returns:
            For each resolution, the image's own first: (batch, channels, height, width).
        """
        value, features = 2 * image - 1, []
        for stage in self.stages:
            value = stage(value)
            features.append(value)
        return features


def _decoder(widths: Sequence[int]) -> list[nn.Module]:
    stages: list[nn.Module] = []
    for before, after in itertools.pairwise(reversed(widths)):
        transposed = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)
        stages.append(_stage(transposed, after))
    return stages


def _outermost(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 7, padding=3, padding_mode="reflect")


def _stage(convolution: nn.Module, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True))
