"""The mean filter of the standard (S60F)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...errors import SettingsError
from ...grid import FloatArray, Triple
from .bounded_filter import BOUNDARIES, BoundedFilter, longest_reach, whole_numbers


@dataclass(frozen=True, kw_only=True)
class Mean(BoundedFilter):
    """Mean over a square or a cube.

    Attributes:
        support: Its edge in voxels, odd.

    Examples:
        >>> Mean(support=5).name
        'mean-5'
    """

    image_type: ClassVar[str] = "Mean"
    parameters: ClassVar[dict[str, str]] = {**BoundedFilter.parameters, "support": "support"}

    support: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_numbers(self.support, 1, "support of the mean filter")
        if self.support % 2 == 0:
            raise SettingsError(f"The support of the mean filter is {self.support} voxels. Give an odd number.")

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        return f"mean-{self.support}"

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach half the support."""
        return longest_reach(self.support // 2)

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Average; see `BoundedFilter.response`."""
        from scipy.ndimage import uniform_filter

        averaged: FloatArray = uniform_filter(voxels, self.support, mode=BOUNDARIES[self.boundary])
        return averaged
