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
SMALLEST_SIDE = 1e-3
"""Added to each side of a box, as a share of the slice: no box is empty."""


class Detection(NamedTuple):
    """Where a lesion lies, one row a slice.

    Attributes:
        box: (batch, 4): centre row, centre column, height and width as shares of the slice's
            height and width.
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
        attention: Let the network choose, for each edge of the box, where it looks: the edge lies at
            the mean place of its map (Nibali et al. 2018, arXiv:1801.07372), moved by what is seen
            there. Learns from far fewer slices than numbers read off the global mean.
        last_pooling: Whether the last unit halves the resolution too; without, maps are finer.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        coordinates: bool = True,
        attention: bool = False,
        last_pooling: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, units=len(widths), **{f"width {n}": width for n, width in enumerate(widths)})
        self.coordinates = coordinates
        channels = [3 if coordinates else 1, *widths]
        pooled = [True] * (len(widths) - 1) + [last_pooling]
        self.units = nn.Sequential(
            *(_unit(*pair, p) for pair, p in zip(itertools.pairwise(channels), pooled, strict=True))
        )
        self.attention = nn.Conv2d(widths[-1], 4, 1) if attention else None
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
        maps = torch.softmax(self.attention(features).flatten(2), dim=2)
        numbers = self.head(torch.einsum("bcn,ben->bec", features.flatten(2), maps))
        planes = maps.unflatten(2, features.shape[2:])
        # Each edge moves by the number of its own map; the four maps vote on the objectness.
        moves = numbers[:, :, :4].diagonal(dim1=1, dim2=2)
        box = _box_of_edges(_edges(planes) + moves)
        return Detection(box, numbers[:, :, 4].mean(dim=1), planes.mean(dim=1))


def _edges(maps: Tensor) -> Tensor:
    """Mean rows of the maps of the first and last row, mean columns of the other two: shares (batch, 4)."""
    height, width = maps.shape[2:]
    rows, columns = ((torch.arange(n).to(maps) + 0.5) / n for n in (height, width))
    return torch.cat([maps[:, :2].sum(dim=3) @ rows, maps[:, 2:].sum(dim=2) @ columns], dim=1)


def _box_of_edges(edges: Tensor) -> Tensor:
    """Centre and size of boxes from first and last row, first and last column; edges may come in either order."""
    pairs = edges.unflatten(1, (2, 2))
    return torch.cat([pairs.mean(dim=2), (pairs[:, :, 1] - pairs[:, :, 0]).abs() + SMALLEST_SIDE], dim=1)


def _with_coordinates(image: Tensor) -> Tensor:
    batch, _, height, width = image.shape
    rows, columns = ((torch.arange(n).to(image) + 0.5) / n for n in (height, width))
    row_plane = rows[:, None].expand(batch, 1, height, width)
    column_plane = columns.expand(batch, 1, height, width)
    return torch.cat([image, row_plane, column_plane], dim=1)


def _unit(inputs: int, outputs: int, pooled: bool) -> nn.Sequential:
    blocks = [_ResidualBlock(inputs, outputs), _ResidualBlock(outputs, outputs)]
    # Rounding the size up lets slices of any size through.
    return nn.Sequential(*blocks, *([nn.MaxPool2d(2, ceil_mode=True)] if pooled else []))


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
