"""Lesion detector: a U-Net that marks the lesion's pixels in slices of any size.

Ronneberger et al. 2015 (arXiv:1505.04597) with batch normalisation; on the way up, features are added to those of the
way down instead of being put beside them (LinkNet, Chaurasia & Culurciello 2017, arXiv:1707.03718). The levels begin at
a quarter of the resolution: the pixels of 4 x 4 blocks come in as channels and go out again as pixels (Shi et al. 2016,
arXiv:1609.05158), which makes training on one processor core a matter of minutes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor, nn

from .checks import check_at_least

WIDTHS = (32, 64, 96, 128)
BLOCK = 4
"""Side in pixels of the blocks that are one place of the first level."""


class LesionDetector(nn.Module):
    """How likely each pixel belongs to a lesion.

    Args:
        widths: Channels of the levels; each but the first halves the resolution.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        check_at_least(1, levels=len(widths), **{f"width {n}": width for n, width in enumerate(widths)})
        self.size_multiple = BLOCK * 2 ** (len(widths) - 1)
        self.down = nn.ModuleList(_level(*pair) for pair in itertools.pairwise([BLOCK**2, *widths]))
        rising = list(itertools.pairwise(reversed(widths)))
        self.up = nn.ModuleList(nn.Conv2d(below, width, 1) for below, width in rising)
        self.merge = nn.ModuleList(_convolution(width, width) for _, width in rising)
        self.last = nn.Conv2d(widths[0], BLOCK**2, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Mark the lesion in slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            (batch, height, width) logits that a pixel belongs to a lesion.
        """
        height, width = image.shape[2:]
        rows, columns = (-side % self.size_multiple for side in (height, width))
        value = nn.functional.pixel_unshuffle(nn.functional.pad(image, (0, columns, 0, rows)), BLOCK)
        skips: list[Tensor] = []
        for level in self.down:
            value = level(nn.functional.max_pool2d(value, 2) if skips else value)
            skips.append(value)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1]), strict=True):
            value = merge(skip + nn.functional.interpolate(up(value), scale_factor=2))
        return nn.functional.pixel_shuffle(self.last(value), BLOCK)[:, 0, :height, :width]


def _level(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs), _convolution(outputs, outputs))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )
