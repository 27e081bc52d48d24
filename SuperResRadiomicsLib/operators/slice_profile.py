"""Thick slices: a profile across the slice, then one value for several fine slices; with its adjoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from scipy import sparse
from scipy.special import erf

from ..errors import SettingsError
from ..grid.types import FloatArray
from .kernels import TRUNCATE, mirror

ProfileShape = Literal["box", "gaussian"]
PROFILE_SHAPES: tuple[str, ...] = get_args(ProfileShape)
FWHM_OVER_SIGMA = 2 * math.sqrt(2 * math.log(2))
SAME_THICKNESS = 1e-3
"""Relative difference up to which a thickness counts as the slice distance."""


@dataclass(frozen=True)
class SliceProfile:
    """The measurement y = A x of thick slices y from fine ones x along one axis; other axes stay as they are.

    Every thick slice lies at the centre of its fine ones and weighs what is around it by the profile,
    integrated over each fine slice. Edges are mirrored. The thickness is the profile's full width at
    half maximum (FWHM), as scanners state it.

    Attributes:
        factor: Fine slices for each thick one; the slice distance is ``factor`` fine slices.
        thickness: FWHM over the slice distance: 1 for slices that touch, above for slices that overlap.
        shape: ``box``: equal weights, as the mean of thin slices has them; ``gaussian``: a bell.

    Raises:
        SettingsError: A factor below 1, a thickness that is not positive, or another shape.

    Examples:
        >>> thick = SliceProfile(factor=2)
        >>> thick.forward(np.arange(4.0).reshape(4, 1)).ravel().tolist()
        [0.5, 2.5]
        >>> thick.adjoint(np.ones((1, 1))).ravel().tolist()
        [0.5, 0.5]
    """

    factor: int
    thickness: float = 1.0
    shape: str = "box"

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise SettingsError(f"The slice factor is {self.factor}; it must be a whole number of at least 1.")
        if not (math.isfinite(self.thickness) and self.thickness > 0):
            raise SettingsError(f"The slice thickness is {self.thickness} slice distances; it must be above 0.")
        if self.shape not in PROFILE_SHAPES:
            raise SettingsError(f"The slice profile is '{self.shape}'; allowed are {', '.join(PROFILE_SHAPES)}.")

    @property
    def touches(self) -> bool:
        """Whether slices are plain means over their fine ones: side by side, without gap or overlap."""
        return self.shape == "box" and math.isclose(self.thickness, 1.0, rel_tol=SAME_THICKNESS)

    def forward(self, fine: FloatArray, axis: int = -2) -> FloatArray:
        """Apply A along an axis.

        Args:
            fine: Any shape; the axis' length divisible by the factor.
            axis: Along which slices are stacked; the default is that of the rows of (..., height, width).

        Returns:
            The same, shorter by the factor along the axis.

        Raises:
            SettingsError: A length that the factor does not divide.
        """
        array = np.asarray(fine)
        if array.shape[axis] % self.factor:
            raise SettingsError(f"{array.shape[axis]} slices are not divisible by the factor {self.factor}.")
        return self._along(array, axis, array.shape[axis], transpose=False)

    def adjoint(self, coarse: FloatArray, axis: int = -2) -> FloatArray:
        """Apply Aᵀ along an axis, which makes it longer by the factor."""
        array = np.asarray(coarse)
        return self._along(array, axis, array.shape[axis] * self.factor, transpose=True)

    def pseudo_inverse(self, coarse: FloatArray, axis: int = -2) -> FloatArray:
        """Apply Aᵀ(AAᵀ)⁻¹, exact where slices touch: each is repeated.

        Raises:
            SettingsError: For other slices the inverse mixes and amplifies them; it is not offered.
        """
        if not self.touches:
            raise SettingsError("The exact pseudo-inverse is defined for slices that touch (box, thickness 1) only.")
        return np.repeat(np.asarray(coarse), self.factor, axis=axis)

    def _along(self, array: FloatArray, axis: int, length: int, transpose: bool) -> FloatArray:
        matrix = _profile_matrix(length, self.factor, self.thickness, self.shape)
        moved = np.moveaxis(array, axis, 0)
        used = (matrix.T if transpose else matrix).astype(np.float32 if array.dtype == np.float32 else np.float64)
        flat = used @ moved.reshape(moved.shape[0], -1)
        return np.moveaxis(flat.reshape((used.shape[0], *moved.shape[1:])), 0, axis)


@lru_cache(maxsize=256)
def _profile_matrix(length: int, factor: int, thickness: float, shape: str) -> sparse.csr_matrix:
    """Weights of the fine slices (columns) in each thick one (rows); rows sum to 1."""
    width = thickness * factor
    reach = width / 2 if shape == "box" else TRUNCATE * width / FWHM_OVER_SIGMA
    centre = (np.arange(length // factor) + 0.5) * factor - 0.5
    radius = math.ceil(reach) + 1
    column = np.floor(centre)[:, None].astype(np.intp) + np.arange(-radius, radius + 1)
    near, far = (np.clip(column + half - centre[:, None], -reach, reach) for half in (-0.5, 0.5))
    weight = far - near if shape == "box" else _bell_area(far, width) - _bell_area(near, width)
    weight /= weight.sum(axis=1, keepdims=True)
    row = np.repeat(np.arange(length // factor), column.shape[1])
    matrix = sparse.csr_matrix(
        (weight.ravel(), (row, mirror(column.ravel(), length))), shape=(length // factor, length)
    )
    matrix.eliminate_zeros()
    return matrix


def _bell_area(position: FloatArray, fwhm: float) -> FloatArray:
    """Integral of a Gaussian up to a position, but for a constant."""
    return erf(position * FWHM_OVER_SIGMA / (math.sqrt(2) * fwhm))
