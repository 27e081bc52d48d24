"""A small network for short trainings: it learns within minutes on one core.

Residual blocks without normalisation, as in EDSR (Lim et al. 2017, arXiv:1707.02921), at half resolution between a
pixel unshuffle and a pixel shuffle (Shi et al. 2016, arXiv:1609.05158).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .checks import check_at_least, check_divisible
from .residual import ResidualBlock
from .texture_head import constant_planes

LOCAL_MEAN = 9
"""Side in pixels of the square whose mean is taken off."""
CONTRAST = 16.0
"""Texture is some hundredths of a model's window; so many times stronger, convolutions learn from it at once."""


class ResidualRefiner(nn.Module):
    """A network from an interpolated slice, or a plane across slices, to a sharper one of the same size.

    It sees the image and, strengthened, what differs from its local mean; what it finds is added to the image. Its
    last convolution begins with zeros: untrained, it gives the interpolated image.
    44,284 parameters in the default widths, and 216 more for each condition.

    Args:
        features: Channels of the residual blocks.
        blocks: How many of them.
        conditions: Number of scalars that steer the network; each enters as a constant plane.
    """

    size_multiple = 2

    def __init__(self, features: int = 24, blocks: int = 4, conditions: int = 0) -> None:
        super().__init__()
        check_at_least(1, features=features, blocks=blocks)
        self.conditions = conditions
        self.first = nn.Conv2d(2 * 4 + conditions, features, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(features, _nothing, "zeros") for _ in range(blocks)))
        self.last = nn.Conv2d(features, 4, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it."""
        # Convolutions see 2 pixels to each side, a half-resolution pixel is 2 wide, and the local mean comes first.
        return 2 * (2 * len(self.blocks) + 2) + 1 + LOCAL_MEAN // 2

    def forward(self, image: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map slices to slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; even sizes.
            condition: (batch, conditions), or nothing where the network takes none.

        Returns:
            Tensor like ``image``.
        """
        value = self.first(self._seen(image, condition))
        change = functional.pixel_shuffle(self.last(self.blocks(value)), 2)
        result: Tensor = image + change / CONTRAST
        return result

    def _seen(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Lay image, what differs from its local mean, and conditions into planes of half resolution."""
        check_divisible(image.shape[2], image.shape[3], self.size_multiple)
        reach = LOCAL_MEAN // 2
        mean = functional.avg_pool2d(image, LOCAL_MEAN, 1, reach, count_include_pad=False)
        seen = functional.pixel_unshuffle(torch.cat([image, CONTRAST * (image - mean)], dim=1), 2)
        return torch.cat([seen, *self._condition_planes(seen, condition)], dim=1)

    def _condition_planes(self, seen: Tensor, condition: Tensor | None) -> list[Tensor]:
        if not self.conditions:
            return []
        if condition is None or condition.shape[1] != self.conditions:
            raise ValueError(f"this network needs {self.conditions} conditions for every slice")
        return [constant_planes(condition, seen)]


def _nothing(features: int) -> nn.Module:
    """Leave features as they are, in the place of a normalising layer."""
    return nn.Identity()
