"""Registration network of RegGAN: a U-Net with residual blocks.

Kong et al. 2021 (arXiv:2110.06465), in the widths of their code; the layout goes back to NeMAR
(Arar et al. 2020, arXiv:2003.08073).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...networks.checks import check_at_least, check_sides
from ...networks.residual import ResidualBlock

WIDTHS = (32, 64, 64, 64, 64, 64, 64)
INITIAL_SCALE = 1e-5


class RegistrationUNet(nn.Module):
    """A network from two slices to the displacement that lays one over the other.

    It starts from almost no displacement. 2,058,018 parameters in the published widths, which
    need sides of 256 pixels at least; any size above fits.

    Args:
        widths: Channels of the encoder, and mirrored of the decoder; each level halves the
            resolution with max-pooling.
        blocks: Number of residual blocks between encoder and decoder.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, blocks: int = 3) -> None:
        super().__init__()
        check_at_least(1, levels=len(widths), **{f"width {n}": width for n, width in enumerate(widths)})
        check_at_least(0, blocks=blocks)
        # The residual blocks' reflected borders and instance normalisation need 2 x 2 pixels where it is coarsest.
        self.smallest_side = 2 ** (len(widths) + 1)
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(*pair, 3), ResidualBlock(pair[1])) for pair in itertools.pairwise([2, *widths])
        )
        last, first = widths[-1], widths[0]
        wide = [ResidualBlock(2 * last) for _ in range(blocks)]
        self.bottom = nn.Sequential(_convolution(last, 2 * last, 1), *wide, _convolution(2 * last, last, 1))
        inputs = itertools.pairwise([last, *reversed(widths)])
        self.up = nn.ModuleList(_convolution(before + skip, skip, 3) for before, skip in inputs)
        self.refine = nn.Sequential(ResidualBlock(first), _convolution(first, first, 1))
        self.last = nn.Conv2d(first, 2, 3, padding=1)
        self.apply(_initialise)
        nn.init.normal_(self.last.weight, std=INITIAL_SCALE)

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Find the displacement with which `warp` lays the moving slices over the fixed ones.

        Args:
            moving: (batch, 1, height, width), scaled to [0, 1]; sides at least `smallest_side`.
            fixed: The same shape.

        Returns:
            (batch, 2, height, width): along rows and along columns, in pixels.
        """
        if moving.shape != fixed.shape:
            raise ValueError(f"both slices must have one shape; given are {tuple(moving.shape)}, {tuple(fixed.shape)}")
        check_sides(moving.shape[2], moving.shape[3], self.smallest_side)
        value, skips = 2 * torch.cat([moving, fixed], dim=1) - 1, []
        for down in self.down:
            skips.append(down(value))
            value = nn.functional.max_pool2d(skips[-1], 2)
        value = self.bottom(value)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            enlarged = nn.functional.interpolate(value, skip.shape[2:], mode="bilinear", align_corners=False)
            value = up(torch.cat([enlarged, skip], dim=1))
        displacement: Tensor = self.last(self.refine(value))
        return displacement


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.LeakyReLU(0.2, inplace=True))


def _initialise(module: nn.Module) -> None:
    """He's normal weights, as in the published code."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
