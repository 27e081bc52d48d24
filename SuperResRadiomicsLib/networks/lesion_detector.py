"""Lesion detector: residual units with max pooling, for slices of any size.

Zhu et al. 2018 (LFSR, arXiv:1810.06693) describe the unit: two residual blocks, then max
pooling. Widths and head are ours; the paper gives none.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .checks import check_at_least

WIDTHS = (32, 64, 128, 256, 256)


class Detection(NamedTuple):
    """Where a lesion lies, one row a slice.

    Attributes:
        box: (batch, 4): centre row, centre column, height and width as shares of the slice's
            height and width, in (0, 1).
        objectness: (batch,) logits that the slice holds a lesion at all.
        attention: (batch, rows, columns) where the network looked, adding up to 1; nothing without attention.
    """

    box: Tensor
    objectness: Tensor
    attention: Tensor | None = None


class LesionDetector(nn.Module):
    """One box and one score for each slice.

    Args:
        widths: Channels of the units; each halves the resolution.
        coordinates: Add each pixel's row and column to the image (Liu et al. 2018,
            arXiv:1807.03247): the global mean at the end forgets where a feature was seen.
        attention: Let the network choose where it looks instead of taking the global mean: features
            are averaged by weights that it gives to places, and the box's centre starts from the
            weights' mean place. Learns from far fewer slices.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, coordinates: bool = True, attention: bool = False) -> None:
        super().__init__()
        check_at_least(1, units=len(widths), **{f"width {n}": width for n, width in enumerate(widths)})
        self.coordinates = coordinates
        channels = [3 if coordinates else 1, *widths]
        self.units = nn.Sequential(*(_unit(*pair) for pair in itertools.pairwise(channels)))
        self.attention = nn.Conv2d(widths[-1], 1, 1) if attention else None
        self.head = nn.Linear(widths[-1], 5)

    def forward(self, image: Tensor) -> Detection:
        """Find the lesion in slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.

        Returns:
            The box and the objectness of each slice.
        """
        value = _with_coordinates(image) if self.coordinates else image
        features = self.units(value)
        if self.attention is None:
            numbers = self.head(features.mean(dim=(2, 3)))
            return Detection(torch.sigmoid(numbers[:, :4]), numbers[:, 4])
        weights = torch.softmax(self.attention(features).flatten(1), dim=1)
        numbers = self.head(torch.einsum("bcn,bn->bc", features.flatten(2), weights))
        # A change of the weights' mean place, in the numbers whose sigmoid is the box.
        start = torch.logit(_mean_place(weights, features.shape[2], features.shape[3]))
        shares = torch.sigmoid(torch.cat([numbers[:, :2] + start, numbers[:, 2:4]], dim=1))
        return Detection(shares, numbers[:, 4], weights.unflatten(1, features.shape[2:]))


def _mean_place(weights: Tensor, height: int, width: int) -> Tensor:
    """Mean row and column (batch, 2), as shares, of weights (batch, height * width) that add up to 1."""
    planes = weights.unflatten(1, (height, width))
    rows, columns = ((torch.arange(n).to(weights) + 0.5) / n for n in (height, width))
    return torch.stack([planes.sum(dim=2) @ rows, planes.sum(dim=1) @ columns], dim=1)


def _with_coordinates(image: Tensor) -> Tensor:
    batch, _, height, width = image.shape
    rows, columns = ((torch.arange(n).to(image) + 0.5) / n for n in (height, width))
    row_plane = rows[:, None].expand(batch, 1, height, width)
    column_plane = columns.expand(batch, 1, height, width)
    return torch.cat([image, row_plane, column_plane], dim=1)


def _unit(inputs: int, outputs: int) -> nn.Sequential:
    # Rounding the size up lets slices of any size through.
    return nn.Sequential(
        _ResidualBlock(inputs, outputs), _ResidualBlock(outputs, outputs), nn.MaxPool2d(2, ceil_mode=True)
    )


class _ResidualBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.skip(features) + self.change(features))
