"""How often 95% intervals hold the true value: correlation, concordance, area under the curve.

    python -m benchmarks.intervals            # the tables of docs/intervals.md
    python -m benchmarks.intervals --quick    # a fifth of the repetitions

Clustered: four lesions a patient, of which half the variance is the patient's. Skewed: lognormal values whose
logarithms have a standard deviation of 0.5. The true values are those of the distribution that is drawn from.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from SuperResRadiomicsLib.stability import concordance_interval, intraclass_correlation
from SuperResRadiomicsLib.stability.discrimination import area_under_curve_interval

FloatArray = npt.NDArray[np.float64]
Interval = tuple[float, float]
PATIENTS = (5, 6, 8, 12, 20, 50)
LESIONS = 4
REPETITIONS, SEED = 400, 11
SKEWNESS = 0.5
RATERS = 4


def lesion_levels(random: np.random.Generator, patients: int, lesions: int) -> tuple[FloatArray, FloatArray]:
    """True levels of variance 1 (lesion,), half of it between patients where they have several; and their patients."""
    owner = np.repeat(np.arange(patients), lesions)
    if lesions == 1:
        return random.normal(size=patients), owner
    return np.sqrt(0.5) * (random.normal(size=patients)[owner] + random.normal(size=owner.size)), owner


def concordance_case(random: np.random.Generator, patients: int, kind: str, error: float) -> tuple[Interval, float]:
    """Two measurements; the second has a shift, less contrast, and an error."""
    shift, slope = 0.1, 0.9
    levels, owner = lesion_levels(random, patients, LESIONS if kind == "clustered" else 1)
    first, second = levels, slope * levels + shift + error * random.normal(size=levels.size)
    variances, covariance = (1.0, slope**2 + error**2), slope
    true = 2 * covariance / (sum(variances) + shift**2)
    if kind == "skewed":
        first, second = np.exp(SKEWNESS * first), np.exp(SKEWNESS * second)
        true = _lognormal_concordance(SKEWNESS * shift, variances, covariance)
    return concordance_interval(first, second, patients=owner), true


def _lognormal_concordance(shift: float, variances: tuple[float, float], covariance: float) -> float:
    scaled = [SKEWNESS**2 * variance for variance in variances]
    means = [np.exp(scaled[0] / 2), np.exp(shift + scaled[1] / 2)]
    spread = sum(mean**2 * np.expm1(variance) for mean, variance in zip(means, scaled, strict=True))
    return float(2 * means[0] * means[1] * np.expm1(SKEWNESS**2 * covariance) / (spread + (means[0] - means[1]) ** 2))


def correlation_case(random: np.random.Generator, patients: int, kind: str, error: float) -> tuple[Interval, float]:
    """Four measurements of each lesion that differ by chance alone."""
    levels, owner = lesion_levels(random, patients, LESIONS if kind == "clustered" else 1)
    table = levels[:, None] + error * random.normal(size=(levels.size, RATERS))
    true = 1 / (1 + error**2)
    if kind == "skewed":
        table = np.exp(SKEWNESS * table)
        true = float(np.expm1(SKEWNESS**2) / np.expm1(SKEWNESS**2 * (1 + error**2)))
    found = intraclass_correlation(table, "ICC(1,1)", patients=owner)
    return (float(found.low), float(found.high)), true


def area_case(random: np.random.Generator, patients: int, kind: str, true: float) -> tuple[Interval, float]:
    """A third of the patients have the outcome; a clustered score is the mean over a patient's lesions."""
    outcome = np.arange(patients) < max(round(patients / 3), 2)
    score = random.normal(size=patients) + np.sqrt(2) * stats.norm.ppf(true) * outcome
    if kind == "skewed":
        score = np.exp(score)
    return area_under_curve_interval(score, outcome), true


CASES: dict[str, tuple[Callable[..., tuple[Interval, float]], tuple[float, ...], tuple[str, ...]]] = {
    "concordance": (concordance_case, (0.2, 0.5), ("normal", "skewed", "clustered")),
    "ICC(1,1)": (correlation_case, (0.3, 0.8), ("normal", "skewed", "clustered")),
    "area under the curve": (area_case, (0.6, 0.85), ("normal", "skewed")),
}


def coverage(statistic: str, kind: str, patients: int, parameter: float, repetitions: int) -> tuple[float, float]:
    """Share of intervals that hold the true value, of those that were given; and the share that was given."""
    case = CASES[statistic][0]
    random = np.random.default_rng((SEED, patients, *kind.encode()))
    held = []
    for _ in range(repetitions):
        (low, high), true = case(random, patients, kind, parameter)
        held.append(float(low <= true <= high) if np.isfinite(low) else np.nan)
    found = np.array(held)
    given = np.isfinite(found)
    return (float(found[given].mean()) if given.any() else float("nan")), float(given.mean())


def table(repetitions: int) -> Iterator[str]:
    yield "| statistic | data | parameter | " + " | ".join(f"n = {n}" for n in PATIENTS) + " |"
    yield "|---" * (len(PATIENTS) + 3) + "|"
    for statistic, (_, parameters, kinds) in CASES.items():
        for kind in kinds:
            for parameter in parameters:
                cells = []
                for patients in PATIENTS:
                    share, given = coverage(statistic, kind, patients, parameter, repetitions)
                    cells.append(
                        "none" if given < 0.5 else f"{share:.1%}" + (f" of {given:.0%}" if given < 0.995 else "")
                    )
                yield f"| {statistic} | {kind} | {parameter:g} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the repetitions")
    repetitions = REPETITIONS // 5 if parser.parse_args().quick else REPETITIONS
    for line in table(repetitions):
        print(line, flush=True)


if __name__ == "__main__":
    main()
