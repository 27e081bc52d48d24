"""Morphology: size and shape of a lesion, and how its intensities lie in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from ...grid import BoolArray, FloatArray, Triple, box_of_mask
from ..exact.shape import shape_features
from .autocorrelation import spatial_autocorrelation
from .enclosing import box_measures, ellipsoid_measures, oriented_box, smallest_ellipsoid


@dataclass(frozen=True)
class Body:
    """A lesion's outline and its intensities.

    Attributes:
        morphology: Mask of the outline; boolean [k, j, i].
        intensity: Mask of the intensities that count, of the same shape.
        intensities: Of the voxels of the latter, in its order; float64 (n,).
        spacing: Voxel size in mm along i, j, k.
    """

    morphology: BoolArray
    intensity: BoolArray
    intensities: FloatArray
    spacing: Triple


def morphology(body: Body) -> dict[str, float]:
    """Compute the 29 features (HCUG).

    Returns:
        Values by short names without the family; lengths in mm. Oriented boxes and smallest ellipsoids are not
        standardised.
    """
    outline = body.morphology[box_of_mask(body.morphology).slices]
    found = shape_features(outline, body.spacing)
    volume, area = found["MeshVolume"], found["SurfaceArea"]
    axes = _axes(outline, body.spacing, found)
    hull = ConvexHull(surface_points(outline, body.spacing))
    moran, geary = _autocorrelation(body)
    return {
        "volume": volume,
        "vol_approx": found["VoxelVolume"],
        "area_mesh": area,
        "av": found["SurfaceVolumeRatio"],
        "comp_1": volume / (math.sqrt(math.pi) * area**1.5),
        "comp_2": 36 * math.pi * volume**2 / area**3,
        "sph_dispr": 1 / found["Sphericity"],
        "sphericity": found["Sphericity"],
        "asphericity": 1 / found["Sphericity"] - 1,
        "com": _centre_shift(body),
        "diam": found["Maximum3DDiameter"],
        "pca_maj_axis": float(axes[0]),
        "pca_min_axis": float(axes[1]),
        "pca_least_axis": float(axes[2]),
        "pca_elongation": found["Elongation"],
        "pca_flatness": found["Flatness"],
        **_densities(volume, area, axes, hull),
        "integ_int": float(body.intensities.mean()) * volume,
        "moran_i": moran,
        "geary_c": geary,
    }


def surface_points(mask: BoolArray, spacing: Triple) -> FloatArray:
    """List the vertices of a mask's surface: the middles between neighbouring voxels inside and outside.

    Returns:
        (n, 3) in mm along k, j, i.
    """
    padded = np.pad(mask, 1).astype(np.int8)
    points = []
    for axis in range(3):
        steps = np.argwhere(np.diff(padded, axis=axis)).astype(np.float64)
        steps[:, axis] += 0.5
        points.append(steps)
    return np.concatenate(points) * np.array(spacing[::-1])


def _axes(outline: BoolArray, spacing: Triple, found: dict[str, float]) -> FloatArray:
    """Major, minor and least axis in mm; the covariance of n voxels is divided by n - 1 here, by n in pyradiomics."""
    count = int(np.count_nonzero(outline))
    unbiased = math.sqrt(count / (count - 1)) if count > 1 else math.nan
    return unbiased * np.array([found["MajorAxisLength"], found["MinorAxisLength"], found["LeastAxisLength"]])


def _densities(volume: float, area: float, axes: FloatArray, hull: ConvexHull) -> dict[str, float]:
    """Volume and area of the lesion over those of bodies around it."""
    vertices = hull.points[hull.vertices]
    bodies = {
        "aabb": box_measures(np.ptp(vertices, axis=0)),
        "ombb": box_measures(oriented_box(hull)),
        "aee": ellipsoid_measures(axes / 2),
        "mvee": ellipsoid_measures(smallest_ellipsoid(vertices)),
        "conv_hull": (hull.volume, hull.area),
    }
    values = {}
    for name, (around, surface) in bodies.items():
        values[f"vol_dens_{name}"] = volume / around if around else math.nan
        values[f"area_dens_{name}"] = area / surface
    return values


def _centre_shift(body: Body) -> float:
    """Distance in mm between the outline's centre and that of the intensities; NaN where these sum up to 0."""
    scale = np.array(body.spacing[::-1])
    total = body.intensities.sum()
    if not total:
        return math.nan
    centre = np.argwhere(body.morphology).mean(axis=0)
    weighted = body.intensities @ np.argwhere(body.intensity) / total
    return float(np.linalg.norm((centre - weighted) * scale))


def _autocorrelation(body: Body) -> tuple[float, float]:
    slices = box_of_mask(body.intensity).slices
    return spatial_autocorrelation(body.intensities, body.intensity[slices], body.spacing)
