"""The Laplacian of Gaussian of the standard (L6PA): a kernel cut off at a number of standard deviations.

pyradiomics' ``LoG`` is another one: recursive, and normalised across scales.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ...grid import FloatArray, Triple
from .bounded_filter import BOUNDARIES, BoundedFilter, in_voxels, longest_reach, positive


@dataclass(frozen=True, kw_only=True)
class TruncatedLaplacianOfGaussian(BoundedFilter):
    """Laplacian of Gaussian, per square voxel.

    Attributes:
        sigma_mm: Standard deviation in mm.
        cutoff: Standard deviations at which the kernel ends.

    Examples:
        >>> TruncatedLaplacianOfGaussian(sigma_mm=1.5).name
        'laplacian-sigma-1-5-mm'
    """

    image_type: ClassVar[str] = "TruncatedLoG"
    parameters: ClassVar[dict[str, str]] = {**BoundedFilter.parameters, "sigma_mm": "sigma_mm", "cutoff": "cutoff"}

    sigma_mm: float = 1.5
    cutoff: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self.sigma_mm, "sigma of TruncatedLoG in mm")
        positive(self.cutoff, "cutoff of TruncatedLoG")

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        return f"laplacian-sigma-{self.sigma_mm:g}-mm".replace(".", "-")

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the cutoff."""
        return longest_reach(math.ceil(self.cutoff * self.sigma_mm / min(spacing)) + 1)

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter; see `BoundedFilter.response`."""
        from scipy.ndimage import gaussian_laplace

        sigma = in_voxels(self.sigma_mm, spacing, self.image_type)
        filtered: FloatArray = gaussian_laplace(voxels, sigma, mode=BOUNDARIES[self.boundary], truncate=self.cutoff)
        return filtered
