"""How often `judge_cohort` is wrong where nothing differs, and how often it sees what does.

    python -m benchmarks.cohort_verdicts            # the tables of docs/intervals.md
    python -m benchmarks.cohort_verdicts --quick    # a tenth of the cohorts

Every cohort has 30 features. Where nothing differs, both images' errors come from one distribution ("bias against
noise": two distributions of one mean size). Limits are upper 95% limits of the expected share, over cohorts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from SuperResRadiomicsLib.verdict import judge_cohort

FloatArray = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]
FEATURES, COHORTS, SEED = 30, 100, 7
PATIENTS = (5, 8, 12, 20, 50)
ERROR = 0.5
"""Size of an error beside the spread between patients."""


@dataclass(frozen=True)
class Cohort:
    """True values and both images' errors, each (patients, features)."""

    truth: FloatArray
    bicubic: FloatArray
    enhanced: FloatArray


def normal(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    truth, bicubic, enhanced = random.normal(size=(3, *shape))
    return Cohort(truth, ERROR * bicubic, ERROR * enhanced)


def lognormal(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    """Skewed values, with errors in proportion to them."""
    truth = np.exp(random.normal(size=shape))
    factors = np.exp(ERROR * random.normal(size=(2, *shape)))
    return Cohort(truth, truth * (factors[0] - 1), truth * (factors[1] - 1))


def heavy_tails(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    errors = random.standard_t(3, size=(2, *shape))
    return Cohort(random.normal(size=shape), ERROR * errors[0], ERROR * errors[1])


def clustered(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    """Patients of three kinds, with a level and a size of error of each kind."""
    kinds = random.integers(3, size=shape[0])
    levels = random.normal(size=(3, shape[1]))[kinds]
    sizes = np.exp(random.normal(size=(3, 1)))[kinds]
    errors = random.normal(size=(2, *shape))
    return Cohort(levels + 0.5 * random.normal(size=shape), ERROR * sizes * errors[0], ERROR * sizes * errors[1])


def correlated_features(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    """All features of an image err together."""
    shared, own = random.normal(size=(2, shape[0], 1)), random.normal(size=(2, *shape))
    errors = np.sqrt(0.9) * shared + np.sqrt(0.1) * own
    return Cohort(random.normal(size=shape), ERROR * errors[0], ERROR * errors[1])


def correlated_images(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    """Both images err alike, as a network that starts from bicubic does."""
    shared, own = random.normal(size=shape), random.normal(size=(2, *shape))
    errors = np.sqrt(0.9) * shared + np.sqrt(0.1) * own
    return Cohort(random.normal(size=shape), ERROR * errors[0], ERROR * errors[1])


def bias_against_noise(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    """Bicubic is off by a constant, the network by noise of the same mean size."""
    truth, noise = random.normal(size=(2, *shape))
    return Cohort(truth, np.full(shape, ERROR), ERROR * np.sqrt(np.pi / 2) * noise)


def some_undefined(random: np.random.Generator, shape: tuple[int, int]) -> Cohort:
    cohort = normal(random, shape)
    cohort.enhanced[random.random(shape) < 0.1] = np.nan
    return cohort


SETTINGS = {
    "normal": normal,
    "lognormal": lognormal,
    "heavy tails": heavy_tails,
    "clustered": clustered,
    "correlated features": correlated_features,
    "correlated images": correlated_images,
    "bias against noise": bias_against_noise,
    "a tenth undefined": some_undefined,
}


def shares(setting: str, patients: int, cohorts: int, cut: float = 1.0, part: float = 1.0) -> dict[str, FloatArray]:
    """Share of features called restored and made worse in each cohort.

    Args:
        setting: One of `SETTINGS`.
        patients: In each cohort.
        cohorts: How many.
        cut: What the enhanced image's errors are multiplied by.
        part: In which share of the features; the shares returned are of these.
    """
    random = np.random.default_rng((SEED, patients, *setting.encode()))
    changed = max(round(part * FEATURES), 1)
    found: dict[str, list[float]] = {"restored": [], "made worse": []}
    for _ in range(cohorts):
        cohort = SETTINGS[setting](random, (patients, FEATURES))
        cohort.enhanced[:, :changed] *= cut
        verdicts = judge_cohort(cohort.truth, cohort.truth + cohort.bicubic, cohort.truth + cohort.enhanced)
        for change, values in found.items():
            values.append(float(np.mean([verdict.change == change for verdict in verdicts[:changed]])))
    return {change: np.array(values) for change, values in found.items()}


def upper_limit(values: FloatArray) -> float:
    """Upper one-sided 95% limit of the mean share; with no finding at all, of the chance of a cohort with one."""
    if not values.any():
        return float(1 - 0.05 ** (1 / values.size))
    return float(values.mean() + 1.645 * values.std(ddof=1) / np.sqrt(values.size))


def called_faithful(patients: int, cohorts: int, concordance: float = 0.75) -> FloatArray:
    """Share of features called faithful in each cohort when the true concordance is as given."""
    random = np.random.default_rng((SEED, patients))
    # With equal variances concordance is correlation.
    own, found = np.sqrt(1 - concordance**2), []
    for _ in range(cohorts):
        truth, noise, other = random.normal(size=(3, patients, FEATURES))
        verdicts = judge_cohort(truth, other, concordance * truth + own * noise)
        found.append(float(np.mean(["Faithful: " in " ".join(verdict.reasons) for verdict in verdicts])))
    return np.array(found)


def null_table(cohorts: int) -> Iterator[str]:
    yield "| nothing differs | " + " | ".join(f"n = {n}" for n in PATIENTS) + " |"
    yield "|---" * (len(PATIENTS) + 1) + "|"
    for setting in SETTINGS:
        cells = []
        for patients in PATIENTS:
            found = shares(setting, patients, cohorts)
            cells.append(" / ".join(f"{upper_limit(values):.1%}" for values in found.values()))
        yield f"| {setting} | " + " | ".join(cells) + " |"


def power_table(cohorts: int) -> Iterator[str]:
    yield "| error cut to a fifth | in | " + " | ".join(f"n = {n}" for n in PATIENTS) + " |"
    yield "|---" * (len(PATIENTS) + 2) + "|"
    for setting in ("normal", "lognormal", "clustered", "correlated features", "correlated images"):
        for part in (1.0, 0.5):
            cells = [f"{shares(setting, n, cohorts, 0.2, part)['restored'].mean():.0%}" for n in PATIENTS]
            yield f"| {setting} | {part:.0%} | " + " | ".join(cells) + " |"


def faithful_table(cohorts: int) -> Iterator[str]:
    yield "| true concordance | " + " | ".join(f"n = {n}" for n in PATIENTS) + " |"
    yield "|---" * (len(PATIENTS) + 1) + "|"
    for concordance in (0.75, 0.85, 0.95, 0.99):
        cells = [f"{called_faithful(n, cohorts, concordance).mean():.1%}" for n in PATIENTS]
        yield f"| {concordance:g} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the cohorts")
    cohorts = COHORTS // 10 if parser.parse_args().quick else COHORTS
    for title, table in (
        ("Upper 95% limits of the shares called restored / made worse", null_table(cohorts)),
        ("Share of the changed features that is called restored", power_table(cohorts // 4)),
        ("Share of features called faithful", faithful_table(cohorts // 2)),
    ):
        print(f"\n{title}\n")
        for line in table:
            print(line, flush=True)


if __name__ == "__main__":
    main()
