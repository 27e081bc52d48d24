"""Recursive filters along the lines of an image, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...grid import Array, FloatArray
from .compiling import compiled as _compile


@_compile
def filter_lines(lines: Array, ahead: FloatArray, back: FloatArray, feedback: FloatArray) -> Any:
    """Add the answers of two recursive filters of fourth order, one from either end of each line.

    Beyond its ends a line goes on with its last value.

    Args:
        lines: One in each row; (lines, n).
        ahead: Weights of a voxel and of the three before it, from the first end; (4,).
        back: Weights of the four voxels behind a voxel, from the other end; (4,).
        feedback: Weights of the four answers before, for both; (4,).

    Returns:
        float32 (lines, n); the sums are in double precision.
    """
    count, n = lines.shape
    a0, a1, a2, a3 = ahead[0], ahead[1], ahead[2], ahead[3]
    b1, b2, b3, b4 = back[0], back[1], back[2], back[3]
    d1, d2, d3, d4 = feedback[0], feedback[1], feedback[2], feedback[3]
    steady = 1 + d1 + d2 + d3 + d4
    first_answer, last_answer = (a0 + a1 + a2 + a3) / steady, (b1 + b2 + b3 + b4) / steady
    filtered = np.empty((count, n), np.float32)
    forward = np.empty(n)
    for number in range(count):
        line, out = lines[number], filtered[number]
        x1 = x2 = x3 = np.float64(line[0])
        y1 = y2 = y3 = y4 = x1 * first_answer
        for place in range(n):
            x = np.float64(line[place])
            # The answer that was found last is taken last: all else need not wait for it.
            y = (x * a0 + x1 * a1 + x2 * a2 + x3 * a3) - y4 * d4 - y3 * d3 - y2 * d2 - y1 * d1
            forward[place] = y
            x1, x2, x3 = x, x1, x2
            y1, y2, y3, y4 = y, y1, y2, y3
        x1 = x2 = x3 = x4 = np.float64(line[n - 1])
        y1 = y2 = y3 = y4 = x1 * last_answer
        for place in range(n - 1, -1, -1):
            y = (x1 * b1 + x2 * b2 + x3 * b3 + x4 * b4) - y4 * d4 - y3 * d3 - y2 * d2 - y1 * d1
            out[place] = forward[place] + y
            x1, x2, x3, x4 = np.float64(line[place]), x1, x2, x3
            y1, y2, y3, y4 = y, y1, y2, y3
    return filtered
