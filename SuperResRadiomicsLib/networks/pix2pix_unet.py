"""U-Net of pix2pix with instance normalisation, the generator for ultrasound.

Isola et al. 2017 (arXiv:1611.07004), with the changes of Athreya et al. 2024
(doi:10.2196/58911). Their text puts the dropout into the encoder; pix2pix's place, the deepest
blocks of the decoder, is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .checks import check_at_least, check_divisible

WIDTHS = (64, 128, 256, 512, 512, 512, 512, 512)


class Pix2PixUNet(nn.Module):
    """A network from a slice to an enhanced slice of the same size.

    54,403,457 parameters in the published widths, which need sizes divisible by 256. The
    instance normalisation takes its mean over the whole image, so each output pixel depends
    on all of it.

    Args:
        widths: Channels of the encoder, each at half the resolution of the one before.
        dropout: Probability of dropping a value in training.
        dropout_blocks: How many of the deepest decoder blocks drop values.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, dropout: float = 0.5, dropout_blocks: int = 3) -> None:
        super().__init__()
        check_at_least(2, levels=len(widths))
        check_at_least(1, **{f"width {n}": width for n, width in enumerate(widths)})
        check_at_least(0, dropout_blocks=dropout_blocks)
        self.size_multiple = 2 ** len(widths)
        last = len(widths) - 1
        self.down = nn.ModuleList(
            _down(*pair, normalise=0 < n < last) for n, pair in enumerate(itertools.pairwise([1, *widths]))
        )
        inputs = [widths[-1], *(2 * width for width in reversed(widths[:-1]))]
        self.up = nn.ModuleList(
            _up(before, after, dropout if n < dropout_blocks else 0.0)
            for n, (before, after) in enumerate(zip(inputs, reversed(widths[:-1]), strict=False))
        )
        self.last = nn.ConvTranspose2d(inputs[-1], 1, 4, stride=2, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; sizes
                divisible by `size_multiple`.

        Returns:
            Tensor like ``image``; values between 0 and 1.
        """
        check_divisible(image.shape[2], image.shape[3], self.size_multiple)
        value, skips = 2 * image - 1, []
        for down in self.down:
            value = down(value)
            skips.append(value)
        value = skips.pop()
        for up in self.up:
            value = torch.cat([up(value), skips.pop()], dim=1)
        return (torch.tanh(self.last(torch.relu(value))) + 1) / 2


def _down(inputs: int, outputs: int, normalise: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)]
    if normalise:
        layers.append(nn.InstanceNorm2d(outputs))
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def _up(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.ReLU(),
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
        nn.InstanceNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.Dropout(dropout)) if dropout > 0 else nn.Sequential(*layers)
