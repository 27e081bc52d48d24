"""Measurements by scanners of several kinds: a blur, then sampling on a coarser grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
from scipy import sparse

from ..errors import SettingsError
from ..grid.types import FloatArray
from .kernels import blur_kernel, kernel_matrix, mirror
from .kspace import truncation_matrix

CoarseSampling = Literal["average", "point", "lanczos", "k-space"]
COARSE_SAMPLINGS: tuple[str, ...] = get_args(CoarseSampling)
LANCZOS_LOBES = 3


@dataclass(frozen=True)
class Acquisition:
    """The measurement y = A x of a slice x: a blur of one of several families, then one of several samplings.

    Scanners and reconstructions differ; a network that knows only one of them does worse on the
    others. Both axes have the same matrix, made once; edges are mirrored, but in k-space, where
    opposite sides are neighbours. Every coarse pixel lies at the centre of its fine ones.

    Attributes:
        factor: How many fine pixels make one coarse pixel along each axis.
        blur_px: Strength of the blur in fine pixels; see `blur_kernel`.
        family: Its family; see `blur_kernel`.
        sampling: ``average``: mean over factor x factor pixels (`BlurDecimate`); ``point``: the
            value at the centre, by cubic convolution (Keys 1981, doi:10.1109/TASSP.1981.1163711)
            where it lies between pixels; ``lanczos``: a sinc over three lobes, as image software
            reduces; ``k-space``: the central part of k-space (`KSpaceTruncation`).

    Raises:
        SettingsError: A factor below 1, a negative blur, another family or sampling.
    """

    factor: int
    blur_px: float = 0.0
    family: str = "gaussian"
    sampling: str = "average"

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise SettingsError(f"The decimation factor is {self.factor}; it must be a whole number of at least 1.")
        if self.sampling not in COARSE_SAMPLINGS:
            raise SettingsError(f"The sampling is '{self.sampling}'; allowed are {', '.join(COARSE_SAMPLINGS)}.")
        blur_kernel(self.family, self.blur_px)

    def forward(self, fine: FloatArray) -> FloatArray:
        """Apply A to the last two axes.

        Args:
            fine: (..., height, width); both lengths divisible by the factor.

        Returns:
            (..., height / factor, width / factor).

        Raises:
            SettingsError: A length that the factor does not divide.
        """
        array = np.asarray(fine)
        for length in array.shape[-2:]:
            if length % self.factor:
                raise SettingsError(f"A length of {length} pixels is not divisible by the factor {self.factor}.")
        rows, columns = (self._matrix(length, array.dtype) for length in array.shape[-2:])
        return rows @ array @ columns.T

    def adjoint(self, coarse: FloatArray) -> FloatArray:
        """Apply Aᵀ to the last two axes: (..., h, w) to (..., h * factor, w * factor)."""
        array = np.asarray(coarse)
        rows, columns = (self._matrix(length * self.factor, array.dtype) for length in array.shape[-2:])
        return rows.T @ array @ columns

    def _matrix(self, length: int, dtype: np.dtype[Any]) -> FloatArray:
        single = np.dtype(np.float32 if dtype == np.float32 else np.float64)
        return _axis_matrix(length, self.factor, self.blur_px, self.family, self.sampling, single.name)


@lru_cache(maxsize=512)
def _axis_matrix(length: int, factor: int, blur_px: float, family: str, sampling: str, dtype: str) -> FloatArray:
    blur = kernel_matrix(length, blur_kernel(family, blur_px))
    # Dense: a patch's matrices are small, and a slice's product is one call of BLAS.
    matrix = np.asarray(_sampling_matrix(length, factor, sampling) @ blur.toarray(), dtype=dtype)
    matrix.flags.writeable = False
    return matrix


def _sampling_matrix(length: int, factor: int, sampling: str) -> Any:
    if sampling == "k-space":
        return truncation_matrix(length, factor)
    if sampling == "average":
        return sparse.kron(sparse.eye(length // factor), np.full((1, factor), 1.0 / factor))
    stretch = factor if sampling == "lanczos" else 1
    radius = LANCZOS_LOBES * factor if sampling == "lanczos" else 2
    centre = (np.arange(length // factor) + 0.5) * factor - 0.5
    column = np.floor(centre)[:, None].astype(np.intp) + np.arange(-radius, radius + 2)
    distance = (column - centre[:, None]) / stretch
    weight = _lanczos(distance) if sampling == "lanczos" else _cubic(distance)
    weight /= weight.sum(axis=1, keepdims=True)
    row = np.repeat(np.arange(length // factor), column.shape[1])
    entries = (weight.ravel(), (row, mirror(column.ravel(), length)))
    return sparse.csr_matrix(entries, shape=(length // factor, length))


def _lanczos(x: FloatArray) -> FloatArray:
    return np.where(np.abs(x) < LANCZOS_LOBES, np.sinc(x) * np.sinc(x / LANCZOS_LOBES), 0.0)


def _cubic(x: FloatArray) -> FloatArray:
    """Keys' cubic convolution with a = -0.5."""
    far = np.abs(x)
    near = 1.5 * far**3 - 2.5 * far**2 + 1
    return np.where(far < 1, near, np.where(far < 2, -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2, 0.0))
