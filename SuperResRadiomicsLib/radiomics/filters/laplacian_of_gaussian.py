"""The Laplacian of Gaussian: second derivative of the smoothed image, large at blobs of its scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...errors import SettingsError
from ...grid import Triple
from ...io.image import Image
from .image_filter import ImageFilter
from .recursive_gaussian import laplacian

MINIMUM_SIZE = 4
"""ITK's recursive filter needs so many voxels along each axis."""
REACH_SIGMAS = 12.0
"""The recursive filter's response falls slowly: at ten standard deviations the result differs by 3e-6 of its range,
at twelve by 2e-7, which is the rounding of its single precision."""


@dataclass(frozen=True, kw_only=True)
class LaplacianOfGaussian(ImageFilter):
    """Laplacian of Gaussian in 3D by ITK's recursive filter, normalised across scales.

    Attributes:
        sigma: Standard deviations of the Gaussian in mm, an image for each. The number stands in the name as it
            is given: 3 makes ``log-sigma-3-mm-3D``, 3.0 ``log-sigma-3-0-mm-3D``.
    """

    image_type: ClassVar[str] = "LoG"
    parameters: ClassVar[dict[str, str]] = {"sigma": "sigma"}

    sigma: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sigma or not all(math.isfinite(sigma) and sigma > 0 for sigma in self.sigma):
            raise SettingsError(
                f"The sigmas of LoG are: {', '.join(map(str, self.sigma)) or 'none'}. Give at least one, each a "
                "positive number of mm."
            )

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach so many standard deviations of the widest Gaussian that nothing of the recursive filter is left."""
        i, j, k = (max(MINIMUM_SIZE, math.ceil(REACH_SIGMAS * max(self.sigma) / size)) for size in spacing)
        return i, j, k

    def images(self, image: Image, planar_axis: int | None) -> Iterator[tuple[str, Image]]:
        """Yield an image (32-bit, as ITK makes it) for each sigma."""
        for sigma in self.sigma:
            _check_size(image, sigma)
            yield f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D", image.with_voxels(laplacian(image, sigma))


def _check_size(image: Image, sigma: float) -> None:
    """Refuse a sigma that pyradiomics would skip without a value."""
    needed = [max(MINIMUM_SIZE, math.ceil(sigma / spacing) + 1) for spacing in image.spacing]
    if any(size < least for size, least in zip(image.grid.size, needed, strict=True)):
        raise SettingsError(
            f"LoG with a sigma of {sigma} mm needs an image of at least {' x '.join(map(str, needed))} voxels "
            f"(i, j, k); after preprocessing '{image.name}' has {' x '.join(map(str, image.grid.size))}. Choose a "
            "smaller sigma, a larger margin around the lesion, or leave out LoG."
        )
