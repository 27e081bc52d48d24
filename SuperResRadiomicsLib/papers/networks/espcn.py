"""ESPCN: a few convolutions on the coarse image and one pixel shuffle.

Shi et al. 2016 (arXiv:1609.05158), with the layers that Moummad et al. 2022
(doi:10.3390/cancers14010036) compared their U-Net with.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor, nn

from ...networks.checks import check_at_least, check_odd

WIDTHS = (64, 64, 32)
KERNELS = (5, 3, 3, 3)


class Espcn(nn.Module):
    """A network from a measured slice to a slice ``scale`` times as large.

    58,212 parameters at scale 2.

    Args:
        scale: Enlargement; any whole number from 1.
        widths: Channels of all convolutions but the last, which has ``scale`` squared.
        kernels: Sides of all kernels, one more than widths; odd.
        linear_output: Leave out the ReLU behind the last convolution.
    """

    def __init__(
        self,
        scale: int = 2,
        widths: Sequence[int] = WIDTHS,
        kernels: Sequence[int] = KERNELS,
        linear_output: bool = False,
    ) -> None:
        super().__init__()
        if len(kernels) != len(widths) + 1:
            raise ValueError(f"{len(widths)} widths need {len(widths) + 1} kernels; given are {len(kernels)}")
        check_at_least(1, scale=scale, **{f"width {n}": width for n, width in enumerate(widths)})
        check_odd(**{f"kernel {n}": kernel for n, kernel in enumerate(kernels)})
        self.scale = scale
        self.receptive_field_radius = sum(kernel // 2 for kernel in kernels)
        layers: list[nn.Module] = []
        for (before, after), kernel in zip(itertools.pairwise([1, *widths, scale**2]), kernels, strict=True):
            layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*(layers[:-1] if linear_output else layers), nn.PixelShuffle(scale))

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            (batch, 1, height * scale, width * scale).
        """
        enlarged: Tensor = self.layers(image)
        return enlarged
