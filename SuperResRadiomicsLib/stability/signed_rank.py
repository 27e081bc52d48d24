"""Wilcoxon's signed-rank test with its limits, from the means of all pairs of differences.

The number of Walsh averages (d_i + d_j) / 2, i <= j, above a value is the test's statistic for that value, so that
test and limits always agree (Hollander, Wolfe & Chicken 2014, sections 3.1 to 3.3). Equal pairs count for neither side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid.types import FloatArray


@dataclass(frozen=True)
class SignedRank:
    """Differences of pairs, summed up.

    Attributes:
        averages: The sorted Walsh averages.
        pairs: How many differences.
        p: Two-sided p-value of "the differences are symmetric about 0".
    """

    averages: FloatArray
    pairs: int
    p: float

    @property
    def centre(self) -> float:
        """The pseudomedian (Hodges & Lehmann 1963)."""
        return float(np.median(self.averages))

    def limits(self, confidence: float = 0.95) -> tuple[float, float]:
        """Compute confidence limits of the pseudomedian; infinite where so few pairs cannot give that confidence."""
        left_out = int(np.searchsorted(_cumulative(self.pairs), (1 - confidence) / 2, side="right"))
        if left_out == 0:
            return -np.inf, np.inf
        return float(self.averages[left_out - 1]), float(self.averages[-left_out])


def signed_rank(differences: npt.ArrayLike) -> SignedRank:
    """Test whether differences of pairs are symmetric about zero, exactly.

    Args:
        differences: (pairs,), finite, in any unit; at least one.

    Raises:
        SettingsError: Not a row of finite numbers.

    Examples:
        >>> signed_rank([0.5, 0.8, 1.1, 0.2, 0.9, 0.4]).p
        0.03125
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise SettingsError(f"Differences must be one row of finite numbers; given is the shape {values.shape}.")
    first, second = np.triu_indices(values.size)
    averages = np.sort((values[first] + values[second]) / 2)
    most = max(int((averages > 0).sum()), int((averages < 0).sum()))
    # A statistic of `most` or more is as likely as one of (all - most) or less.
    p = min(2 * float(_cumulative(values.size)[averages.size - most]), 1.0)
    return SignedRank(averages, values.size, p)


@lru_cache(maxsize=64)
def _cumulative(pairs: int) -> FloatArray:
    """P(statistic <= w) for w = 0, 1, ..., pairs (pairs + 1) / 2."""
    chances = np.ones(1)
    for rank in range(1, pairs + 1):
        longer = np.zeros(chances.size + rank)
        longer[: chances.size] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return np.cumsum(chances)
