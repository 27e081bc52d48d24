"""Draws of variances and covariances given normal data: generalised pivotal quantities.

A sum of squares over its degrees of freedom's chi-squared draw is a draw of the variance that may lie behind it; any
function of such draws has an interval from their quantiles, also with few patients (Weerahandi 1993,
doi:10.1080/01621459.1993.10476355; Krishnamoorthy & Xia 2007, doi:10.1016/j.jspi.2006.07.002, for a covariance matrix).
Lesions of one patient are alike: a patient's mean and the lesions about it are drawn apart. Where patients have unequal
numbers of lesions, their means are not weighted (Thomas & Hultquist 1978, doi:10.1214/aos/1176344202).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from ..errors import SettingsError
from ..grid.types import FloatArray, IntArray

DRAWS = 4000
LARGEST_EXPONENT = 50.0
"""Draws of a logarithm's variance above this count as this: so wide a distribution has no correlation left."""
SEED = 20_261
FEWEST_FOR_INTERVAL = 6
"""Patients below which no interval of an agreement is given."""
LARGEST_SPREAD_OF_LOGARITHMS = 0.75
"""Skewed values whose logarithms spread more have no interval on their own scale."""


@dataclass(frozen=True)
class Clusters:
    """Which lesions are of one patient.

    Attributes:
        owner: (lesions,) number of each lesion's patient.
        counts: (patients,) lesions of each.
    """

    owner: IntArray
    counts: IntArray

    @classmethod
    def of(cls, lesions: int, patients: npt.ArrayLike | None = None) -> Clusters:
        """Read the patients' names; without them every lesion has a patient of its own.

        Raises:
            SettingsError: Not one name a lesion.
        """
        names = np.arange(lesions) if patients is None else np.asarray(patients)
        if names.shape != (lesions,):
            raise SettingsError(f"There are {lesions} lesions; the patients have the shape {names.shape}. Name each's.")
        _, owner, counts = np.unique(names, return_inverse=True, return_counts=True)
        return cls(owner.reshape(-1).astype(np.intp), counts.astype(np.intp))

    @property
    def patients(self) -> int:
        """How many patients."""
        return int(self.counts.size)

    @property
    def within(self) -> int:
        """Degrees of freedom of lesions within patients."""
        return int(self.owner.size - self.counts.size)

    @property
    def typical_count(self) -> float:
        """Harmonic mean of the lesions a patient."""
        return float(self.patients / np.sum(1 / self.counts))

    def means(self, values: FloatArray) -> FloatArray:
        """Average over each patient's lesions."""
        return np.asarray(np.bincount(self.owner, values) / self.counts)


@dataclass(frozen=True)
class Pair:
    """Draws of what may lie behind two measurements of one lesion of a random patient; each (draws,).

    Attributes:
        means: Of the first and of the second measurement.
        variances: Likewise.
        covariance: Of the two.
    """

    means: tuple[FloatArray, FloatArray]
    variances: tuple[FloatArray, FloatArray]
    covariance: FloatArray

    def exponential(self) -> Pair:
        """Convert to the pair of the measurements whose logarithms were given, if these are normal."""
        variances = [np.minimum(variance, LARGEST_EXPONENT) for variance in self.variances]
        means = [np.exp(mean + variance / 2) for mean, variance in zip(self.means, variances, strict=True)]
        spreads = [mean**2 * np.expm1(variance) for mean, variance in zip(means, variances, strict=True)]
        shared = np.expm1(np.minimum(self.covariance, LARGEST_EXPONENT))
        return Pair((means[0], means[1]), (spreads[0], spreads[1]), means[0] * means[1] * shared)


def draw_variance(
    values: FloatArray, clusters: Clusters, stream: int = 0, draws: int = DRAWS
) -> tuple[FloatArray, FloatArray]:
    """Draw two variances from the values (lesions,): of one lesion of a random patient, and of a patient's mean.

    The same stream gives the same draws, so that a table repeats to the bit.
    """
    means = clusters.means(values)
    of_means = np.square(means - means.mean()).sum() / _chi_squared(clusters.patients - 1, stream, draws)
    if not clusters.within:
        return of_means, of_means
    rest = np.square(values - means[clusters.owner]).sum() / _chi_squared(clusters.within, stream + 100, draws)
    return of_means + rest * (1 - 1 / clusters.typical_count), of_means


def draw_pair(first: FloatArray, second: FloatArray, clusters: Clusters, draws: int = DRAWS) -> Pair:
    """Draw means, variances and covariance of two measurements of the same lesions (at least four patients).

    Sum and difference are drawn independently of each other, which they are where both measurements vary alike; drawing
    the covariance matrix as a whole covers too seldom with few patients.
    """
    rows = first + second, first - second
    drawn = [draw_variance(row, clusters, stream, draws) for stream, row in enumerate(rows)]
    variances = [of_lesion for of_lesion, _ in drawn]
    means = [clusters.means(row) for row in rows]
    centres = [means[n].mean() + _normal(n, draws) * np.sqrt(drawn[n][1] / clusters.patients) for n in range(2)]
    mixed = _draw_correlation(means[0], means[1], draws) * np.sqrt(variances[0] * variances[1])
    total = variances[0] + variances[1]
    return Pair(
        ((centres[0] + centres[1]) / 2, (centres[0] - centres[1]) / 2),
        ((total + 2 * mixed) / 4, (total - 2 * mixed) / 4),
        (variances[0] - variances[1]) / 4,
    )


def draw_scaled(squares: float, freedom: int, stream: int, draws: int = DRAWS) -> FloatArray:
    """Draw the variance behind a sum of squares with so many degrees of freedom, (draws,)."""
    return np.asarray(squares / _chi_squared(freedom, stream, draws))


def lognormal_chance(tables: Sequence[FloatArray]) -> float:
    """Compute how likely a lognormal distribution of the rows is beside a normal one, in [0, 1].

    Args:
        tables: Rows of values of the same lesions, which count once; 0 where a value is not positive.
    """
    gains = []
    for values in tables:
        if not (values > 0).all():
            return 0.0
        logarithms = np.log(values)
        if values.std() > 0 and logarithms.std() > 0:
            gains.append(values.size * float(np.log(values.std() / logarithms.std())) - float(logarithms.sum()))
    return float(special.expit(np.mean(gains))) if gains else 0.0


def quantile_limits(found: FloatArray, confidence: float) -> tuple[float, float]:
    """Take both limits from the quantiles of draws; NaN where a draw is not defined."""
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _draw_correlation(first: FloatArray, second: FloatArray, draws: int) -> FloatArray:
    """Draw a correlation from Fisher's z; none where one row does not vary."""
    if first.std() == 0 or second.std() == 0:
        return np.zeros(draws)
    value = np.clip(np.corrcoef(first, second)[0, 1], -1 + 1e-12, 1 - 1e-12)
    return np.asarray(np.tanh(np.arctanh(value) + _normal(2, draws) / np.sqrt(max(first.size - 3, 1))))


@lru_cache(maxsize=256)
def _chi_squared(freedom: int, stream: int, draws: int) -> FloatArray:
    return np.random.default_rng((SEED, stream, freedom)).chisquare(freedom, draws)


@lru_cache(maxsize=64)
def _normal(stream: int, draws: int) -> FloatArray:
    return np.random.default_rng((SEED, 1000 + stream)).standard_normal(draws)
