"""Size and mean intensity of a lesion, as a reader would measure them.

The diameters follow RECIST 1.1 (Eisenhauer et al., European Journal of Cancer 45 (2009) 228)
in spirit: the longest diameter in any slice, and the longest one perpendicular to it in the same
slice. They are measured between outer voxel *corners*, not centres: the outline that a mask
draws stays where it is when voxels are divided, so a finer grid alone changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, distance_matrix

from ..errors import MaskError
from ..grid import BoolArray, FloatArray, Triple, box_of_mask
from ..io.image import Image

_TIE = 1e-9
"""Relative difference below which two lengths count as equal, so that rounding never chooses."""


@dataclass(frozen=True)
class LesionMeasurements:
    """What is measured of one lesion on one grid.

    Attributes:
        volume_mm3: Number of voxels times their volume.
        voxel_count: Number of voxels in the mask.
        mean_intensity: Mean over the mask, in the unit of the image.
        longest_diameter_mm: Longest distance between two points of the outline in one slice. The line
            may leave a lesion that is not convex.
        short_diameter_mm: Longest line perpendicular to that one, across the convex outline of the
            same slice.
    """

    volume_mm3: float
    voxel_count: int
    mean_intensity: float
    longest_diameter_mm: float
    short_diameter_mm: float


def check_lesion(image: Image, mask: BoolArray) -> None:
    """Refuse a mask that marks no lesion of the image.

    Raises:
        MaskError: The mask is not boolean, has another shape than the image, or is empty.
    """
    if mask.dtype != np.bool_:
        raise MaskError(
            f"The mask holds values of type {mask.dtype}; true and false are needed. "
            "Say which label is the lesion: mask == label."
        )
    if mask.shape != image.voxels.shape:
        raise MaskError(
            f"The mask has {_by(mask.shape)} voxels (k, j, i), the image '{image.name}' has {_by(image.voxels.shape)}. "
            "They must lie on the same grid. Resample the mask to the image's grid first."
        )
    if not mask.any():
        raise MaskError(
            f"The mask for the image '{image.name}' is empty. At least one voxel must belong to the lesion. "
            "Check that the right label or segment was chosen."
        )


def measure_lesion(image: Image, mask: BoolArray, through_plane: int) -> LesionMeasurements:
    """Measure a lesion.

    Args:
        image: The image.
        mask: Boolean array [k, j, i] of the image's shape.
        through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices in which the
            diameters are measured.

    Raises:
        MaskError: The mask is not boolean, has another shape than the image, or is empty.

    Examples:
        >>> from SuperResRadiomicsLib import Grid
        >>> scan = Image(np.full((4, 8, 8), 30.0), Grid((8, 8, 4), (1.0, 1.0, 2.0)))
        >>> mask = np.zeros((4, 8, 8), dtype=bool)
        >>> mask[1:3, 2:6, 2:6] = True
        >>> found = measure_lesion(scan, mask, through_plane=2)
        >>> found.volume_mm3, found.mean_intensity
        (64.0, 30.0)
    """
    check_lesion(image, mask)
    count = int(np.count_nonzero(mask))
    longest, short = _diameters(mask, image.grid.spacing, through_plane)
    return LesionMeasurements(
        volume_mm3=count * image.grid.voxel_volume,
        voxel_count=count,
        mean_intensity=float(image.voxels[mask].mean(dtype=np.float64)),
        longest_diameter_mm=longest,
        short_diameter_mm=short,
    )


def _diameters(mask: BoolArray, spacing: Triple, through_plane: int) -> tuple[float, float]:
    """Longest diameter over all slices and the short one of its slice, in mm."""
    through_axis = 2 - through_plane
    row_spacing, column_spacing = np.delete(np.asarray(spacing, dtype=np.float64)[::-1], through_axis)
    slices = np.moveaxis(mask[box_of_mask(mask).slices], through_axis, 0)
    pairs = [_slice_diameters(_outline(plane) * (row_spacing, column_spacing)) for plane in slices if plane.any()]
    longest = max(pair[0] for pair in pairs)
    return longest, max(short for length, short in pairs if length >= longest * (1 - _TIE))


def _outline(plane: BoolArray) -> FloatArray:
    """Corners of the first and last voxel of each row of a slice: all that its convex hull can need.

    Returns:
        Points (n, 2) as row and column in voxels.
    """
    rows = np.flatnonzero(plane.any(axis=1))
    first = plane[rows].argmax(axis=1)
    last = plane.shape[1] - plane[rows, ::-1].argmax(axis=1)
    corner_rows = np.concatenate([rows, rows, rows + 1, rows + 1])
    corner_columns = np.concatenate([first, last, first, last])
    return np.column_stack([corner_rows, corner_columns]).astype(np.float64)


def _slice_diameters(points: FloatArray) -> tuple[float, float]:
    """Longest diameter of a point set (n, 2) and the longest chord of its hull across it."""
    hull = points[ConvexHull(points).vertices]
    distances = distance_matrix(hull, hull)
    longest = float(distances.max())
    ends = np.argwhere(np.triu(distances >= longest * (1 - _TIE)))
    return longest, max(_longest_chord_across(hull, hull[start], hull[end]) for start, end in ends)


def _longest_chord_across(hull: FloatArray, start: FloatArray, end: FloatArray) -> float:
    """Longest chord of a convex polygon perpendicular to its diameter from start to end.

    The chord's length is a concave, piecewise linear function of its place along the diameter,
    with kinks at the vertices: the longest passes through a vertex.
    """
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array((-along[1], along[0]))
    place, height = (hull - start) @ along, (hull - start) @ across
    order = np.argsort(place)
    place, height = place[order], height[order]
    upper, lower = height > 0, height < 0
    for side in (upper, lower):
        side[[0, -1]] = True  # both sides run from start to end
    above = np.interp(place, place[upper], height[upper])
    below = np.interp(place, place[lower], height[lower])
    return float((above - below).max())


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
