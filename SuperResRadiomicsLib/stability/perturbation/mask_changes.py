"""Other outlines of the same lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...errors import SettingsError
from ...grid import BoolArray
from ...io.image import Image
from ...operators import positional_noise
from .change import not_empty


@dataclass(frozen=True)
class Opening:
    """Erosion, then dilation by a ball of one voxel (de Farias et al. 2021): thin parts go."""

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`."""
        return image, not_empty(ndimage.binary_opening(_framed(mask), _ball(mask))[_INSIDE], "Opening")


@dataclass(frozen=True)
class Closing:
    """Dilation, then erosion by a ball of one voxel (de Farias et al. 2021): gaps fill."""

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`."""
        return image, ndimage.binary_closing(_framed(mask), _ball(mask))[_INSIDE]


@dataclass(frozen=True)
class VolumeChange:
    """Growth or shrinkage at the outline (Zwanenburg et al. 2019, "volume adaptation").

    Attributes:
        fraction: Of the lesion's volume, above -1: 0.1 adds a tenth, -0.1 takes it away. Voxels
            nearest to the outline (in mm) go first; of equals those of lower index.
    """

    fraction: float

    def __post_init__(self) -> None:
        if not -1 < self.fraction < np.inf:
            raise SettingsError(f"The change of volume is {self.fraction}; give a fraction above -1, such as 0.1.")

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`."""
        wanted = round(np.count_nonzero(mask) * (1 + self.fraction))
        order = np.argsort(-signed_distance(mask, image).ravel(), kind="stable")[: min(wanted, mask.size)]
        changed = np.zeros(mask.size, dtype=bool)
        changed[order] = True
        return image, not_empty(changed.reshape(mask.shape), f"A change of volume by {self.fraction:+g}")


@dataclass(frozen=True)
class ContourRandomisation:
    """An outline that wanders by a smooth random distance.

    Our variant: Zwanenburg et al. 2019 add and drop supervoxels; here the outline moves by a
    Gaussian random field, as a second reader's would, without a segmentation of the image.

    Attributes:
        seed: Of the field.
        deviation_mm: Standard deviation of the outline's place.
        smoothness_mm: Standard deviation of the Gaussian that makes the field smooth.
    """

    seed: int
    deviation_mm: float = 1.0
    smoothness_mm: float = 4.0

    def __post_init__(self) -> None:
        if self.deviation_mm < 0 or self.smoothness_mm <= 0:
            raise SettingsError(
                f"The outline's deviation is {self.deviation_mm} mm, its smoothness {self.smoothness_mm} mm; give at "
                "least 0 and more than 0."
            )

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """See `Perturbation`."""
        spacing = np.array(image.grid.spacing[::-1])
        field = ndimage.gaussian_filter(positional_noise(image.grid, self.seed), self.smoothness_mm / spacing)
        field *= self.deviation_mm / max(float(field.std()), 1e-12)
        # The outline lies at a distance of zero; a field of zero leaves the mask as it is.
        moved = signed_distance(mask, image) + field > 0
        return image, not_empty(moved, "The random outline")


def signed_distance(mask: BoolArray, image: Image) -> npt.NDArray[np.float64]:
    """Measure the distance of voxel centres to the outline in mm, positive inside, negative outside; never 0.

    Args:
        mask: bool [k, j, i], not empty.
        image: Gives the spacing.
    """
    spacing = image.grid.spacing[::-1]
    half = min(spacing) / 2
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing) if not mask.all() else np.zeros(mask.shape)
    return np.where(mask, inside - half, half - outside)


_INSIDE = (slice(2, -2),) * 3


def _framed(mask: BoolArray) -> BoolArray:
    """Room for the ball, so that the image's border is no outline."""
    return np.pad(mask, 2)


def _ball(mask: BoolArray) -> BoolArray:
    """Make a ball of one voxel; a disk where the image is a single slice."""
    ball = ndimage.generate_binary_structure(3, 1)
    for axis, size in enumerate(mask.shape):
        if size == 1:
            index = [slice(None)] * 3
            for end in (0, 2):
                index[axis] = end  # type: ignore[call-overload]
                ball[tuple(index)] = False
    return ball
