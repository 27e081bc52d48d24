"""What a feature engine is told about one image."""

from __future__ import annotations

from dataclasses import dataclass

from .filters import UNFILTERED, ImageFilter
from .options import PYRADIOMICS_OPTIONS, FeatureOptions
from .preprocessing import NO_PREPROCESSING, Preprocessing

FEATURE_CLASSES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
"""pyradiomics' feature classes in the order of a table; computed unless others are asked for."""

COMPANION_CLASSES = ("lesionintensity", "imagequality", "uptake")
"""Classes of our own; computed only where they are asked for (see `companion`)."""

MASK_CLASSES = ("shape", "shape2D")
"""pyradiomics' classes that look at the mask only; ``shape2D`` is of a lesion in one slice, with texture in 2D."""

ALLOWED_CLASSES = ("shape", "shape2D", *FEATURE_CLASSES[1:], *COMPANION_CLASSES)

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
        distance: Distance between neighbours in voxels, for ``DISTANCE_CLASSES``; several count together.
        features: Single features such as ``glcm_Contrast``; a class of which none is named is computed whole.
        options: Choices within the definitions.
        preprocessing: Steps before filters.
        filters: Which images to measure.
    """

    classes: tuple[str, ...]
    bin_width: float | None
    bin_count: int | None
    planar_axis: int | None
    distance: int | tuple[int, ...]
    features: tuple[str, ...] = ()
    options: FeatureOptions = PYRADIOMICS_OPTIONS
    preprocessing: Preprocessing = NO_PREPROCESSING
    filters: tuple[ImageFilter, ...] = UNFILTERED

    @property
    def distances(self) -> tuple[int, ...]:
        """The distances, also where it is one."""
        return self.distance if isinstance(self.distance, tuple) else (self.distance,)

    def chosen(self, feature_class: str) -> list[str]:
        """Name the single features chosen of a class; empty where all of it is wanted."""
        pairs = (feature.split("_", 1) for feature in self.features)
        return [name for of_class, name in pairs if of_class == feature_class]
