"""Gray levels from intensities, with pyradiomics' bin edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import SettingsError
from ...grid import FloatArray
from ..limits import MAXIMUM_GRAY_LEVELS, check_gray_levels
from . import kernels


@dataclass(frozen=True)
class Bins:
    """How intensities become gray levels; exactly one of the two is given.

    Attributes:
        width: Width of a bin in the unit of the image. Edges are multiples of it.
        count: Number of bins of equal width between the least and the greatest intensity.
    """

    width: float | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if (self.width is None) == (self.count is None):
            raise SettingsError(
                f"Bin width {self.width} and bin count {self.count} were given. Exactly one of them sets the gray "
                "levels. Give one and None for the other."
            )


@dataclass(frozen=True)
class GrayLevels:
    """The gray level of each voxel of a lesion.

    Attributes:
        ranks: For each voxel the place of its level among those present, from 1; uint16 (n,).
        levels: The levels present, ascending, from 1 (the lowest bin); int64 (g,).
        counts: Number of voxels of each level present; int64 (g,).
    """

    ranks: npt.NDArray[np.uint16]
    levels: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def discretise(intensities: FloatArray, bins: Bins) -> GrayLevels:
    """Sort intensities into bins, exactly as ``radiomics.imageoperations.binImage`` does.

    Args:
        intensities: The lesion's voxels, float64 (n,), n >= 1.
        bins: Width or count of the bins.

    Raises:
        SettingsError: More than ``MAXIMUM_GRAY_LEVELS`` levels, or more bins than doubles between
            the least and the greatest intensity.
    """
    check_gray_levels(intensities, bins.width)
    bin_of_voxel = kernels.chosen().bin_numbers(intensities, _edges(intensities, bins))
    counts = np.bincount(bin_of_voxel)
    levels = np.flatnonzero(counts)
    if levels.size > MAXIMUM_GRAY_LEVELS:
        raise SettingsError(
            f"{bins.count} bins give the lesion {levels.size} gray levels; at most {MAXIMUM_GRAY_LEVELS} are allowed. "
            "Choose fewer bins."
        )
    rank_of_bin = np.zeros(counts.size, dtype=np.uint16)
    rank_of_bin[levels] = np.arange(1, levels.size + 1)
    return GrayLevels(rank_of_bin[bin_of_voxel], levels, counts[levels])


def _edges(intensities: FloatArray, bins: Bins) -> FloatArray:
    """Edges of the bins; a voxel belongs to bin b (from 1) if edges[b - 1] <= x < edges[b]."""
    extremes = np.array([intensities.min(), intensities.max()])
    if bins.width is not None:
        start = extremes[0] - extremes[0] % bins.width
        return np.arange(start, extremes[1] + 2 * bins.width, bins.width)
    assert bins.count is not None
    try:
        edges = np.histogram_bin_edges(extremes, bins.count)
    except ValueError as error:  # the edges would not differ from one another
        raise SettingsError(
            f"The lesion's intensities run from {extremes[0]:.17g} to {extremes[1]:.17g}, too close together for "
            f"{bins.count} bins. Choose fewer bins."
        ) from error
    edges[-1] += 1  # the greatest intensity belongs to the last bin
    return edges
