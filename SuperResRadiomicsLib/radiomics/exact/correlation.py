"""The maximal correlation coefficient of co-occurrence matrices."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from ...grid import FloatArray

_BY_VALUE, _BY_NUMBER = 1, 2
"""How LAPACK's bisection is told which eigenvalues are wanted."""
_BLOCK = 32
"""LAPACK works on so many columns at a time."""


def maximal_correlation(p: FloatArray, px: FloatArray, py: FloatArray, symmetrical: bool) -> FloatArray:
    """Take the root of the second largest eigenvalue of Q(i, j) = sum over k of p(i, k) p(j, k) / (px(i) py(k)).

    Q is similar to B B^T with B(i, k) = p(i, k) / sqrt(px(i) py(k)), whose singular values are at hand without
    an eigenvalue problem that is not symmetric.

    Args:
        p: Probabilities (a, g, g).
        px: Their sums over the third axis; (g, a).
        py: Their sums over the second axis; (g, a).
        symmetrical: p equals its transpose.

    Returns:
        In [0, 1], (a,); 1 where there is one level only.
    """
    if np.isnan(p).any():
        return np.full(len(p), np.nan)
    if p.shape[1] < 2:
        return np.ones(len(p))
    root_x, root_y = (np.sqrt(np.where(margin > 0, margin, 1)).T for margin in (px, py))
    b = p / root_x[:, :, None]
    b /= root_y[:, None]
    if symmetrical:
        return np.array([_second_largest_size(matrix) for matrix in b])
    return np.linalg.svd(b, compute_uv=False)[:, 1]


def _second_largest_size(matrix: FloatArray) -> float:
    """Find the second largest absolute eigenvalue of a symmetric matrix whose largest eigenvalue has the largest.

    Made tridiagonal, two eigenvalues are bisected: a third to a half of the time that all of them take.
    """
    n = len(matrix)
    _, diagonal, beside, _, _ = lapack.dsytrd(matrix.T, lwork=n * _BLOCK)
    _, found, *_ = lapack.dstebz(diagonal, beside, _BY_NUMBER, 0, 0, n - 1, n - 1, 0, "E")
    second = float(found[0])
    count, below, *_ = lapack.dstebz(diagonal, beside, _BY_VALUE, -2, -abs(second), 0, 0, 0, "E")
    return float(-below[0]) if count else abs(second)
