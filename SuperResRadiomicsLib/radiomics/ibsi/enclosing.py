"""Boxes and ellipsoids around a set of points: volumes and areas.

The oriented box is the smallest of those that lie flush with a face of the convex hull, which exceeds the smallest of
all by little; the smallest ellipsoid is found by Khachiyan's method (Todd and Yildirim, Discrete Applied Mathematics
155 (2007) 1731). Neither is standardised.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import ConvexHull

from ...grid import FloatArray

SERIES_TERMS = 21
"""Of the Legendre series for an ellipsoid's area (manual, section 3.1.21: up to 20)."""
ELLIPSOID_TOLERANCE = 1e-3
ELLIPSOID_STEPS = 10_000


def box_measures(extents: FloatArray) -> tuple[float, float]:
    """Compute volume and area of a box from its three edges.

    Examples:
        >>> box_measures(np.array([1.0, 2.0, 3.0]))
        (6.0, 22.0)
    """
    a, b, c = map(float, extents)
    return a * b * c, 2 * (a * b + a * c + b * c)


def ellipsoid_measures(semi_axes: FloatArray) -> tuple[float, float]:
    """Compute volume and area of an ellipsoid from its three semi-axes.

    The area is the manual's series as it is printed, from which the consensus values follow; it is exact for a sphere
    alone, for semi-axes of 3, 2 and 1 it gives 52.8 instead of 48.9.

    Examples:
        >>> volume, area = ellipsoid_measures(np.array([2.0, 2.0, 2.0]))
        >>> round(volume / math.pi, 6), round(area / math.pi, 6)
        (10.666667, 16.0)
    """
    c, b, a = np.sort(semi_axes)
    volume = 4 / 3 * math.pi * a * b * c
    if not c:
        return 0.0, 2 * math.pi * float(a * b)
    alpha, beta = math.sqrt(1 - (b / a) ** 2), math.sqrt(1 - (c / a) ** 2)
    order = np.arange(SERIES_TERMS)
    if alpha * beta:
        ratio = (alpha**2 + beta**2) / (2 * alpha * beta)
        terms = (alpha * beta) ** order * np.array([_legendre(n, ratio) for n in range(SERIES_TERMS)])
    else:  # two equal axes at least: what is left of (alpha beta)^n P_n in that limit
        terms = np.array([_central(n) * ((alpha**2 + beta**2) / 2) ** n for n in range(SERIES_TERMS)])
    return float(volume), float(4 * math.pi * a * b * np.sum(terms / (1 - 4 * order**2)))


def _legendre(order: int, x: float) -> float:
    return float(np.polynomial.legendre.Legendre.basis(order)(x))


def _central(order: int) -> float:
    """Leading coefficient of the Legendre polynomial."""
    return math.comb(2 * order, order) / 2.0**order


def oriented_box(hull: ConvexHull) -> FloatArray:
    """Find the edges of a small box around a convex hull, whatever its direction; (3,)."""
    points = hull.points[hull.vertices]
    best, smallest = np.ptp(points, axis=0), math.inf
    for normal in np.unique(np.round(hull.equations[:, :3], 9), axis=0):
        across = _across(normal)
        height = float(np.ptp(points @ normal))
        edges = _smallest_rectangle(points @ across.T)
        volume = height * float(edges.prod())
        if volume < smallest:
            best, smallest = np.array([height, *edges]), volume
    return best


def _across(normal: FloatArray) -> FloatArray:
    """Two unit vectors perpendicular to a normal and to one another; (2, 3)."""
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    first /= np.linalg.norm(first)
    return np.array([first, np.cross(normal, first)])


def _smallest_rectangle(points: FloatArray) -> FloatArray:
    """Edges of the smallest rectangle around points (n, 2): one of them lies along their hull."""
    outline = points[ConvexHull(points).vertices]
    sides = np.roll(outline, -1, axis=0) - outline
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    along = outline @ sides.T
    over = outline @ np.column_stack([-sides[:, 1], sides[:, 0]]).T
    lengths, widths = np.ptp(along, axis=0), np.ptp(over, axis=0)
    best = np.argmin(lengths * widths)
    return np.array([lengths[best], widths[best]])


def smallest_ellipsoid(points: FloatArray) -> FloatArray:
    """Find the semi-axes of the smallest ellipsoid around points (n, 3), ascending; (3,)."""
    count, dimensions = points.shape
    lifted = np.column_stack([points, np.ones(count)]).T
    weights = np.full(count, 1 / count)
    for _ in range(ELLIPSOID_STEPS):
        inverse = np.linalg.inv((lifted * weights) @ lifted.T)
        distances = np.einsum("dn,de,en->n", lifted, inverse, lifted)
        farthest = int(distances.argmax())
        excess = distances[farthest] - dimensions - 1
        if excess <= ELLIPSOID_TOLERANCE * (dimensions + 1):
            break
        step = excess / ((dimensions + 1) * (distances[farthest] - 1))
        weights *= 1 - step
        weights[farthest] += step
    centre = weights @ points
    covariance = (points.T * weights) @ points - np.outer(centre, centre)
    return np.sqrt(np.linalg.eigvalsh(covariance) * dimensions)
