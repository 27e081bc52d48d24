"""Gabor filters (Q88H): waves of one length and direction under a Gaussian."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray, Triple
from .bounded_filter import PADDING, BoundedFilter, in_voxels, longest_reach, positive

REACH_SIGMAS = 6.0
"""Standard deviations of the Gaussian's longer axis at which the kernel ends: 1.5e-8 of its middle are left."""
AT_ONCE = 16
"""Slices that are transformed together: their transforms fit into memory however many slices there are."""


@dataclass(frozen=True, kw_only=True)
class Gabor(BoundedFilter):
    """Modulus of the response to planar waves; in 3D the mean over the three planes of the axes.

    Attributes:
        sigma_mm: Standard deviation of the Gaussian along the wave, in mm.
        wavelength_mm: In mm.
        gamma: Standard deviation along the wave over that across it.
        theta: Direction of the wave in the plane, in degrees.
        theta_step: Average over all directions from 0 degrees on in such steps, instead of ``theta``; None does not.
        orthogonal_planes: In 3D average over three planes; else the plane of i and j only.

    Examples:
        >>> Gabor(sigma_mm=5.0, wavelength_mm=2.0, gamma=1.5, theta_step=22.5).name
        'gabor-sigma-5-wavelength-2-gamma-1-5-step-22-5'
    """

    image_type: ClassVar[str] = "Gabor"
    parameters: ClassVar[dict[str, str]] = {
        **BoundedFilter.parameters,
        "sigma_mm": "sigma_mm",
        "wavelength_mm": "wavelength_mm",
        "gamma": "gamma",
        "theta": "theta",
        "theta_step": "theta_step",
        "orthogonal_planes": "orthogonal_planes",
    }

    sigma_mm: float = 5.0
    wavelength_mm: float = 2.0
    gamma: float = 1.5
    theta: float = 0.0
    theta_step: float | None = None
    orthogonal_planes: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self.sigma_mm, "sigma of Gabor in mm")
        positive(self.wavelength_mm, "wavelength of Gabor in mm")
        positive(self.gamma, "gamma of Gabor")
        if self.theta_step is not None:
            positive(self.theta_step, "step of Gabor's direction")

    @property
    def name(self) -> str:
        """First part of the features' keys."""
        direction = f"theta-{self.theta:g}" if self.theta_step is None else f"step-{self.theta_step:g}"
        lengths = f"sigma-{self.sigma_mm:g}-wavelength-{self.wavelength_mm:g}-gamma-{self.gamma:g}"
        return f"gabor-{lengths}-{direction}".replace(".", "-")

    def reach(self, spacing: Triple) -> tuple[int, int, int]:
        """Reach the end of the kernel."""
        return longest_reach(self._radius(self.sigma_mm / min(spacing)))

    def response(self, voxels: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Filter; see `BoundedFilter.response`."""
        if voxels.ndim == 2:
            return self._of_slices(voxels[None], spacing)[0]
        planes = (0, 1, 2) if self.orthogonal_planes else (0,)
        total = np.zeros(voxels.shape)
        for axis in planes:
            across = np.moveaxis(voxels, axis, 0)
            within = tuple(size for n, size in enumerate(spacing) if n != axis)
            total += np.moveaxis(self._of_slices(across, within), 0, axis)
        return total / len(planes)

    def _of_slices(self, slices: FloatArray, spacing: tuple[float, ...]) -> FloatArray:
        """Mean modulus over the directions, for slices (n, rows, columns)."""
        sigma = in_voxels(self.sigma_mm, spacing, self.image_type)
        wavelength = in_voxels(self.wavelength_mm, spacing, self.image_type)
        radius = self._radius(sigma)
        margin = [(0, 0), (radius, radius), (radius, radius)]
        padded = np.pad(slices, margin, PADDING[self.boundary])  # type: ignore[call-overload]
        total = np.zeros(slices.shape)
        angles = self._angles()
        kernels = [_kernel(radius, sigma, wavelength, self.gamma, angle) for angle in angles]
        for first in range(0, len(slices), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            for response in _convolved(padded[part], kernels):
                total[part] += np.abs(response)
        averaged: FloatArray = total / len(angles)
        return averaged

    def _angles(self) -> list[float]:
        if self.theta_step is None:
            return [math.radians(self.theta)]
        angles = np.arange(0, 360 - 1e-9, self.theta_step)
        if 180 % self.theta_step == 0:  # the modulus of the opposite direction is the same
            angles = angles[angles < 180]
        return [math.radians(angle) for angle in angles]

    def _radius(self, sigma: float) -> int:
        return math.ceil(REACH_SIGMAS * sigma * max(1.0, 1 / self.gamma))


def _kernel(radius: int, sigma: float, wavelength: float, gamma: float, angle: float) -> npt.NDArray[np.complex128]:
    """Make the filter's kernel [row, column]."""
    row, column = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float64)
    along = column * math.cos(angle) + row * math.sin(angle)
    across = column * math.sin(angle) - row * math.cos(angle)
    envelope = np.exp(-(along**2 + (gamma * across) ** 2) / (2 * sigma**2))
    kernel: npt.NDArray[np.complex128] = envelope * np.exp(2j * math.pi * along / wavelength)
    return kernel


def _convolved(padded: FloatArray, kernels: list[npt.NDArray[np.complex128]]) -> Iterator[npt.NDArray[np.complex128]]:
    """Convolve slices (n, rows, columns) with each kernel, by Fourier transforms; the margin falls away."""
    from scipy.fft import fft2, ifft2, next_fast_len

    rows, columns = (next_fast_len(size) for size in padded.shape[1:])
    transformed = fft2(padded, (rows, columns))
    for kernel in kernels:
        full = ifft2(transformed * fft2(kernel, (rows, columns)), overwrite_x=True)
        edge = kernel.shape[0] - 1
        yield full[:, edge : padded.shape[1], edge : padded.shape[2]]
