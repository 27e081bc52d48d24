"""Largest eigenvalues of many small symmetric matrices: a tenth of the time that LAPACK's call takes for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled

MOST_STEPS = 100
"""Steps after which an eigenvalue is taken as it is; four are usual."""
TINY = 1e-300
"""Stands for a pivot of zero."""


@compiled
def tridiagonalise(a: Any, n: int, diagonal: Any, beside: Any, v: Any, w: Any) -> None:
    """Reduce a symmetric matrix to tridiagonal form by Householder reflections (Golub & Van Loan, algorithm 8.3.1).

    Args:
        a: (n, n) or larger; the upper triangle is not read, the lower destroyed.
        n: Rows in use.
        diagonal: Receives the diagonal, (n,).
        beside: Receives what stands beside it in its first n - 1 places, then a zero.
        v: Space for (n,); allocating it for each matrix would take longer than the work.
        w: The same.
    """
    for k in range(n - 2):
        diagonal[k] = a[k, k]
        square = 0.0
        for i in range(k + 1, n):
            v[i] = a[i, k]
            square += v[i] * v[i]
        if square == 0:
            beside[k] = 0.0
            continue
        length = np.sqrt(square)
        beside[k] = -length if v[k + 1] > 0 else length
        square = 2 * (square - v[k + 1] * beside[k])
        v[k + 1] -= beside[k]
        for i in range(k + 1, n):
            w[i] = 0.0
        for i in range(k + 1, n):
            own = a[i, i] * v[i]
            for j in range(k + 1, i):
                own += a[i, j] * v[j]
                w[j] += a[i, j] * v[i]
            w[i] += own
        along = 0.0
        for i in range(k + 1, n):
            w[i] *= 2 / square
            along += w[i] * v[i]
        for i in range(k + 1, n):
            w[i] -= along / square * v[i]
        for i in range(k + 1, n):
            for j in range(k + 1, i + 1):
                a[i, j] -= v[i] * w[j] + w[i] * v[j]
    if n > 1:
        diagonal[n - 2], beside[n - 2] = a[n - 2, n - 2], a[n - 1, n - 2]
    diagonal[n - 1], beside[n - 1] = a[n - 1, n - 1], 0.0


@compiled
def largest_size(diagonal: Any, beside: Any, n: int, bound: float) -> float:
    """Find the largest absolute value among the eigenvalues of a tridiagonal matrix.

    Args:
        diagonal: The diagonal.
        beside: What stands beside it.
        n: Rows in use.
        bound: No eigenvalue's size is greater.
    """
    largest = _largest(diagonal, beside, n, bound, 1.0)
    if largest < 0 or _count_above(diagonal, beside, n, largest, -1.0):
        return max(largest, _largest(diagonal, beside, n, bound, -1.0))
    return largest


@compiled
def _largest(diagonal: Any, beside: Any, n: int, bound: float, sign: float) -> float:
    """Find the largest eigenvalue of the matrix times a sign: Laguerre's steps from above, which never pass it."""
    x = bound * (1 + 1e-9) + TINY
    for _ in range(MOST_STEPS):
        # The determinant of x - matrix is a product of pivots, and its logarithm's derivatives are sums over them.
        pivot, slope, bend = 1.0, 0.0, 0.0
        first, second = 0.0, 0.0
        coupling = 0.0
        for i in range(n):
            share = coupling / pivot
            bend = (share * bend - 2 * share * slope * slope / pivot) / pivot
            slope = 1 + share * slope / pivot
            pivot = x - sign * diagonal[i] - share
            if pivot <= 0:
                return x
            coupling = beside[i] * beside[i]
            first += slope / pivot
            second += (slope / pivot) ** 2 - bend / pivot
        inside = (n - 1) * (n * second - first * first)
        step = n / (first + np.sqrt(max(inside, 0.0)))
        x -= step
        if step <= 1e-13 * bound:
            break
    return x


@compiled
def _count_above(diagonal: Any, beside: Any, n: int, x: float, sign: float) -> int:
    """Count the eigenvalues of the matrix times a sign that are greater than x, by the signs of pivots."""
    count, pivot, coupling = 0, 1.0, 0.0
    for i in range(n):
        pivot = sign * diagonal[i] - x - coupling / pivot
        if pivot == 0:
            pivot = TINY
        if pivot > 0:
            count += 1
        coupling = beside[i] * beside[i]
    return count
