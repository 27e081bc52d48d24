"""The scale of a feature: its unit, and whether a percentage of it means anything.

A percentage needs a zero that means "none" (a ratio scale, Stevens 1946, doi:10.1126/science.103.2684.677). Hounsfield
units have water at zero: from -1 to -7 HU is a change of -6 HU, not of -600%. A skewness or a correlation has none
either.
"""

from __future__ import annotations

import math

from .filters import ORIGINAL

SHAPE_UNITS = {
    "MeshVolume": "mm3",
    "VoxelVolume": "mm3",
    "SurfaceArea": "mm2",
    "SurfaceVolumeRatio": "/mm",
    "Sphericity": "",
    "Elongation": "",
    "Flatness": "",
}
"""Units of shape features; the others are lengths."""
MEASUREMENT_UNITS = {
    "volume_mm3": "mm3",
    "voxel_count": "",
    "longest_diameter_mm": "mm",
    "short_diameter_mm": "mm",
}
LOCATIONS = ("10Percentile", "90Percentile", "Maximum", "Mean", "Median", "Minimum", "RootMeanSquared")
"""Intensities: where on the scale, not how wide."""
SPREADS = (
    "InterquartileRange", "MeanAbsoluteDeviation", "Range", "RobustMeanAbsoluteDeviation", "StandardDeviation",
)  # fmt: skip
SQUARED_LOCATIONS = ("Energy", "TotalEnergy")
SQUARED = ("Energy", "Variance")
"""In the square of the image's unit; the total energy is that times a volume."""
WITHOUT_ZERO = ("Skewness", "Kurtosis", "ClusterShade", "Correlation", "Imc1", "MCC")
"""Numbers without unit whose zero does not mean none."""
HOUNSFIELD = "HU"
NORMALISED = "normalised"
"""Stands for the unit of voxels that were shifted and scaled by their own mean and deviation."""


def unit_of(key: str, intensity_unit: str) -> str:
    """Name the unit of a feature or measurement; empty where it has none, or that of an image without one.

    Args:
        key: The full key, such as ``original_firstorder_Mean`` or ``lesion_volume_mm3``.
        intensity_unit: Of the image.

    Examples:
        >>> unit_of("original_firstorder_Mean", "HU"), unit_of("original_shape_MeshVolume", "HU")
        ('HU', 'mm3')
    """
    image_type, of_class, name = _parts(key)
    if of_class == "lesion":
        return MEASUREMENT_UNITS.get(name, _intensity(intensity_unit))
    if of_class == "uptake":
        return "ml" if name.startswith("MetabolicVolume") else ""
    if of_class == "shape":
        return SHAPE_UNITS.get(name, "mm")
    if of_class != "firstorder" or image_type != ORIGINAL:
        return ""
    if name in (*LOCATIONS, *SPREADS):
        return _intensity(intensity_unit)
    if name in SQUARED and intensity_unit == HOUNSFIELD:
        return "HU2"
    return ""


def has_zero(key: str, intensity_unit: str) -> bool:
    """Say whether a feature is of a ratio scale, so that a change may be told as a percentage.

    Args:
        key: As for `unit_of`.
        intensity_unit: As for `unit_of`.

    Examples:
        >>> has_zero("original_firstorder_Mean", "HU"), has_zero("original_firstorder_Variance", "HU")
        (False, True)
    """
    image_type, of_class, name = _parts(key)
    if name in WITHOUT_ZERO:
        return False
    if name in (*LOCATIONS, *SQUARED_LOCATIONS, "mean_intensity") and of_class in ("firstorder", "lesion"):
        return intensity_unit not in (HOUNSFIELD, NORMALISED) and (image_type == ORIGINAL or of_class == "lesion")
    return True


def relative_change(change: float, reference: float, key: str, intensity_unit: str) -> float:
    """Divide a change by what it is a change of.

    Returns:
        The fraction; NaN where the feature's scale has no zero, or the reference is not above it.

    Examples:
        >>> relative_change(1.0, 4.0, "original_glcm_Contrast", "HU")
        0.25
        >>> relative_change(-6.0, -1.0, "original_firstorder_10Percentile", "HU")
        nan
    """
    if not has_zero(key, intensity_unit) or not reference > 0:
        return math.nan
    return change / reference


def _parts(key: str) -> tuple[str, str, str]:
    """Split a key into image type, class and name; a measurement has no image type."""
    if key.startswith("lesion_"):
        return "", "lesion", key.removeprefix("lesion_")
    image_type, of_class, name = key.split("_", 2)
    return image_type, of_class, name


def _intensity(unit: str) -> str:
    return "" if unit in ("arbitrary", NORMALISED) else unit
