"""Masks on another grid, resampled onto the image's as pyradiomics does where it is told to (``correctMask``)."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..errors import MaskError
from ..grid import BoolArray, Grid, box_of_mask, resample_sitk, to_sitk
from .lattice import Fitted

EDGE = 1e-3
"""Voxels by which a lesion may reach over the image's edge, for the rounding of headers."""


def resampled_mask(mask: BoolArray, mask_grid: Grid, grid: Grid, name: str) -> Fitted:
    """Resample a lesion onto an image's grid: each voxel takes what the mask holds nearest to its centre.

    Args:
        mask: bool [k, j, i] on ``mask_grid``, not empty.
        mask_grid: The mask's own grid.
        grid: The image's.
        name: What messages call the mask.

    Returns:
        The mask on the image's grid; its note tells both volumes.

    Raises:
        MaskError: The lesion reaches over the image's edge, or no voxel's centre lies in it.

    Examples:
        >>> coarse, fine = Grid((4, 4, 4), (2.0, 2.0, 2.0), (0.5, 0.5, 0.5)), Grid((8, 8, 8), (1.0, 1.0, 1.0))
        >>> mask = np.zeros(coarse.shape, dtype=bool)
        >>> mask[1:3, 1:3, 1:3] = True
        >>> int(resampled_mask(mask, coarse, fine, "mask").voxels.sum())
        64
    """
    _refuse_outside(mask, mask_grid, grid, name)
    moved = resample_sitk(to_sitk(mask.astype(np.uint8), mask_grid), grid, sitk.sitkNearestNeighbor)
    found: BoolArray = sitk.GetArrayFromImage(moved) > 0
    if not found.any():
        raise MaskError(
            f"The lesion of the mask '{name}' holds the centre of no voxel of the image, whose grid it was to be "
            "resampled onto (correctMask). Draw it on this image, or on one with smaller voxels."
        )
    before, after = mask.sum() * mask_grid.voxel_volume, found.sum() * grid.voxel_volume
    note = (
        f"The mask '{name}' lies on another grid; it was resampled onto the image's by nearest neighbour "
        f"(correctMask): {before:.4g} mm3 before, {after:.4g} mm3 after."
    )
    return Fitted(found, (note,))


def _refuse_outside(mask: BoolArray, mask_grid: Grid, grid: Grid, name: str) -> None:
    """Refuse a lesion whose box reaches over the image's edge, by the two corners that pyradiomics looks at."""
    box = box_of_mask(mask)
    first = np.array(box.start) - 0.5
    corners = grid.world_to_index(mask_grid.index_to_world(np.array([first, first + box.size])))
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (low < -0.5 - EDGE).any() or (high > np.array(grid.size) - 0.5 + EDGE).any():
        raise MaskError(
            f"The lesion of the mask '{name}' reaches from {_shown(low)} to {_shown(high)} in the image's voxels, over "
            f"the edge of the image, which has {' x '.join(map(str, grid.size))}. Crop the mask to the image first, or "
            "choose the mask that was drawn on it."
        )


def _shown(place: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in place) + ")"
