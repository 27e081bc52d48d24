"""Riesz transforms (AYRS): derivatives of a filter's response whose strength does not depend on the frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import SettingsError
from ...grid import FloatArray


def check_orders(orders: Sequence[int]) -> None:
    """Refuse orders that make no transform; none is fine.

    Raises:
        SettingsError: They are not two or three whole numbers from 0 with a sum of at least 1.
    """
    whole = all(isinstance(order, int) and order >= 0 for order in orders)
    if orders and not (whole and len(orders) in (2, 3) and sum(orders) > 0):
        raise SettingsError(
            f"The orders of the Riesz transform are {', '.join(map(str, orders))}. Give two (2D) or three (3D) whole "
            "numbers from 0 along i, j, k, not all 0."
        )


def riesz_transfer(frequencies: Sequence[FloatArray], orders: Sequence[int]) -> npt.NDArray[np.complex128]:
    """Make the transfer function of a transform.

    Args:
        frequencies: Angular frequencies along the axes of the array (k, j, i or j, i), shaped to broadcast.
        orders: Along i, j, k.

    Returns:
        (-1j)^l sqrt(l! / (l1! l2! l3!)) w1^l1 w2^l2 w3^l3 / |w|^l with l the sum of the orders; 0 at frequency 0.

    Raises:
        SettingsError: There is not one order for each axis.
    """
    if len(orders) != len(frequencies):
        raise SettingsError(
            f"The Riesz transform has {len(orders)} orders; texture is {len(frequencies)}D. Give one for each axis."
        )
    total = sum(orders)
    product = np.ones(1, dtype=np.complex128)
    for frequency, order in zip(reversed(frequencies), orders, strict=True):
        product = product * frequency**order
    radius = np.sqrt(sum(each**2 for each in frequencies))
    factor = math.sqrt(math.factorial(total) / math.prod(map(math.factorial, orders)))
    with np.errstate(divide="ignore", invalid="ignore"):
        transfer = (-1j) ** total * factor * product / radius**total
    transfer[radius == 0] = 0
    return transfer
