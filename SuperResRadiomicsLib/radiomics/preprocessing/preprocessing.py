"""What happens to an image and its mask before filters and features: each step once, for both engines.

The order and the meaning of the steps are pyradiomics' (``featureextractor.loadImage`` and ``execute``):
normalise the whole image, resample it or crop it, check the lesion, resegment it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...errors import MaskError, SettingsError
from ...grid import BoolArray, Triple, box_of_mask
from ...io.image import Image
from .cropping import check_margin, crop_to_lesion, crop_to_reach
from .normalisation import Normalisation
from .resampling import Resampling
from .resegmentation import Resegmentation


@dataclass(frozen=True)
class PreprocessedLesion:
    """An image ready for filters.

    Attributes:
        image: The image.
        mask: The lesion for all classes but shape; boolean [k, j, i] of its shape.
        shape_mask: The lesion for shape.
    """

    image: Image
    mask: BoolArray
    shape_mask: BoolArray


@dataclass(frozen=True)
class Preprocessing:
    """The steps; without any of them the image is measured as it is.

    Attributes:
        normalisation: Of the whole image.
        resampling: To another spacing.
        crop_margin: Without resampling: crop to the lesion and so many voxels before filters look at the image.
        resegmentation: Of the lesion by its intensities.
        minimum_voxels: A lesion of so many voxels or fewer is refused.
        minimum_dimensions: Along so many axes a lesion must be longer than one voxel, 1 to 3; engines refuse others.

    Raises:
        SettingsError: A value is outside what is allowed.

    Examples:
        >>> from SuperResRadiomicsLib.radiomics.preprocessing import Resampling
        >>> Preprocessing(resampling=Resampling((1.0, 1.0, 1.0))).describe()["resampling"]
        {'spacing': (1.0, 1.0, 1.0), 'interpolator': 'sitkBSpline', 'margin': 5}
    """

    normalisation: Normalisation | None = None
    resampling: Resampling | None = None
    crop_margin: int | None = None
    resegmentation: Resegmentation | None = None
    minimum_voxels: int = 0
    minimum_dimensions: int = 2

    def __post_init__(self) -> None:
        if self.crop_margin is not None:
            check_margin(self.crop_margin)
        if not isinstance(self.minimum_voxels, int) or self.minimum_voxels < 0:
            raise SettingsError(f"The least size of a lesion is {self.minimum_voxels} voxels. Give a whole number.")
        if self.minimum_dimensions not in (1, 2, 3):
            raise SettingsError(
                f"The least number of a lesion's dimensions is {self.minimum_dimensions}. Give 1 (a line of voxels), "
                "2 or 3."
            )

    @property
    def changes_values(self) -> bool:
        """Whether any feature may differ from that of the image as it is."""
        return bool(self.normalisation or self.resampling or self.resegmentation)

    def reach(self, spacing: Triple) -> tuple[int, int, int] | None:
        """Find how far around the lesion voxels enter where these steps cut the image; None where they do not."""
        if self.resampling:
            return self.resampling.reach(spacing)
        return None if self.crop_margin is None else (self.crop_margin, self.crop_margin, self.crop_margin)

    def apply(self, image: Image, mask: BoolArray) -> PreprocessedLesion:
        """Do the steps; where there are none, image and mask are the given objects.

        Args:
            image: The image.
            mask: Boolean array [k, j, i] of its shape, not empty.

        Raises:
            ImageError: The image cannot be normalised.
            MaskError: Too little of the lesion is left.
            SettingsError: The settings do not fit this image.
        """
        if self.normalisation:
            reach = self.reach(image.spacing)
            if reach is not None:  # the next step cuts the image: figures of the whole are enough
                image, mask = crop_to_reach(image, mask, reach, figures=True)
            image = self.normalisation.apply(image)
        if self.resampling:
            image, mask = self.resampling.apply(image, mask)
        elif self.crop_margin is not None:
            image, mask = crop_to_lesion(image, mask, self.crop_margin)
        self._check(image, mask)
        if not self.resegmentation:
            return PreprocessedLesion(image, mask, mask)
        left = self.resegmentation.apply(image, mask)
        self._check(image, left)
        return PreprocessedLesion(image, left, left if self.resegmentation.shape_too else _within_box(mask, left))

    def describe(self) -> dict[str, Any]:
        """Describe the steps that are done and their parameters, for the header of a table."""
        usual = asdict(NO_PREPROCESSING)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def _check(self, image: Image, mask: BoolArray) -> None:
        if self.minimum_voxels and np.count_nonzero(mask) <= self.minimum_voxels:
            raise MaskError(
                f"The lesion in '{image.name}' has {np.count_nonzero(mask)} voxels; more than {self.minimum_voxels} "
                "are asked for. Choose a larger lesion or another least size."
            )


NO_PREPROCESSING = Preprocessing()
"""The image is measured as it is."""


def _within_box(mask: BoolArray, left: BoolArray) -> BoolArray:
    """Clear what lies outside the box of another mask."""
    slices = box_of_mask(left).slices
    cut = np.zeros_like(mask)
    cut[slices] = mask[slices]
    return cut
