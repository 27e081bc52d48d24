"""A small lesion on its three images, for examples: made in a moment, by no network."""

from __future__ import annotations

import numpy as np

from ..grid import Grid, in_plane_factors, interpolate_bicubic, refine
from ..io.image import UNITS, Image
from ..radiomics import LesionVersions

GRID = Grid((24, 24, 6), (1.0, 1.0, 2.0))
RADIUS_MM = 5.0
LESION_HU, AROUND_HU, TEXTURE_HU, CHANGE_HU = 60.0, -20.0, 15.0, 4.0


def small_lesion(seed: int = 0) -> LesionVersions:
    """Make a textured ball in CT; the "enhanced" image is the bicubic one with a little noise.

    Args:
        seed: Of texture and noise; the same seed gives the same voxels.

    Examples:
        >>> lesion = small_lesion()
        >>> lesion.original.grid.size, lesion.enhanced.grid.size, int(lesion.original_mask.sum())
        ((24, 24, 6), (48, 48, 6), 256)
    """
    random = np.random.default_rng(seed)
    k, j, i = np.indices(GRID.shape)
    centre = (np.asarray(GRID.size) - 1) / 2
    distances = GRID.spacing * (np.stack([i, j, k], axis=-1) - centre)
    mask = np.linalg.norm(distances, axis=-1) <= RADIUS_MM
    voxels = np.where(mask, LESION_HU, AROUND_HU) + TEXTURE_HU * random.standard_normal(GRID.shape)
    original = Image(voxels.round().astype(np.int16), GRID, "CT", UNITS["CT"], "small lesion")
    finer = refine(GRID, in_plane_factors(GRID, 2))
    bicubic = original.with_voxels(interpolate_bicubic(original.voxels, finer.shape), finer, "bicubic")
    noise = CHANGE_HU * random.standard_normal(finer.shape)
    enhanced = bicubic.with_voxels((bicubic.voxels + noise).astype(bicubic.voxels.dtype), finer, "noisy")
    return LesionVersions.of_images(original, mask, bicubic, enhanced)
