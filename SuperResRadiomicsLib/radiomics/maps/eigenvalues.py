"""Eigenvalues of many small symmetric matrices: a third of the time that LAPACK's call takes for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled

MOST_TURNS = 60
"""Rotations after which an eigenvalue is taken as it is; three are usual."""


@compiled
def tridiagonalise(a: Any, n: int, diagonal: Any, beside: Any) -> None:
    """Reduce a symmetric matrix to tridiagonal form by Householder reflections (Golub & Van Loan, algorithm 8.3.1).

    Args:
        a: (n, n) or larger; destroyed.
        n: Rows in use.
        diagonal: Receives the diagonal, (n,).
        beside: Receives what stands beside it in its first n - 1 places, then a zero.
    """
    v, w = np.zeros(n), np.zeros(n)
    for k in range(n - 2):
        length = 0.0
        for i in range(k + 1, n):
            length += a[i, k] * a[i, k]
        length = np.sqrt(length)
        diagonal[k] = a[k, k]
        if length == 0:
            beside[k] = 0.0
            continue
        first = a[k + 1, k]
        beside[k] = -length if first > 0 else length
        for i in range(k + 1, n):
            v[i] = a[i, k]
        v[k + 1] -= beside[k]
        square = 0.0
        for i in range(k + 1, n):
            square += v[i] * v[i]
        along = 0.0
        for i in range(k + 1, n):
            w[i] = 0.0
            for j in range(k + 1, n):
                w[i] += a[i, j] * v[j]
            w[i] *= 2 / square
            along += w[i] * v[i]
        for i in range(k + 1, n):
            w[i] -= along / square * v[i]
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                a[i, j] -= v[i] * w[j] + w[i] * v[j]
    if n > 1:
        diagonal[n - 2], beside[n - 2] = a[n - 2, n - 2], a[n - 1, n - 2]
    diagonal[n - 1], beside[n - 1] = a[n - 1, n - 1], 0.0


@compiled
def eigenvalues(diagonal: Any, beside: Any, n: int) -> None:
    """Find the eigenvalues of a tridiagonal matrix by implicit QL steps (EISPACK's tql1), in no order.

    Args:
        diagonal: The diagonal, which becomes the eigenvalues.
        beside: What stands beside it; destroyed.
        n: Rows in use.
    """
    for low in range(n):
        for _ in range(MOST_TURNS):
            high = low
            while high < n - 1:
                size = abs(diagonal[high]) + abs(diagonal[high + 1])
                if abs(beside[high]) <= 1e-15 * size or abs(beside[high]) < 1e-300:
                    break
                high += 1
            if high == low:
                break
            g = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low])
            r = np.sqrt(g * g + 1.0)
            g = diagonal[high] - diagonal[low] + beside[low] / (g + (r if g >= 0 else -r))
            s, c, p = 1.0, 1.0, 0.0
            early = False
            for i in range(high - 1, low - 1, -1):
                f, b = s * beside[i], c * beside[i]
                r = np.sqrt(f * f + g * g)
                beside[i + 1] = r
                if r == 0:
                    diagonal[i + 1] -= p
                    beside[high] = 0.0
                    early = True
                    break
                s, c = f / r, g / r
                g = diagonal[i + 1] - p
                r = (diagonal[i] - g) * s + 2 * c * b
                p = s * r
                diagonal[i + 1] = g + p
                g = c * r - b
            if early:
                continue
            diagonal[low] -= p
            beside[low] = g
            beside[high] = 0.0
