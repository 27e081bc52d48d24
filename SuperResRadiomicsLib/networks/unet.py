"""U-Net for resampling and denoising brain MR.

Moummad et al. 2022 (doi:10.3390/cancers14010036) after Ronneberger et al. 2015 (arXiv:1505.04597): one
convolution a level, no normalisation.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .checks import check_at_least, check_divisible

WIDTHS = (64, 128, 256)
BOTTLENECK = 512


class UNet(nn.Module):
    """A network from an interpolated or noisy slice to a better slice of the same size.

    7,007,681 parameters in the published widths.

    Args:
        widths: Channels of the levels, from full resolution down.
        bottleneck: Channels of the two convolutions at the lowest resolution.
        linear_output: Leave out the published ReLU behind the last convolution, so that values
            below the window can come out.
        residual: Add the input to the output.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        bottleneck: int = BOTTLENECK,
        linear_output: bool = True,
        residual: bool = False,
    ) -> None:
        super().__init__()
        check_at_least(1, levels=len(widths), bottleneck=bottleneck, **{f"width {n}": w for n, w in enumerate(widths)})
        self.size_multiple = 2 ** len(widths)
        self.linear_output = linear_output
        self.residual = residual
        self.down = nn.ModuleList(_convolution(*pair) for pair in itertools.pairwise([1, *widths]))
        self.bottom = nn.Sequential(_convolution(widths[-1], bottleneck), _convolution(bottleneck, bottleneck))
        rising = list(itertools.pairwise([bottleneck, *reversed(widths)]))
        self.up = nn.ModuleList(_transposed(*pair) for pair in rising)
        self.merge = nn.ModuleList(_convolution(2 * after, after) for _, after in rising)
        self.last = nn.Conv2d(widths[0], 1, 3, padding=1)
        self.apply(_initialise)

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it, whatever its phase in the pooling."""
        return max(self._reach(phase) for phase in range(self.size_multiple))

    def _reach(self, position: int, last: int = 1) -> int:
        """How far the output at a position sees: its interval, followed back through the deepest path."""
        low, high = position - last, position + last
        for _ in self.down:
            low, high = (low - 1) // 2, (high + 2) // 2
        low, high = low - 2, high + 2
        for _ in self.down:
            low, high = 2 * low - 1, 2 * high + 2
        return max(position - low, high - position)

    def forward(self, image: Tensor) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; sizes
                divisible by `size_multiple`.

        Returns:
            Tensor like ``image``.
        """
        output: Tensor = self.last(self._features(image))
        if not self.linear_output:
            output = torch.relu(output)
        return image + output if self.residual else output

    def _features(self, image: Tensor) -> Tensor:
        """Compute what the last convolution reads: (batch, first width, height, width)."""
        check_divisible(image.shape[2], image.shape[3], self.size_multiple)
        value, skips = image, []
        for convolution in self.down:
            skips.append(convolution(value))
            value = nn.functional.max_pool2d(skips[-1], 2)
        value = self.bottom(value)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            value = merge(torch.cat([up(value), skip], dim=1))
        return value


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True))


def _transposed(inputs: int, outputs: int) -> nn.Sequential:
    transposed = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(transposed, nn.ReLU(inplace=True))


def _initialise(module: nn.Module) -> None:
    """He's normal weights, as in the published code."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        assert module.bias is not None
        nn.init.zeros_(module.bias)
