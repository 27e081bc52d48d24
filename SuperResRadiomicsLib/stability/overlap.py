"""How far two outlines of one lesion cover each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError


def dice(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """Compute Dice's coefficient: 2 |A and B| / (|A| + |B|) (Dice 1945, doi:10.2307/1932409).

    Args:
        first: Boolean mask.
        second: The same shape.

    Returns:
        1 for equal masks, 0 for separate ones; NaN where both are empty.

    Raises:
        SettingsError: Different shapes.

    Examples:
        >>> round(float(dice(np.array([True, True, False]), np.array([True, False, False]))), 3)
        0.667
    """
    if first.shape != second.shape:
        raise SettingsError(f"The masks have the shapes {first.shape} and {second.shape}. Give both on one grid.")
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / total if total else float("nan")
