"""Bright ellipses on a dark ground, and a small detector that learns to find them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from SuperResRadiomicsLib.networks import build_network
from SuperResRadiomicsLib.training.losses import detection_losses

GROUND, BRIGHT, NOISE = 0.09, 0.42, 0.015
"""Of the network's [0, 1]: air in lung and soft tissue, in the tiny detector's window."""
SHAPES = ((24, 24), (24, 20), (20, 24))


def draw_blobs(count: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Slices (count, 1, height, width), most with an ellipse, and the ellipses' pixels (count, height, width)."""
    size = 0.15 + 0.5 * torch.rand(count, 2)
    centre = size / 2 + torch.rand(count, 2) * (1 - size)
    rows = ((torch.arange(height) + 0.5) / height - centre[:, :1]) / size[:, :1]
    columns = ((torch.arange(width) + 0.5) / width - centre[:, 1:]) / size[:, 1:]
    has_lesion = torch.rand(count) < 0.7
    inside = (rows.square()[:, :, None] + columns.square()[:, None] <= 0.25) & has_lesion[:, None, None]
    image = torch.where(inside, BRIGHT, GROUND) + NOISE * torch.randn(count, height, width)
    return image[:, None].clamp(0, 1), inside.float()


def train_detector(architecture: dict, steps: int = 60) -> nn.Module:
    """A detector that has seen ellipses of many sizes at all places; the same one every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(**architecture)
        optimiser = torch.optim.Adam(network.parameters(), lr=2e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-2, total_steps=steps)
        for step in range(steps):
            image, lesion = draw_blobs(24, *SHAPES[step % len(SHAPES)])
            optimiser.zero_grad()
            sum(detection_losses(network(image), lesion).values()).backward()
            optimiser.step()
            schedule.step()
    return network.eval()
