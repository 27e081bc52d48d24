"""The right-angled turns of an image, over which filters are made invariant to rotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product

import numpy as np

from ...grid import FloatArray


def turned_responses(voxels: FloatArray, respond: Callable[[FloatArray], FloatArray]) -> Iterator[FloatArray]:
    """Filter an image in every right-angled position and turn the responses back.

    Args:
        voxels: Two- or three-dimensional: 4 or 24 positions.
        respond: The filter.

    Yields:
        Responses of the shape of ``voxels``.

    Examples:
        >>> sum(1 for _ in turned_responses(np.zeros((2, 2)), np.abs))
        4
        >>> sum(1 for _ in turned_responses(np.zeros((2, 2, 2)), np.abs))
        24
    """
    dimensions = voxels.ndim
    for order in permutations(range(dimensions)):
        for flips in product((1, -1), repeat=dimensions):
            if _determinant(order, flips) < 0:
                continue
            steps = tuple(slice(None, None, flip) for flip in flips)
            response = respond(np.ascontiguousarray(voxels.transpose(order)[steps]))
            yield response[steps].transpose(np.argsort(order))


def _determinant(order: tuple[int, ...], flips: tuple[int, ...]) -> float:
    """1 for a rotation, -1 for a mirror image."""
    return float(np.linalg.det(np.eye(len(order))[list(order)] * np.array(flips)))


def maximum(responses: Iterator[FloatArray]) -> FloatArray:
    """Take the greatest response at each voxel."""
    pooled = next(responses)
    for response in responses:
        pooled = np.maximum(pooled, response)
    return pooled


def mean(responses: Iterator[FloatArray]) -> FloatArray:
    """Take the mean response at each voxel."""
    total, count = next(responses).copy(), 1
    for response in responses:
        total += response
        count += 1
    averaged: FloatArray = total / count
    return averaged
