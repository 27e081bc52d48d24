"""Superpixels: regions of like intensity, found in all slices of a batch at once.

SLIC, Achanta et al. 2012 (doi:10.1109/TPAMI.2012.120), without its last step, which joins
parts that lie apart.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional


def superpixels(image: Tensor, side: int = 16, compactness: float = 0.1, iterations: int = 5) -> Tensor:
    """Divide slices into superpixels.

    Args:
        image: (batch, 1, height, width), scaled to [0, 1]; sides at least ``side``.
        side: Side of a superpixel before it follows the image, in pixels.
        compactness: Difference of intensity that weighs as much as being one ``side`` away.
        iterations: How often pixels are assigned anew.

    Returns:
        (batch, height, width): each pixel's region, from 0 to `superpixel_count` - 1.
    """
    batch, _, height, width = image.shape
    if side < 2 or min(height, width) < side:
        raise ValueError(f"side is {side}; it must be at least 2 and no more than the image's, {height} x {width}")
    if compactness <= 0 or iterations < 1:
        raise ValueError(f"compactness is {compactness} and iterations {iterations}; both must be above 0")
    rows, columns = height // side, width // side
    with torch.no_grad():
        points = _points(image.float(), side, compactness)
        candidates = _candidates(height, width, rows, columns, image.device)
        labels = candidates[0].expand(batch, -1, -1)
        centres, _ = region_means(points, labels, rows * columns)
        for _ in range(iterations):
            labels = _nearest(points, centres, candidates)
            means, present = region_means(points, labels, rows * columns)
            centres = torch.where(present[..., None], means, centres)
    return labels


def superpixel_count(height: int, width: int, side: int) -> int:
    """Count the regions into which `superpixels` divides a slice."""
    return (height // side) * (width // side)


def region_means(features: Tensor, labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Average features over regions.

    Args:
        features: (batch, channels, height, width).
        labels: (batch, rows, columns) of region numbers, at the features' resolution or finer.
        count: Number of regions.

    Returns:
        (batch, count, channels), zero where a region is empty; and (batch, count), whether it
        has pixels.
    """
    if labels.shape[1:] != features.shape[2:]:
        labels = functional.interpolate(labels[:, None].float(), features.shape[2:], mode="nearest-exact")[:, 0].long()
    index = labels.flatten(1)
    values = features.flatten(2).transpose(1, 2)
    sums = values.new_zeros(len(values), count, values.shape[2])
    sums = sums.scatter_add(1, index[..., None].expand_as(values), values)
    sizes = values.new_zeros(len(values), count).scatter_add(1, index, torch.ones_like(index, dtype=values.dtype))
    return sums / sizes.clamp(min=1)[..., None], sizes > 0


def _points(image: Tensor, side: int, compactness: float) -> Tensor:
    """(batch, 3, height, width): intensity and position, so scaled that distances add up."""
    batch, _, height, width = image.shape
    row = torch.arange(height, device=image.device)[:, None].expand(height, width) / side
    column = torch.arange(width, device=image.device).expand(height, width) / side
    return torch.cat([image / compactness, torch.stack([row, column]).expand(batch, -1, -1, -1)], dim=1)


def _candidates(height: int, width: int, rows: int, columns: int, device: torch.device) -> Tensor:
    """(9, height, width): the cell of a grid that each pixel lies in, and those around it."""
    cell_row = torch.arange(height, device=device) * rows // height
    cell_column = torch.arange(width, device=device) * columns // width
    around = [
        (cell_row + down).clamp(0, rows - 1)[:, None] * columns + (cell_column + right).clamp(0, columns - 1)
        for down, right in itertools.product((0, -1, 1), repeat=2)
    ]
    return torch.stack(around)


def _nearest(points: Tensor, centres: Tensor, candidates: Tensor) -> Tensor:
    """For each pixel the nearest of its candidates."""
    distances = [(points - centres[:, c].permute(0, 3, 1, 2)).square().sum(dim=1) for c in candidates]
    return candidates.gather(0, torch.stack(distances).argmin(dim=0))
