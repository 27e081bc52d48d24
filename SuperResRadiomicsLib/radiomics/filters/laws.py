"""Laws' kernels (JTXT): outer products of short one-dimensional kernels for level, edges, spots, waves and ripples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import SettingsError
from ...grid import FloatArray, Triple
from .bounded_filter import BOUNDARIES, BoundedFilter, longest_reach, whole_numbers
from .rotations import maximum, turned_responses

KERNELS = {
    "L3": np.array([1, 2, 1]) / np.sqrt(6),
    "L5": np.array([1, 4, 6, 4, 1]) / np.sqrt(70),
    "E3": np.array([-1, 0, 1]) / np.sqrt(2),
    "E5": np.array([-1, -2, 0, 2, 1]) / np.sqrt(10),
    "S3": np.array([-1, 2, -1]) / np.sqrt(6),
    "S5": np.array([-1, 0, 2, 0, -1]) / np.sqrt(6),
    "W5": np.array([-1, 2, 0, -2, 1]) / np.sqrt(10),
    "R5": np.array([1, -4, 6, -4, 1]) / np.sqrt(70),
}


@dataclass(frozen=True, kw_only=True)
class Laws(BoundedFilter):
    """Response to Laws' kernels.

    Attributes:
        kernels: Their names along i, j, k, such as ``L5E5E5``; two in 2D, three in 3D.
        invariant: Take the greatest response over all right-angled turns.
        energy_distance: Average the magnitude over voxels up to so far along each axis; 0 takes the response itself.

    Examples:
        >>> Laws(kernels="L5E5", energy_distance=7).name
        'laws-L5E5-energy-7-invariant'
    """

    image_type: ClassVar[str] = "Laws"
    parameters: ClassVar[dict[str, str]] = {
        **BoundedFilter.parameters,
        "kernels": "kernels",
        "invariant": "invariant",
        "energy_distance": "energy_distance",
    }

    kernels: str = "L5E5E5"
    invariant: bool = True
    energy_distance: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self._names
        if "".join(names) != self.kernels or len(names) not in (2, 3) or not set(names) <= set(KERNELS):
            raise SettingsError(
                f"The kernels of Laws are '{self.kernels}'. Give two (2D) or three (3D) of {', '.join(KERNELS)} "
                "without a space, such as L5E5E5."
            )
        whole_numbers(self.energy_distance, 0, "distance of Laws' energy")

    @property
    def _names(self) -> list[str]:
        return re.findall("[A-Z][0-9]", self.kernels)

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        energy = f"-energy-{self.energy_distance}" if self.energy_distance else ""
        return f"laws-{self.kernels}{energy}{'-invariant' if self.invariant else ''}"

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach half a kernel, and the distance of the energy."""
        return longest_reach(2 + self.energy_distance)

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter; see `BoundedFilter.response`."""
        if len(self._names) != voxels.ndim:
            raise SettingsError(
                f"The kernels of Laws are '{self.kernels}', for {len(self._names)} dimensions; texture is "
                f"{voxels.ndim}D. Name one kernel for each axis."
            )
        kernels = [KERNELS[name] for name in self._names]
        if self.invariant:
            turned = turned_responses(voxels, lambda each: separable(each, kernels, self.boundary))
            return self._energy(maximum(turned))
        return self._energy(separable(voxels, kernels, self.boundary))

    def _energy(self, response: FloatArray) -> FloatArray:
        from scipy.ndimage import uniform_filter

        if not self.energy_distance:
            return response
        size = 2 * self.energy_distance + 1
        averaged: FloatArray = uniform_filter(np.abs(response), size, mode=BOUNDARIES[self.boundary])
        return averaged


def separable(voxels: FloatArray, kernels: Sequence[FloatArray], boundary: str) -> FloatArray:
    """Convolve with one kernel along each axis.

    Args:
        voxels: [j, i] or [k, j, i].
        kernels: Along i, j, k.
        boundary: One of ``BOUNDARIES``.
    """
    from scipy.ndimage import convolve1d

    for axis, kernel in zip(range(voxels.ndim - 1, -1, -1), kernels, strict=True):
        voxels = convolve1d(voxels, kernel, axis=axis, mode=BOUNDARIES[boundary])
    return voxels
