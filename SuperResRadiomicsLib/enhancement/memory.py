"""How much memory an enhancement will take, before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..errors import SettingsError
from ..grid import Box, Grid, Triple, expand_box, grow_box, in_plane_factors, refine, refine_box, through_plane_axis
from ..models import Card
from ..networks import architectures
from .pipeline import DEFAULT_MARGIN_MM, context_voxels
from .through_plane import choose_factor, slice_factors
from .tiling import DEFAULT_TILE
from .twin import SLAB_VOXELS
from .whole import WHOLE_SLAB_VOXELS

FLOAT_BYTES = 4
MOMENT_BYTES = 16
"""Of a voxel, while samples are drawn: the sum and the squares in double precision."""
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


def estimate_memory(
    grid: Grid,
    voxel_bytes: int,
    card: Card,
    *,
    lesion: Box | None = None,
    margin_mm: float = DEFAULT_MARGIN_MM,
    through_plane: int | None = None,
    tile: int = DEFAULT_TILE,
    samples: int = 0,
) -> MemoryEstimate:
    """Estimate an enhancement's memory; rather too much than too little.

    Images: voxels x bytes of the image, of the original that is kept around the region and, on the refined grid, of
    the region's enhanced image and its bicubic twin; four copies in single precision of the slab at work; half a
    gigabyte for the process. Of samples also each of them, and their mean and squares in double precision. A whole
    image goes through slab by slab (`enhance_whole`): a slab then is the region.
    Network: pixels of a tile x 512 channels x 4 bytes, of a whole slice for networks that cannot be tiled.

    Args:
        grid: The image's grid.
        voxel_bytes: Bytes of one of its voxels.
        card: The model's card.
        lesion: Box of the lesion in voxels of the image; without it all of the image is enhanced, slab by slab.
        margin_mm: Margin around the lesion.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices; guessed from the spacing without it.
        tile: Side of the largest square tile.
        samples: How many samples are drawn; those of a lesion are kept, those of a whole image are not.
    """
    axis = through_plane_axis(grid) if through_plane is None else through_plane
    refined = refine(grid, _factors(grid, card, axis))
    if lesion is None:
        region, kept, drawn = _slab(refined, axis), 0, 0
    else:
        box = expand_box(lesion, grid, margin_mm)
        region, kept = prod(refine_box(box, grid, refined).size), prod(grow_box(box, grid, context_voxels(grid)).size)
        drawn = samples
    return MemoryEstimate(
        images=(prod(grid.size) + kept + (2 + drawn) * region) * voxel_bytes
        + (MOMENT_BYTES * region if samples else 0)
        + SLAB_COPIES * FLOAT_BYTES * min(SLAB_VOXELS, region)
        + RUNTIME_BYTES,
        network=_pixels_read(grid, refined, card, axis, tile) * WIDEST_LAYER * FLOAT_BYTES,
    )


def _factors(grid: Grid, card: Card, axis: int) -> Triple:
    """Refinement factors; of slices the model's largest where the pixels do not tell how many to make."""
    if not card.refines_slices:
        return in_plane_factors(grid, card.scale, axis)
    try:
        factor, _ = choose_factor(grid, axis, card, "auto")
    except SettingsError:
        factor = card.slice_factors[-1]
    return slice_factors(axis, factor)


def _slab(refined: Grid, axis: int) -> int:
    """Voxels of the refined grid that `enhance_whole` holds together: a slab, but at least one slice."""
    everything = prod(refined.size)
    return min(everything, max(WHOLE_SLAB_VOXELS, everything // refined.size[axis]))


def _pixels_read(grid: Grid, refined: Grid, card: Card, axis: int, tile: int) -> int:
    """Pixels that the network reads together, at most."""
    architecture = architectures()[card.architecture["name"]]
    read = refined if architecture.input_grid == "refined" else grid
    in_a_slice = prod(read.size) // read.size[axis]
    return min(tile * tile, in_a_slice) if architecture.finite_receptive_field else in_a_slice
