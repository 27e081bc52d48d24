"""How far the figures of samples scatter with the seed of what is drawn, and with their number.

    python -m benchmarks.sample_seeds --out MEASURED               # the shipped model, about 8 minutes
    python -m benchmarks.sample_seeds --out MEASURED --model FOLDER --samples 8 24 --seeds 5

All lesions share the latents of a sample, so that the luck of the draw does not average out over patients. Twelve
sarcomas of test patients, 2D, bin width 25 HU, blur and noise told: median nRMSE and the share of features whose CCC
is 0.85 or more, for each seed, and their mean. Nothing is chosen by these figures. Needs the extra train, and the data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.ablations import CONDITIONS, SHIPPED, WIDTH_25, test_sarcomas
from SuperResRadiomicsLib.enhancement import LoadedModel, load_model
from SuperResRadiomicsLib.training.lesion_features import restore
from SuperResRadiomicsLib.training.lesion_features.agreement import Cohort, figures
from SuperResRadiomicsLib.training.lesion_features.measure import Store, feature_names
from SuperResRadiomicsLib.training.lesion_features.measured import MeasuredLesion

Figures = list[tuple[float, float]]
"""Of each condition median nRMSE and share of features with CCC >= 0.85."""


def main() -> None:
    """Measure, and print a line for each seed and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of measured values")
    parser.add_argument("--model", default=SHIPPED, help="name or folder of a model that draws samples")
    parser.add_argument("--samples", type=int, nargs="+", default=[8])
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    arguments = parser.parse_args()
    model, lesions = load_model(arguments.model), test_sarcomas(Store(arguments.out))
    print(f"| samples, seed | {' | '.join(condition.name for condition in CONDITIONS)} |")
    print(f"|---|{'---|' * len(CONDITIONS)}", flush=True)
    for samples in arguments.samples:
        found = []
        for seed in range(arguments.seeds):
            found.append(measure(model, samples, seed, lesions))
            print_row(f"{samples}, {seed}", found[-1])
        print_row(f"{samples}, mean of {arguments.seeds} seeds", mean_of(found))


def measure(model: LoadedModel, samples: int, seed: int, lesions: list[MeasuredLesion]) -> Figures:
    """Measure one draw under each condition."""
    cohort = Cohort(feature_names(), np.stack([each.truth[WIDTH_25] for each in lesions]))
    method, key = restore.sampler(model, samples, seed), (model.card.sha256, f"{samples} samples", f"seed {seed}")
    found = []
    for condition in CONDITIONS:
        values = np.stack([each.samples(condition, method, *key).features.mean(axis=0)[WIDTH_25] for each in lesions])
        agreement = figures(cohort, values)
        found.append((float(agreement["median_nrmse"]), float(agreement["share_ccc_085"])))
    return found


def mean_of(found: list[Figures]) -> Figures:
    """Average the figures of several seeds."""
    means = np.mean(np.array(found), axis=0)
    return [(float(error), float(share)) for error, share in means]


def print_row(name: str, found: Figures) -> None:
    """Print a line of the table."""
    print(f"| {name} | {' | '.join(f'{error:.2f} / {share:.0%}' for error, share in found)} |", flush=True)


if __name__ == "__main__":
    main()
