"""Gaussian blur followed by area averaging, as a linear operator with its adjoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from ..errors import SettingsError
from ..grid.types import FloatArray
from .kernels import blur_kernel, kernel_matrix


@dataclass(frozen=True)
class BlurDecimate:
    """The measurement y = A x of a slice x: blur, then mean over factor x factor pixels.

    Separable, so each axis is one sparse matrix; edges are mirrored. Without blur A Aᵀ is
    1/factor² times the identity, which makes the exact pseudo-inverse a plain repetition.

    Attributes:
        factor: How many fine pixels make one coarse pixel along each axis.
        blur_px: Standard deviation of the Gaussian in fine pixels; 0 for none.

    Raises:
        SettingsError: A factor below 1 or a negative blur.

    Examples:
        >>> halve = BlurDecimate(factor=2)
        >>> halve.forward(np.arange(16.0).reshape(1, 4, 4)).tolist()
        [[[2.5, 4.5], [10.5, 12.5]]]
        >>> halve.adjoint(np.ones((1, 1, 1))).tolist()
        [[[0.25, 0.25], [0.25, 0.25]]]
    """

    factor: int
    blur_px: float = 0.0

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise SettingsError(f"The decimation factor is {self.factor}; it must be a whole number of at least 1.")
        if not (math.isfinite(self.blur_px) and self.blur_px >= 0):
            raise SettingsError(f"The blur is {self.blur_px} pixels; it must be zero or positive.")

    def forward(self, fine: FloatArray) -> FloatArray:
        """Apply A to the last two axes.

        Args:
            fine: (..., height, width); both lengths divisible by the factor.

        Returns:
            (..., height / factor, width / factor).
        """
        return self._along_both_axes(fine, transpose=False)

    def adjoint(self, coarse: FloatArray) -> FloatArray:
        """Apply Aᵀ to the last two axes: (..., h, w) to (..., h * factor, w * factor)."""
        return self._along_both_axes(coarse, transpose=True)

    def pseudo_inverse(self, coarse: FloatArray) -> FloatArray:
        """Apply Aᵀ(AAᵀ)⁻¹, exact where there is no blur.

        Raises:
            SettingsError: With blur the inverse amplifies noise without bound; it is not offered.
        """
        if self.blur_px > 0:
            raise SettingsError("The exact pseudo-inverse is defined for pure area averaging (blur 0) only.")
        return self.adjoint(coarse) * float(self.factor**2)

    def _along_both_axes(self, array: FloatArray, transpose: bool) -> FloatArray:
        result = np.asarray(array)
        for axis in (-2, -1):
            length = result.shape[axis] * (self.factor if transpose else 1)
            if length % self.factor:
                raise SettingsError(f"A length of {length} pixels is not divisible by the factor {self.factor}.")
            matrix = _axis_matrix(length, self.factor, self.blur_px)
            result = _multiply(matrix.T.tocsr() if transpose else matrix, result, axis)
        return result


def _multiply(matrix: sparse.csr_matrix, array: FloatArray, axis: int) -> FloatArray:
    moved = np.moveaxis(array, axis, 0)
    flat = matrix.astype(array.dtype) @ moved.reshape(moved.shape[0], -1)
    return np.moveaxis(flat.reshape((matrix.shape[0], *moved.shape[1:])), 0, axis)


@lru_cache(maxsize=64)
def _axis_matrix(length: int, factor: int, blur_px: float) -> sparse.csr_matrix:
    average = sparse.kron(sparse.eye(length // factor), np.full((1, factor), 1.0 / factor))
    return (average @ kernel_matrix(length, blur_kernel("gaussian", blur_px))).tocsr()
