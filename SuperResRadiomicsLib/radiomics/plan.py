"""What a feature engine is told about one image."""

from __future__ import annotations

from dataclasses import dataclass

FEATURE_CLASSES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
"""pyradiomics' feature classes in the order of a table; computed unless others are asked for."""

COMPANION_CLASSES = ("lesionintensity", "imagequality")
"""Classes of our own; computed only where they are asked for (see `companion`)."""

ALLOWED_CLASSES = (*FEATURE_CLASSES, *COMPANION_CLASSES)

DISTANCE_CLASSES = ("glcm", "gldm", "ngtdm")
"""The classes that look at neighbours at a distance; the definitions of the others have none."""


@dataclass(frozen=True)
class ExtractionPlan:
    """Feature settings with every choice made: nothing is left to the engine.

    Attributes:
        classes: Feature classes to compute, from ``ALLOWED_CLASSES``.
        bin_width: Width of a gray level bin, in the unit of the image, or None.
        bin_count: Number of gray level bins, or None. Exactly one of the two is given.
        planar_axis: For texture within slices (2D), the grid axis (0, 1, 2 for i, j, k) that
            is perpendicular to the slices; None for texture in 3D.
        distance: Distance between neighbours in voxels, for ``DISTANCE_CLASSES``.
    """

    classes: tuple[str, ...]
    bin_width: float | None
    bin_count: int | None
    planar_axis: int | None
    distance: int
