"""Agreement statistics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError


def concordance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Lin's concordance correlation coefficient.

    2 cov / (var + var + (difference of means)^2) with population (1/n) moments
    (Lin 1989, doi:10.2307/2532051).

    Args:
        first: Values of n >= 2 subjects.
        second: The other measurement of the same subjects.

    Returns:
        In [-1, 1]; NaN where neither measurement varies.

    Raises:
        SettingsError: Different lengths, or fewer than two subjects.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < 2:
        raise SettingsError(
            f"Agreement needs two rows of equal length with at least two subjects; given were {x.shape} and {y.shape}."
        )
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    scale = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return 2.0 * covariance / scale if scale > 0 else float("nan")
