"""From an image and a mask to what is measured, in the initiative's order: interpolation, rounding, resegmentation.

Source: reference manual (arXiv 1612.07003), section 2. pyradiomics' resampling differs: its grid starts at another
place, and it takes masks by nearest neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import MaskError, SettingsError
from ...grid import Array, BoolArray, Box, Grid, Method, Triple, box_of_mask, crop_grid, resample, shift_box
from ...io.image import Image
from ..preprocessing import Preprocessing, Resampling
from ..preprocessing.cropping import cut_both, reached_box
from ..preprocessing.resampling import SUPPORT

METHODS: dict[str, Method] = {"sitkNearestNeighbor": "nearest", "sitkLinear": "linear", "sitkBSpline": "bspline"}
"""Interpolations by their names in the settings."""
EDGE = 8
"""Voxels by which an image is continued."""
IN_THE_MASK = 0.5
"""A voxel of the new grid belongs to the lesion from this interpolated value on."""


@dataclass(frozen=True)
class PreparedImage:
    """A lesion ready to be measured.

    Attributes:
        image: The image, interpolated.
        morphology: The lesion's outline; boolean [k, j, i].
        intensity: The part of it whose intensities count, of the same shape.
        limits: Least and greatest intensity that the latter may have, where there is a limit.
    """

    image: Image
    morphology: BoolArray
    intensity: BoolArray
    limits: tuple[float | None, float | None]


def prepare(image: Image, mask: BoolArray, steps: Preprocessing, margin: Sequence[int]) -> PreparedImage:
    """Do the steps; without any the image is measured as it is.

    Args:
        image: The image.
        mask: Boolean array [k, j, i] of its shape, not empty.
        steps: The steps. Of a CT, and of any image of whole numbers, interpolated intensities are rounded.
        margin: Voxels around the lesion that the interpolated image must keep, along i, j, k.

    Raises:
        MaskError: Nothing of the lesion is left.
        SettingsError: A step has no counterpart in the standard.
    """
    if steps.normalisation:
        image = steps.normalisation.apply(image)
    if steps.resampling:
        image, mask = _interpolated(image, mask, steps.resampling, margin)
    intensity = mask
    limits: tuple[float | None, float | None] = None, None
    if steps.resegmentation:
        limits = steps.resegmentation.allowed()
        intensity = steps.resegmentation.apply(image, mask)
    return PreparedImage(image, mask, intensity, limits)


def centred_grid(grid: Grid, spacing: Sequence[float]) -> Grid:
    """Make the grid of another spacing that covers a grid and has the same centre (manual, section 2.4).

    Args:
        grid: The grid.
        spacing: Voxel size in mm along i, j, k; 0 keeps the grid's.

    Examples:
        >>> fine = centred_grid(Grid((3, 3, 2), (1.0, 1.0, 3.0)), (2.0, 0.0, 1.0))
        >>> fine.size, fine.origin
        ((2, 3, 6), (0.0, 0.0, -1.0))
    """
    steps = [wanted or own for wanted, own in zip(spacing, grid.spacing, strict=True)]
    size = [math.ceil(n * own / step - 1e-6) for n, own, step in zip(grid.size, grid.spacing, steps, strict=True)]
    middle = (np.array(size) - 1) / 2 * steps
    origin = grid.index_to_world((np.array(grid.size) - 1) / 2) - np.reshape(grid.direction, (3, 3)) @ middle
    return Grid((size[0], size[1], size[2]), (steps[0], steps[1], steps[2]), tuple(origin.tolist()), grid.direction)


def _interpolated(image: Image, mask: BoolArray, step: Resampling, margin: Sequence[int]) -> tuple[Image, BoolArray]:
    """Interpolate image and mask on the centred grid, cut out around the lesion."""
    if step.interpolator not in METHODS:
        raise SettingsError(
            f"The interpolator is '{step.interpolator}'. With the engine ibsi choose one of: {', '.join(METHODS)}."
        )
    whole = image.whole_grid
    target = centred_grid(whole, step.spacing)
    lesion = shift_box(box_of_mask(mask), image.held.start)
    wanted = _on_grid(lesion, whole, target, margin)
    near, part = cut_both(image, mask, reached_box(lesion, whole, source_reach(whole.spacing, target.spacing, margin)))
    voxels, source = _edged(near.voxels, near.grid)
    label, _ = _edged(part.astype(np.float32), near.grid)
    grid = crop_grid(target, wanted)
    found = resample(voxels, source, grid, METHODS[step.interpolator])
    if image.modality == "CT" or image.voxels.dtype.kind in "iu":
        found = np.rint(found)
    moved = resample(label, source, grid, "linear") >= IN_THE_MASK
    if not moved.any():
        raise MaskError(
            f"Nothing of the lesion in '{image.name}' is left on voxels of "
            f"{' x '.join(f'{size:g}' for size in target.spacing)} mm. Resample to a smaller spacing."
        )
    return image.with_voxels(found, grid), moved


def source_reach(old: Triple, new: Triple, margin: Sequence[int]) -> tuple[int, int, int]:
    """Find how many voxels around a lesion the interpolation needs.

    Args:
        old: Voxel size in mm of the image along i, j, k.
        new: That of the interpolated image.
        margin: Voxels of the interpolated image that are kept around the lesion, along i, j, k.
    """
    i, j, k = (math.ceil((far + 2) * n / o) + SUPPORT for far, o, n in zip(margin, old, new, strict=True))
    return i, j, k


def _on_grid(lesion: Box, source: Grid, target: Grid, margin: Sequence[int]) -> Box:
    """Find a lesion's box and a margin in voxels of another grid with the same centre, as far as that reaches."""
    start, stop = [], []
    for axis in range(3):
        ratio = source.spacing[axis] / target.spacing[axis]
        middle, moved = (source.size[axis] - 1) / 2, (target.size[axis] - 1) / 2
        first = math.floor((lesion.start[axis] - 1 - middle) * ratio + moved) - margin[axis]
        last = math.ceil((lesion.stop[axis] - middle) * ratio + moved) + margin[axis]
        start.append(max(0, first))
        stop.append(min(target.size[axis], last + 1))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _edged(voxels: Array, grid: Grid) -> tuple[Array, Grid]:
    """Repeat the outer voxels: the new grid may end a little outside the image."""
    around = Grid(
        (grid.size[0] + 2 * EDGE, grid.size[1] + 2 * EDGE, grid.size[2] + 2 * EDGE),
        grid.spacing,
        tuple(grid.index_to_world(np.full(3, -EDGE)).tolist()),
        grid.direction,
    )
    return np.pad(voxels, EDGE, mode="edge"), around
