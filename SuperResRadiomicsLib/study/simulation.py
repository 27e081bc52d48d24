"""The fast image that a quicker scan would have given, simulated from a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..enhancement.intensity import foreground_window
from ..grid import Box, crop_grid, in_plane_factors, refine
from ..io.image import Image
from ..operators import BlurDecimate, KSpaceTruncation, positional_noise, rician_noise

if TYPE_CHECKING:
    from .sections import SimulationSection


def simulate_fast(image: Image, settings: SimulationSection, seed: int) -> tuple[Image, Image]:
    """Degrade an image as a scan with a smaller matrix or fewer averages would.

    Slices are degraded one by one: blur, smaller in-plane matrix, noise (Moummad et al. 2022,
    section 2.3: half the matrix, or Rician noise of half the averages).

    Args:
        image: The reference.
        settings: What is done to it.
        seed: Fixes the noise.

    Returns:
        The reference, cut at its far edges to a multiple of the factor in-plane, and the fast image on
        the coarser grid of the same field of view; both float32.
    """
    axis = image.slice_axis
    reference = _trimmed(image, settings.factor, axis)
    slices = np.moveaxis(reference.voxels, 2 - axis, 0).astype(np.float32)
    fast = np.moveaxis(_shrunk(slices, settings), 0, 2 - axis)
    grid = refine(reference.grid, in_plane_factors(reference.grid, 1.0 / settings.factor, axis))
    sigma = settings.noise * _unit(reference, settings)
    if sigma > 0 and settings.noise_kind == "rician":
        fast = rician_noise(fast, sigma, np.random.default_rng(seed))
    elif sigma > 0:
        fast = fast + np.float32(sigma) * positional_noise(grid, seed)
    return reference, reference.with_voxels(np.ascontiguousarray(fast, dtype=np.float32), grid, f"{image.name}-fast")


def _trimmed(image: Image, factor: int, axis: int) -> Image:
    size = [n if a == axis else n // factor * factor for a, n in enumerate(image.grid.size)]
    box = Box((0, 0, 0), (size[0], size[1], size[2]))
    return image.with_voxels(image.voxels[box.slices].astype(np.float32), crop_grid(image.grid, box))


def _shrunk(slices: npt.NDArray[np.float32], settings: SimulationSection) -> npt.NDArray[Any]:
    if settings.sampling == "average":
        return BlurDecimate(settings.factor, settings.blur_px).forward(slices)
    blurred = BlurDecimate(1, settings.blur_px).forward(slices) if settings.blur_px else slices
    return KSpaceTruncation(settings.factor).forward(blurred)


def _unit(reference: Image, settings: SimulationSection) -> float:
    if settings.noise_unit == "image":
        return 1.0
    window = foreground_window(reference.voxels, reference.name)
    return window.high - window.low
