"""How far apart two images look, read from the features of a network.

Zhang et al. 2018 (LPIPS, arXiv:1801.03924), equation 1, as their code reads it: the
difference is squared, weighted by channel, averaged over space and added over layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

EPSILON = 1e-10
"""Added to a channel vector's squared length: keeps the gradient finite where all features are zero."""


class PerceptualModel(Protocol):
    """Anything that says how far apart two images look.

    Attributes:
        name: What tables, plots and cards call its distances; numbers of two names are not comparable.
    """

    name: str

    def distance(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute the distance of each pair of images, (batch,); both are (batch, 1, height, width) in [0, 1]."""
        ...


class FeatureModel(nn.Module, ABC):
    """A perceptual model with feature maps, through which a gradient flows.

    Attributes:
        name: As in `PerceptualModel`.
        smallest_side: Sides of an image below this leave no pixel in the last layer.
    """

    name: str
    smallest_side: int

    @abstractmethod
    def forward(self, image: Tensor) -> list[Tensor]:
        """Map (batch, 1, height, width) in [0, 1] to feature maps (batch, channels, h, w), finest first."""

    @abstractmethod
    def channel_weights(self) -> list[Tensor]:
        """Give one non-negative weight a channel for each feature map, (channels,) each."""

    def distance(self, first: Tensor, second: Tensor) -> Tensor:
        """See `perceptual_distance`."""
        return perceptual_distance(self, first, second)


def perceptual_distance(model: FeatureModel, first: Tensor, second: Tensor) -> Tensor:
    """Compute the weighted distance of the unit-length features of two images.

    Args:
        model: Where the features and the weights of their channels come from.
        first: (batch, 1, height, width) in [0, 1].
        second: The same shape.

    Returns:
        (batch,) distances: at least 0, symmetric, 0 for equal images.

    Raises:
        ValueError: The shapes differ, or the images are too small or not of one channel.
    """
    check_images(first, second, model.smallest_side)
    return feature_distance(model(first), model(second), model.channel_weights())


def feature_distance(first: Sequence[Tensor], second: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Compute the distance of features that are already there; see `perceptual_distance`."""
    layers = [_layer(*layer) for layer in zip(first, second, weights, strict=True)]
    return torch.stack(layers).sum(dim=0)


def _layer(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    squared = (unit_length(first) - unit_length(second)).square()
    # No matrix product: mixed precision would round its result to half precision.
    return (squared * weights.float()[:, None, None]).sum(dim=1).mean(dim=(1, 2))


def unit_length(features: Tensor) -> Tensor:
    """Divide the channel vector of every pixel by its length, in single precision."""
    single = features.float()
    return single * (single.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()


def check_images(first: Tensor, second: Tensor, smallest_side: int) -> None:
    """Raise ValueError unless both are (batch, 1, height, width) of one shape and large enough."""
    if first.shape != second.shape:
        raise ValueError(f"both images must have one shape; given are {tuple(first.shape)} and {tuple(second.shape)}")
    if first.ndim != 4 or first.shape[1] != 1:
        raise ValueError(f"images must have the shape (batch, 1, height, width); given is {tuple(first.shape)}")
    if min(first.shape[2:]) < smallest_side:
        height, width = first.shape[2:]
        raise ValueError(f"the images have {height} x {width} pixels; each side must have at least {smallest_side}")
