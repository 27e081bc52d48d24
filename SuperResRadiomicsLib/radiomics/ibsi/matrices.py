"""The texture matrices of a lesion or of one of its slices, and how those of slices are merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...grid import Array, BoolArray, FloatArray
from ..exact import kernels
from ..exact.directions import directions
from ..exact.kernels_numpy import zone_numbers
from ..exact.prepared import Layout, lay_out

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextureMatrices:
    """Counts by gray level; g levels that occur.

    Attributes:
        levels: The levels, ascending, from 1; (g,).
        voxels: Number of voxels.
        pairs: Co-occurrence of levels by direction, each pair seen from one end; (g, g, a).
        runs: By length (from 1) and direction; (g, l, b).
        zone_sizes: Zones by size (from 1); (g, s).
        zone_distances: Zones by distance to the lesion's edge (from 1); (g, d).
        differences: Sum of the magnitudes of level less mean level of the neighbours; float64 (g,).
        surrounded: Voxels that have neighbours; (g,).
        dependences: Voxels by the number of dependent neighbours and themselves (from 1); (g, n).
    """

    levels: Integers
    voxels: int
    pairs: Array
    runs: Array
    zone_sizes: Array
    zone_distances: Array
    differences: FloatArray
    surrounded: Array
    dependences: Array


def texture_matrices(
    levels: Integers, edge_distance: Integers, distances: tuple[int, ...], planar: bool, alpha: int = 0
) -> TextureMatrices:
    """Count everything in one lesion or slice.

    Args:
        levels: Gray levels [k, j, i], 0 outside the lesion.
        edge_distance: Steps from each voxel to the lesion's edge (`edge_distances`), of the same shape.
        distances: Between neighbours, in voxels.
        planar: Neighbours lie in the same k only.
        alpha: Neighbours whose levels differ by no more are dependent.
    """
    mask = levels > 0
    found, ranks = np.unique(levels[mask], return_inverse=True)
    axis = 0 if planar else None
    # All adjacent directions, also those out of a flat lesion: runs of one voxel count.
    layout = lay_out(mask, distances, directions(mask.shape, distances, axis), directions((2, 2, 2), (1,), axis))
    flat = layout.fill((ranks + 1).astype(np.uint16))
    kernel, count = kernels.chosen(), found.size
    pairs, dependences, differences = kernel.neighbours(flat, layout.voxels, layout.steps, np.append(0, found), alpha)
    runs = kernel.runs(flat, layout.voxels, layout.adjacent, count + 1, max(mask.shape))
    sizes, nearest, zone_ranks = _zones(flat, layout, edge_distance[mask])
    return TextureMatrices(
        levels=found,
        voxels=ranks.size,
        pairs=pairs[1:, 1:],
        runs=runs[1:, 1:],
        zone_sizes=_table(zone_ranks, sizes, count),
        zone_distances=_table(zone_ranks, nearest, count),
        differences=differences[1:, 1:] @ (1 / np.arange(1, differences.shape[1])),
        surrounded=_surrounded(flat, layout, count),
        dependences=dependences[1:],
    )


def edge_distances(mask: BoolArray, planar: bool) -> Integers:
    """Count the steps from each voxel to the edge of a mask, through faces of voxels; 1 at the edge, 0 outside.

    Args:
        mask: Boolean array [k, j, i].
        planar: Steps lie in the same k only.

    Examples:
        >>> edge_distances(np.ones((1, 1, 5), dtype=bool), planar=False).tolist()
        [[[1, 1, 1, 1, 1]]]
        >>> edge_distances(np.ones((1, 3, 3), dtype=bool), planar=True).tolist()
        [[[1, 1, 1], [1, 2, 1], [1, 1, 1]]]
    """
    from scipy.ndimage import distance_transform_cdt

    if planar:
        slices = [distance_transform_cdt(np.pad(plane, 1), metric="taxicab")[1:-1, 1:-1] for plane in mask]
        return np.stack(slices).astype(np.int64)
    distance: Integers = distance_transform_cdt(np.pad(mask, 1), metric="taxicab")[1:-1, 1:-1, 1:-1].astype(np.int64)
    return distance


def merged(parts: Sequence[TextureMatrices]) -> TextureMatrices:
    """Add the matrices of slices."""
    levels = np.unique(np.concatenate([part.levels for part in parts]))

    def total(name: str) -> Array:
        shapes = np.array([getattr(part, name).shape[1:] for part in parts])
        sums = np.zeros((levels.size, *shapes.max(axis=0)), dtype=getattr(parts[0], name).dtype)
        for part in parts:
            counts = getattr(part, name)
            rows = np.searchsorted(levels, part.levels)
            sums[np.ix_(rows, *map(np.arange, counts.shape[1:]))] += counts
        return sums

    pairs = np.zeros((levels.size, levels.size, parts[0].pairs.shape[2]), dtype=np.int64)
    for part in parts:
        rows = np.searchsorted(levels, part.levels)
        pairs[np.ix_(rows, rows)] += part.pairs
    return TextureMatrices(
        levels=levels,
        voxels=sum(part.voxels for part in parts),
        pairs=pairs,
        runs=total("runs"),
        zone_sizes=total("zone_sizes"),
        zone_distances=total("zone_distances"),
        differences=total("differences"),
        surrounded=total("surrounded"),
        dependences=total("dependences"),
    )


def _zones(flat: Array, layout: Layout, edge_distance: Integers) -> tuple[Integers, Integers, Integers]:
    """Size, distance to the edge and rank of each zone, each (z,)."""
    zone = zone_numbers(flat, layout.voxels, layout.adjacent)
    sizes = np.bincount(zone)
    nearest = np.full(sizes.size, np.iinfo(np.int64).max)
    np.minimum.at(nearest, zone, edge_distance)
    ranks = np.empty(sizes.size, dtype=np.int64)
    ranks[zone] = flat[layout.voxels]
    return sizes, nearest, ranks


def _table(ranks: Integers, values: Integers, levels_count: int) -> Integers:
    """Count by rank and by value from 1; (g, v)."""
    width = int(values.max())
    return np.bincount((ranks - 1) * width + values - 1, minlength=levels_count * width).reshape(levels_count, width)


def _surrounded(flat: Array, layout: Layout, levels_count: int) -> Integers:
    """Count the voxels of each level that have a neighbour."""
    found = np.zeros(layout.voxels.size, dtype=bool)
    for step in layout.steps:
        found |= (flat[layout.voxels + step] > 0) | (flat[layout.voxels - step] > 0)
    return np.bincount(flat[layout.voxels][found], minlength=levels_count + 1)[1:]
