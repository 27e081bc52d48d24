"""Masks on other grids, and what the move does to their volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GridError, MaskError
from .box import Box, box_of_mask, crop_grid, expand_box
from .grid import Grid, check_shape, field_of_view
from .resampling import resample
from .types import BoolArray, MaskRule

MAX_MASK_VOLUME_CHANGE = 0.05


@dataclass(frozen=True)
class MaskTransport:
    """A mask on a new grid and what the move did to it.

    Attributes:
        mask: bool [k, j, i] on the target grid.
        rule: ``linear`` (interpolated, threshold 0.5) or ``nearest``.
        source_volume_mm3: Volume of the mask before.
        target_volume_mm3: Volume after.
    """

    mask: BoolArray
    rule: str
    source_volume_mm3: float
    target_volume_mm3: float

    @property
    def volume_change(self) -> float:
        """Relative change of volume: 0.01 is one per cent more."""
        return self.target_volume_mm3 / self.source_volume_mm3 - 1.0


def transport_mask(
    mask: BoolArray, source: Grid, target: Grid, rule: MaskRule = "linear", allow_volume_change: bool = False
) -> MaskTransport:
    """Carry a mask to another grid.

    Args:
        mask: bool [k, j, i] on ``source``.
        source: Grid of the mask.
        target: Grid wanted.
        rule: ``linear`` interpolates the mask and keeps what reaches 0.5 (IBSI), ``nearest`` copies.
        allow_volume_change: Accept a change of volume over 5%.

    Raises:
        MaskError: The mask is empty, vanishes on the target, or its volume changes by more than 5%.
        GridError: Unknown rule, or the mask is not on ``source``.

    Examples:
        >>> from SuperResRadiomicsLib.grid import refine
        >>> coarse = Grid((4, 4, 1), (1.0, 1.0, 3.0))
        >>> mask = np.zeros(coarse.shape, dtype=bool)
        >>> mask[0, 1:3, 1:3] = True
        >>> moved = transport_mask(mask, coarse, refine(coarse, (2, 2, 1)))
        >>> int(moved.mask.sum()), moved.volume_change
        (16, 0.0)
    """
    check_shape(mask, source)
    if rule not in ("linear", "nearest"):
        raise GridError(f"Mask rule '{rule}' is not known. Choose 'linear' (threshold 0.5) or 'nearest'.")
    box = box_of_mask(mask)
    near = expand_box(box, source, 1.01 * max(source.spacing))
    landing = _landing_box(near, source, target)
    moved = np.zeros(target.shape, dtype=bool)
    part = resample(mask[near.slices].astype(np.float32), crop_grid(source, near), crop_grid(target, landing), rule)
    # 0.5 itself counts as inside; the tolerance absorbs the rounding of interpolation weights.
    moved[landing.slices] = part >= 0.5 - 1e-6
    transport = MaskTransport(
        moved, rule, float(mask.sum()) * source.voxel_volume, float(moved.sum()) * target.voxel_volume
    )
    if transport.target_volume_mm3 == 0:
        raise MaskError("The mask vanishes on the other grid: it lies outside the image or is smaller than a voxel.")
    if abs(transport.volume_change) > MAX_MASK_VOLUME_CHANGE and not allow_volume_change:
        raise MaskError(
            f"Carrying the mask to the other grid changes its volume by {transport.volume_change:+.1%} "
            f"({transport.source_volume_mm3:.1f} to {transport.target_volume_mm3:.1f} mm^3); up to "
            f"{MAX_MASK_VOLUME_CHANGE:.0%} is allowed. Smooth the segmentation, or allow the change by option."
        )
    return transport


def _landing_box(box: Box, source: Grid, target: Grid) -> Box:
    """Find the box on ``target`` in which the voxels of ``box`` on ``source`` can land."""
    index = target.world_to_index(field_of_view(crop_grid(source, box)))
    size = np.asarray(target.size)
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, size - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start + 1, size)
    return Box(tuple(start.tolist()), tuple(stop.tolist()))
