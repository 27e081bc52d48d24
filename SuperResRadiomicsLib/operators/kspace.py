"""Magnetic resonance: acquisition of a smaller k-space matrix, and the noise of magnitude images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import SettingsError
from ..grid.types import FloatArray


@dataclass(frozen=True)
class KSpaceTruncation:
    """The measurement y = A x of a slice x through the centre of its k-space only.

    The field of view stays, the matrix shrinks: of the frequencies of the fine slice the
    lowest 1/factor along each axis are kept and transformed back on the coarse grid. A
    linear phase places each coarse pixel at the centre of its factor x factor fine pixels,
    where a plain transform would leave it on the first of them. A constant stays itself;
    edges ring (Gibbs) and may undershoot below zero; opposite sides are neighbours, as the
    discrete Fourier transform has it.

    With an even coarse length the frequencies at plus and minus Nyquist fall on one sample.
    Each enters with half its weight, which is the real part of what a scanner would
    reconstruct, and keeps the operator real and free of a direction.

    The operator is separable and each axis a circulant matrix with every factor-th row.

    Attributes:
        factor: How many fine pixels make one coarse pixel along each axis.

    Raises:
        SettingsError: A factor below 1.

    Examples:
        >>> halve = KSpaceTruncation(factor=2)
        >>> halve.forward(np.ones((1, 4, 4))).round(3).tolist()
        [[[1.0, 1.0], [1.0, 1.0]]]
    """

    factor: int

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise SettingsError(f"The k-space factor is {self.factor}; it must be a whole number of at least 1.")

    def forward(self, fine: FloatArray) -> FloatArray:
        """Apply A to the last two axes.

        Args:
            fine: (..., height, width), real; both lengths divisible by the factor.

        Returns:
            (..., height / factor, width / factor), in the floating type of the input.

        Raises:
            SettingsError: Fewer than two axes, or a length that the factor does not divide.
        """
        array = _real_slices(fine)
        for length in array.shape[-2:]:
            if length % self.factor:
                raise SettingsError(f"A length of {length} pixels is not divisible by the factor {self.factor}.")
        rows, columns = (_axis_matrix(n, self.factor, 0.5, array.dtype.name) for n in array.shape[-2:])
        return rows @ array @ columns.T

    def adjoint(self, coarse: FloatArray) -> FloatArray:
        """Apply Aᵀ to the last two axes: (..., h, w) to (..., h * factor, w * factor)."""
        return self._transposed(coarse, nyquist_weight=0.5)

    def pseudo_inverse(self, coarse: FloatArray) -> FloatArray:
        """Apply Aᵀ(AAᵀ)⁻¹: pad k-space with zeros, for the smoothest fine slice that measures as ``coarse``."""
        # AAᵀ is 1 / factor² times the identity but at Nyquist, where the two halves' energies add up to one half.
        nyquist = 0.5 if self.factor == 1 else 1.0
        return self._transposed(coarse, nyquist) * float(self.factor**2)

    def _transposed(self, coarse: FloatArray, nyquist_weight: float) -> FloatArray:
        array = _real_slices(coarse)
        lengths = (n * self.factor for n in array.shape[-2:])
        rows, columns = (_axis_matrix(n, self.factor, nyquist_weight, array.dtype.name) for n in lengths)
        return rows.T @ array @ columns


@lru_cache(maxsize=64)
def _axis_matrix(length: int, factor: int, nyquist_weight: float, dtype: str) -> FloatArray:
    coarse = length // factor
    offset = np.arange(length) - (factor - 1) / 2
    frequency = np.arange((coarse - 1) // 2 + 1)
    weight = np.where(frequency == 0, 1.0, 2.0)
    if coarse % 2 == 0:
        frequency, weight = np.append(frequency, coarse // 2), np.append(weight, 2 * nyquist_weight)
    first_row = np.cos(2 * np.pi / length * np.outer(offset, frequency)) @ weight / length
    column = (np.arange(length) - factor * np.arange(coarse)[:, None]) % length
    matrix = first_row[column].astype(dtype)
    matrix.flags.writeable = False
    return matrix


def truncation_matrix(length: int, factor: int) -> FloatArray:
    """Make the matrix of `KSpaceTruncation` along an axis of some length, in double precision."""
    return _axis_matrix(length, factor, 0.5, "float64")


def rician_noise(image: FloatArray, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Add the noise of a magnitude image: |x + n₁ + i n₂| with independent normal n₁ and n₂.

    Gudbjartsson and Patz 1995, doi:10.1002/mrm.1910340618; the training noise of Moummad et
    al. 2022, for which sigma is a percentage of the image's 99th percentile. Where the signal
    is well above sigma the noise is normal with standard deviation sigma; in air it is
    Rayleigh with mean sigma·√(π/2).

    Args:
        image: Real, any shape.
        sigma: Standard deviation of each of the two channels, in units of the image.
        rng: Source of the noise.

    Returns:
        Shape of the image, in its floating type, nowhere negative.

    Raises:
        SettingsError: A sigma that is negative or not finite.

    Examples:
        >>> bool(rician_noise(np.zeros((1, 2, 2)), 1.0, np.random.default_rng(0)).min() > 0)
        True
    """
    check_sigma(sigma)
    array = _floating(image)
    real = array + float(sigma) * _normal(array, rng)
    return np.hypot(real, float(sigma) * _normal(array, rng))


def _normal(like: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal(like.shape, dtype=np.float32 if like.dtype == np.float32 else np.float64)


def check_sigma(sigma: float) -> None:
    """Raise SettingsError where sigma is no standard deviation."""
    if not (math.isfinite(sigma) and sigma >= 0):
        raise SettingsError(f"The noise's standard deviation is {sigma}; it must be zero or positive.")


def _floating(image: FloatArray) -> FloatArray:
    """At least float32; a complex image is no magnitude image."""
    array = np.asarray(image)
    if np.iscomplexobj(array):
        raise SettingsError("The image is complex; give its magnitude.")
    return array.astype(np.result_type(array, np.float32), copy=False)


def _real_slices(image: FloatArray) -> FloatArray:
    array = _floating(image)
    if array.ndim < 2:
        raise SettingsError(f"An image of shape {array.shape} has no slices; it must be (..., height, width).")
    return array
