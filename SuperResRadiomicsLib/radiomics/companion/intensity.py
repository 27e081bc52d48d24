"""The class ``lesionintensity``: intensity of a lesion, its peak, and how it stands out from its surroundings.

These are the nine intensity features that Moummad et al. (Cancers 14 (2022) 36, table 2) list beside pyradiomics'.
The paper gives their names alone; what they mean here is said at each.
"""

from __future__ import annotations

import math

import numpy as np

from ...grid import Array, BoolArray, FloatArray, box_of_mask, crop_grid, expand_box
from ...io.image import Image
from ..exact.firstorder import intensity_features

PEAK_RADIUS_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)
"""Radius of a sphere of 1 cm^3, 6.2 mm (IBSI, local intensity peak)."""

RING_WIDTH_MM = 5.0
"""How far the ring reaches from the lesion; our choice, since the paper gives none."""

NAMES = (
    "Minimum",
    "Maximum",
    "Peak",
    "Mean",
    "Median",
    "Skewness",
    "Kurtosis",
    "CoefficientOfVariation",
    "MaximumOverRingMean",
)


def lesion_intensity(image: Image, mask: BoolArray, planar_axis: int | None) -> dict[str, float]:
    """Compute the nine features of one lesion.

    Minimum, maximum, mean, median, skewness and kurtosis are defined as by pyradiomics' class firstorder (kurtosis is
    not excess: a normal distribution has 3; both moments are 0 where all voxels are equal).

    Args:
        image: The image; voxels around the lesion enter the peak and the ring, as far as the image reaches.
        mask: The lesion; bool [k, j, i], not empty.
        planar_axis: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices in which the ring lies (2D); None for
            a ring in all directions (3D). The other features do not depend on it.

    Returns:
        Values by the names in ``NAMES``. The coefficient of variation is a fraction, standard deviation (population)
        over mean; NaN where the mean is 0. The maximum over the mean of the ring is NaN where that is 0 or no voxel
        lies in the ring. Both ratios mean something only where 0 means no signal: not for CT numbers.
    """
    inside = image.voxels[mask].astype(np.float64)
    found = intensity_features(inside, image.grid.voxel_volume)
    found["Peak"] = local_peak(image, mask)
    found["CoefficientOfVariation"] = _ratio(math.sqrt(found["Variance"]), found["Mean"])
    found["MaximumOverRingMean"] = _ratio(found["Maximum"], _ring_mean(image, mask, planar_axis))
    return {name: found[name] for name in NAMES}


def local_peak(image: Image, mask: BoolArray) -> float:
    """Average the intensity in a sphere of 1 cm^3 about the lesion's brightest voxel.

    The local intensity peak (VJGA) of the Image Biomarker Standardisation Initiative (Zwanenburg et al., Radiology 295
    (2020) 328): voxels in and outside the lesion whose centres lie in the sphere; of several brightest voxels the one
    with the highest mean. The sphere is one in 3D for slices too, and ends where the image ends.
    """
    brightest = mask & (image.voxels == image.voxels[mask].max())
    return float(peaks(image, brightest).max())


def peaks(image: Image, centres: BoolArray) -> FloatArray:
    """Average the intensity in a sphere of 1 cm^3 about each of some voxels.

    Args:
        image: The image; the spheres end where it ends.
        centres: The voxels; bool [k, j, i], not empty.

    Returns:
        Means in the order of the array, (n,).
    """
    from scipy.signal import fftconvolve  # takes long to import

    maximum = float(image.voxels[centres].max())
    slices = expand_box(box_of_mask(centres), image.grid, PEAK_RADIUS_MM).slices
    # Differences from the maximum: the transform's rounding then does not grow with the intensity.
    differences = image.voxels[slices].astype(np.float64) - maximum
    sphere = _sphere(image.grid.spacing)
    sums = fftconvolve(differences, sphere, mode="same")
    counts = fftconvolve(np.ones_like(differences), sphere, mode="same").round()
    within = centres[slices]
    means: FloatArray = maximum + sums[within] / counts[within]
    return means


def ring(image: Image, mask: BoolArray, planar_axis: int | None) -> tuple[Array, BoolArray]:
    """Find the voxels around a lesion, at most ``RING_WIDTH_MM`` from it, between centres.

    Args:
        image: The image.
        mask: The lesion; bool [k, j, i], not empty.
        planar_axis: In 2D each slice has a ring about its own part of the lesion; see `lesion_intensity`.

    Returns:
        The voxels near the lesion, and which of them are the ring; both [k, j, i] of one shape.
    """
    from scipy.ndimage import distance_transform_edt

    box = expand_box(box_of_mask(mask), image.grid, RING_WIDTH_MM)
    distances = list(crop_grid(image.grid, box).spacing)
    if planar_axis is not None:
        distances[planar_axis] = 2 * RING_WIDTH_MM  # no slice reaches another
    lesion = mask[box.slices]
    distance = distance_transform_edt(~lesion, sampling=distances[::-1])
    return image.voxels[box.slices], ~lesion & (distance <= RING_WIDTH_MM)


def _ring_mean(image: Image, mask: BoolArray, planar_axis: int | None) -> float:
    """Mean over the ring; NaN where no voxel lies in it."""
    voxels, around = ring(image, mask, planar_axis)
    return float(voxels[around].mean(dtype=np.float64)) if around.any() else math.nan


def _sphere(spacing: tuple[float, float, float]) -> FloatArray:
    """Ones where a voxel's centre lies in the sphere about the middle voxel; [k, j, i], odd sizes."""
    i, j, k = map(_steps_mm, spacing)
    squares = k[:, None, None] ** 2 + j[:, None] ** 2 + i**2
    return (squares <= PEAK_RADIUS_MM**2).astype(np.float64)


def _steps_mm(size: float) -> FloatArray:
    """Place voxel centres along an axis, in mm from the middle one, as far as the sphere reaches."""
    reach = int(PEAK_RADIUS_MM / size)
    return np.arange(-reach, reach + 1) * size


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference != 0 else math.nan
