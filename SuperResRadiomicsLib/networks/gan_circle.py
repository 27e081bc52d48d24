"""Generator of GAN-CIRCLE.

You et al. 2020 (doi:10.1109/TMI.2019.2922960), in the widths that de Farias et al. 2021
used for CT lesions (doi:10.1038/s41598-021-00898-z). The feature widths go back to DCSCN
(Yamanaka et al. 2017, arXiv:1707.05425).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .context import NO_SIDE, Sides, trim
from .texture_head import constant_planes

WIDTHS = (64, 54, 48, 43, 39, 35, 31, 28, 25, 22, 18, 16)
RECONSTRUCTION_WIDTHS = (24, 8)
UPSAMPLE_WIDTHS = (32, 16)


class GanCircleGenerator(nn.Module):
    """A network from an interpolated slice to a sharper slice of the same size.

    Twelve convolutions at half resolution whose outputs are all concatenated, a
    network-in-network reconstruction, a transposed convolution back to full resolution.
    168,120 parameters in the published widths, and 576 more for each condition.

    Args:
        widths: Channels of the feature convolutions.
        reconstruction_widths: Channels of the two network-in-network branches.
        upsample_widths: Channels before and after the transposed convolution.
        dropout: Probability of dropping a value in training (the papers' "rate 0.8" keeps 0.8).
        residual: Add the input to the output (You et al.); the papers' figures differ here.
        conditions: Number of scalars (such as blur and noise level) that steer the
            network; each enters as a constant plane beside the image.
    """

    size_multiple = 2
    uses_context = True

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        reconstruction_widths: Sequence[int] = RECONSTRUCTION_WIDTHS,
        upsample_widths: Sequence[int] = UPSAMPLE_WIDTHS,
        dropout: float = 0.2,
        residual: bool = True,
        conditions: int = 0,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conditions = conditions
        channels = [1 + conditions, *widths]
        self.features = nn.ModuleList(
            _block(channels[n], channels[n + 1], 3, dropout, stride=2 if n == 0 else 1) for n in range(len(widths))
        )
        wide, narrow = reconstruction_widths
        self.direct = _block(sum(widths), wide, 1, dropout)
        self.deep = nn.Sequential(_block(sum(widths), narrow, 1, dropout), _block(narrow, narrow, 3, dropout))
        before, after = upsample_widths
        self.up = nn.Sequential(
            nn.Conv2d(wide + narrow, before, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(after, 1, 3, padding=1, bias=False),
        )
        self.apply(_initialise)

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it."""
        # Two convolutions follow the features at half resolution; the transposed one and the last reach 2 pixels more.
        return 2 * (len(self.features) + 2) + 2

    def forward(self, image: Tensor, condition: Tensor | None = None, context: Sides = NO_SIDE) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; even sizes.
            condition: (batch, conditions), or nothing where the network takes none.
            context: Whether the outermost `receptive_field_radius` pixels at the top, bottom,
                left and right are context only. Such a border is used up layer by layer, so
                nothing is computed that no output pixel needs.

        Returns:
            Tensor like ``image``, without the context.
        """
        change: Tensor = trim(self.up[2:](self._widened([image], condition, context)), context, 2)
        return trim(image, context, self.receptive_field_radius) + change if self.residual else change

    def _widened(self, planes: Sequence[Tensor], condition: Tensor | None, context: Sides) -> Tensor:
        """Prepare what the transposed convolution reads: (batch, channels, height / 2, width / 2).

        Args:
            planes: What the first convolution sees, the image first; the conditions follow it.
            condition: See `forward`.
            context: See `forward`.
        """
        image, *more = planes
        value = torch.cat([image, *self._condition_planes(image, condition), *more], dim=1)
        outputs = []
        for block in self.features:
            value = trim(block(value), context)
            outputs.append(value)
        last = len(outputs) - 1
        direct, deep = self._reconstruct([trim(output, context, last - n) for n, output in enumerate(outputs)])
        joined = torch.cat([trim(direct, context), trim(deep, context)], dim=1)
        widened: Tensor = trim(self.up[1](self.up[0](joined)), context)
        return widened

    def _condition_planes(self, image: Tensor, condition: Tensor | None) -> list[Tensor]:
        if not self.conditions:
            return []
        if condition is None or condition.shape[1] != self.conditions:
            raise ValueError(f"this network needs {self.conditions} conditions for every slice")
        return [constant_planes(condition, image)]

    def _reconstruct(self, outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Both branches over all feature outputs.

        Their 1x1 convolutions are summed output by output: the same numbers as over the
        423 channels side by side, which are too many for the caches.
        """
        branches = self.direct.get_parameter("0.weight"), self.deep.get_parameter("0.0.weight")
        weights = torch.cat(branches).split([output.shape[1] for output in outputs], dim=1)
        biases = torch.cat([self.direct.get_parameter("0.bias"), self.deep.get_parameter("0.0.bias")])
        total = functional.conv2d(outputs[0], weights[0], biases)
        for output, weight in zip(outputs[1:], weights[1:], strict=True):
            total = total + functional.conv2d(output, weight)
        activated = self.direct[1:](total)  # Both branches go on with the same activation and dropout.
        wide = len(branches[0])
        return activated[:, :wide], self.deep[1](activated[:, wide:])


def _block(inputs: int, outputs: int, kernel: int, dropout: float, stride: int = 1) -> nn.Sequential:
    # Symmetric padding on the stride-2 layer: padding on one side only would shift the image by half a pixel.
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2),
        nn.LeakyReLU(0.1, inplace=True),
    ]
    return nn.Sequential(*layers, nn.Dropout(dropout)) if dropout > 0 else nn.Sequential(*layers)


def _initialise(module: nn.Module) -> None:
    """Draw normal weights of variance 2 / (k^2 * outputs), as in the published code."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        area = module.kernel_size[0] * module.kernel_size[1]
        nn.init.normal_(module.weight, std=math.sqrt(2.0 / (area * module.out_channels)))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
