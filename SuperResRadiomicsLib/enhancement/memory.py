"""How much memory an enhancement will take, before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..grid import Grid, in_plane_factors, refine, through_plane_axis
from ..models import Card
from ..networks import architectures
from .tiling import DEFAULT_TILE
from .twin import SLAB_VOXELS

FLOAT_BYTES = 4
WIDEST_LAYER = 512
"""Channels that are alive at once for a pixel that the network reads, at most: of the shipped networks SRResNet needs
480, GAN-CIRCLE 156 and the U-Net 126 (allocations counted on the CPU)."""
SLAB_COPIES = 4
"""Single precision copies of a slab while it is interpolated."""
RUNTIME_BYTES = 500_000_000
"""What a process takes that has loaded torch and done nothing yet."""


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes.

    Attributes:
        images: In the computer's memory, whatever the device: the images and the process itself.
        network: On the device: what the network needs for one tile.
    """

    images: int
    network: int


def estimate_memory(grid: Grid, voxel_bytes: int, card: Card, tile: int = DEFAULT_TILE) -> MemoryEstimate:
    """Estimate an enhancement's memory; rather too much than too little.

    Images: voxels x bytes of the original and, on the refined grid, of the enhanced image and its
    bicubic twin; four copies in single precision of the slab at work; half a gigabyte for the
    process. Network: pixels of a tile x 512 channels x 4 bytes, of a whole slice for networks that
    cannot be tiled. The lesion does not matter for the images: both cover the whole volume.

    Args:
        grid: The image's grid.
        voxel_bytes: Bytes of one of its voxels.
        card: The model's card.
        tile: Side of the largest square tile.
    """
    axis = through_plane_axis(grid)
    original, refined = prod(grid.size), prod(refine(grid, in_plane_factors(grid, card.scale, axis)).size)
    architecture = architectures()[card.architecture["name"]]
    read = refined if architecture.input_grid == "refined" else original
    pixels = min(tile * tile, read) if architecture.finite_receptive_field else read // grid.size[axis]
    return MemoryEstimate(
        images=(original + 2 * refined) * voxel_bytes + SLAB_COPIES * FLOAT_BYTES * min(SLAB_VOXELS, refined)
        + RUNTIME_BYTES,
        network=pixels * WIDEST_LAYER * FLOAT_BYTES,
    )  # fmt: skip
