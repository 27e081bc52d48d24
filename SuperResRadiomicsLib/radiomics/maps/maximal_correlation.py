"""The maximal correlation coefficient of sparse co-occurrence matrices; definition in `exact.correlation`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exact.compiling import compiled
from .eigenvalues import largest_size, tridiagonalise


@compiled
def second_singular_value(
    counts: Any, rows: Any, columns: Any, n: int, symmetrical: bool, px: Any, py: Any, b: Any, space: Any, parent: Any
) -> float:
    """Find the second largest singular value of B(i, j) = p(i, j) / sqrt(px(i) py(j)); the largest is 1.

    Rows and columns are the two sides of a graph whose edges are the entries. Each part of it that hangs together
    brings a singular value of 1, so that a third of the matrices of a small neighbourhood need no arithmetic.

    Args:
        counts: A multiple of the matrix p.
        rows: Row of each entry that is not zero.
        columns: Its column.
        n: Rows in use.
        symmetrical: Entries off the diagonal stand for their mirror image too, which is not listed.
        px: Sums of the rows of p.
        py: Sums of its columns.
        b: Space for a matrix of (n, n).
        space: Space for six rows of (n,).
        parent: Space for (2 n,) integers.

    Returns:
        In [0, 1]; 0 where only one level is left.
    """
    if _parts(rows, columns, n, symmetrical, parent) > 1:
        return 1.0
    root_x, root_y = space[0], space[1]
    used, total = 0, 0.0
    for level in range(n):
        if px[level] or py[level]:
            parent[level] = used
            root_x[used], root_y[used] = np.sqrt(px[level]), np.sqrt(py[level])
            used += 1
    if used < 2:
        return 0.0
    # The singular vectors of 1 are the roots of the margins: without them the largest is the one sought.
    for i in range(used):
        for j in range(used):
            b[i, j] = -root_x[i] * root_y[j]
    for entry in range(rows.size):
        i, j = rows[entry], columns[entry]
        total += 2 * counts[i, j] if symmetrical and i != j else counts[i, j]
    for entry in range(rows.size):
        i, j = parent[rows[entry]], parent[columns[entry]]
        share = counts[rows[entry], columns[entry]] / (total * root_x[i] * root_y[j])
        b[i, j] += share
        if symmetrical and i != j:
            b[j, i] += share
    if not symmetrical:
        return float(np.linalg.svd(b[:used, :used].copy())[1][0])
    tridiagonalise(b, used, space[2], space[3], space[4], space[5])
    return largest_size(space[2], space[3], used, 1.0)


@compiled
def _parts(rows: Any, columns: Any, n: int, symmetrical: bool, parent: Any) -> int:
    """Count the parts of the graph of rows and columns that hang together."""
    parts = 0
    for end in range(2 * n):
        parent[end] = -1
    for entry in range(rows.size):
        parts += _joined(parent, rows[entry], n + columns[entry])
        if symmetrical:
            parts += _joined(parent, columns[entry], n + rows[entry])
    return parts


@compiled
def _joined(parent: Any, first: int, second: int) -> int:
    """Join two ends of an edge; how many parts there are more."""
    more = 0
    for end in (first, second):
        if parent[end] < 0:
            parent[end] = end
            more += 1
    while parent[first] != first:
        parent[first] = parent[parent[first]]
        first = parent[first]
    while parent[second] != second:
        parent[second] = parent[parent[second]]
        second = parent[second]
    if first == second:
        return more
    parent[first] = second
    return more - 1
