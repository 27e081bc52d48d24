"""PatchGAN critic, with spectral or instance normalisation.

Isola et al. 2017 (arXiv:1611.07004); Miyato et al. 2018 (arXiv:1802.05957) in place of the
instance normalisation, as in Athreya et al. 2024 (doi:10.2196/58911).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ...networks.checks import check_at_least

Normalisation = Literal["spectral", "instance"]
WIDTHS = (64, 128, 256, 512)
STRIDES = (2, 2, 2, 1)


class PatchCritic(nn.Module):
    """A score for every overlapping 70 x 70 region of a slice; higher looks more real.

    Args:
        widths: Channels of the convolutions before the one that scores.
        strides: Their strides.
        inputs: Channels of what is judged: 2 for pix2pix, which shows the critic a slice
            together with the one it was made from.
        normalisation: ``spectral`` of every convolution's weights, or ``instance`` of the
            features of all but the first (CycleGAN, RegGAN).
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        strides: Sequence[int] = STRIDES,
        inputs: int = 1,
        normalisation: Normalisation = "spectral",
    ) -> None:
        super().__init__()
        if len(strides) != len(widths):
            raise ValueError(f"{len(widths)} widths need as many strides; given are {len(strides)}")
        if normalisation not in get_args(Normalisation):
            raise ValueError(f"normalisation is '{normalisation}'; it must be one of {get_args(Normalisation)}")
        check_at_least(1, widths=len(widths), strides=min(strides, default=0), inputs=inputs)
        convolution = _spectral_convolution if normalisation == "spectral" else _convolution
        layers: list[nn.Module] = []
        for (before, after), stride in zip(itertools.pairwise([inputs, *widths]), strides, strict=True):
            layers.append(convolution(before, after, stride))
            if normalisation == "instance" and len(layers) > 1:
                layers.append(nn.InstanceNorm2d(after))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.layers = nn.Sequential(*layers, convolution(widths[-1], 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Score slices.

        Args:
            image: (batch, inputs, height, width).

        Returns:
            (batch, 1, rows, columns) of scores: 30 x 30 for a slice of 256 x 256.
        """
        scores: Tensor = self.layers(image)
        return scores


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1)


def _spectral_convolution(inputs: int, outputs: int, stride: int) -> nn.Module:
    convolution: nn.Module = spectral_norm(_convolution(inputs, outputs, stride))
    return convolution
