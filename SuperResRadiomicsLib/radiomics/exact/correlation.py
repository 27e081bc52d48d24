"""The maximal correlation coefficient of co-occurrence matrices."""

from __future__ import annotations

import numpy as np

from ...grid import FloatArray


def maximal_correlation(p: FloatArray, px: FloatArray, py: FloatArray, symmetrical: bool) -> FloatArray:
    """Take the root of the second largest eigenvalue of Q(i, j) = sum over k of p(i, k) p(j, k) / (px(i) py(k)).

    Q is similar to B B^T with B(i, k) = p(i, k) / sqrt(px(i) py(k)), whose singular values are at hand without
    an eigenvalue problem that is not symmetric.

    Args:
        p: Probabilities (g, g, a).
        px: Their sums over the second axis; (g, a).
        py: Their sums over the first axis; (g, a).
        symmetrical: p equals its transpose.

    Returns:
        In [0, 1], (a,). 1 where there is one level only.
    """
    if np.isnan(p).any():
        return np.full(p.shape[2], np.nan)
    if len(p) < 2:
        return np.ones(1)
    root_x, root_y = (np.sqrt(np.where(margin > 0, margin, 1)) for margin in (px, py))
    b = (p / (root_x[:, None] * root_y[None])).transpose(2, 0, 1)
    spectrum = np.abs(np.linalg.eigvalsh(b)) if symmetrical else np.linalg.svd(b, compute_uv=False)
    return np.sort(spectrum, axis=1)[:, -2] if len(spectrum) else np.zeros(0)
