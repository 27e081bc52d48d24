"""Features that pyradiomics calls deprecated: computed only where they are named, or the same as another one."""

from __future__ import annotations

import math
from collections.abc import Mapping

DEPRECATED_NAMES: dict[str, tuple[str, ...]] = {
    "shape": ("Compactness1", "Compactness2", "SphericalDisproportion"),
    "shape2D": ("SphericalDisproportion",),
    "firstorder": ("StandardDeviation",),
}
"""Those that pyradiomics still computes where they are named, by class."""

REPLACED: dict[str, str] = {
    "glcm_Dissimilarity": "the same as DifferenceAverage",
    "glcm_Homogeneity1": "the same as Id",
    "glcm_Homogeneity2": "the same as Idm",
    "glcm_SumVariance": "the same as ClusterTendency",
    "gldm_DependencePercentage": "always 1",
    "gldm_GrayLevelNonUniformityNormalized": "the same as Uniformity of firstorder",
}
"""Those for which pyradiomics gives no value any more, with the reason."""


def deprecated_value(feature_class: str, name: str, features: Mapping[str, float]) -> float:
    """Compute a deprecated feature from the others of its class.

    Args:
        feature_class: A key of ``DEPRECATED_NAMES``.
        name: One of its names.
        features: The other features by name.

    Examples:
        >>> deprecated_value("firstorder", "StandardDeviation", {"Variance": 9.0})
        3.0
    """
    if name == "StandardDeviation":
        return math.sqrt(features["Variance"])
    if name == "SphericalDisproportion":
        return 1 / features["Sphericity"]
    volume, area = features["MeshVolume"], features["SurfaceArea"]
    if name == "Compactness1":
        return volume / (area**1.5 * math.sqrt(math.pi))
    return 36 * math.pi * volume**2 / area**3
