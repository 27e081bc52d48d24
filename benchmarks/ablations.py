"""Short trainings that each change one thing, and what the change does to features: why targets are missed.

    python -m benchmarks.ablations --out RUNS                # all of Resources/training/ablations, about 90 minutes
    python -m benchmarks.ablations --out RUNS --only plain-scans large-patches

Each goes on from the shipped sampler for 1,000 steps (one begins with the fidelity model). Twelve sarcomas of test
patients, 2D, bin width 25 HU, blur and noise told, features over 8 samples: median nRMSE and the share of features
whose CCC is 0.85 or more. Last, streaks laid on them: which share of the fidelity model's false lines a sample shows,
and where at these the samples' 90% interval of the line holds the true one. The shipped model stands first, with other
numbers of samples; three seeds show how far runs scatter. Nothing is chosen by these figures. A run that was stopped
goes on. Needs the extra train, and the data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from SuperResRadiomicsLib.enhancement import LoadedModel, load_model
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.export import export_run
from SuperResRadiomicsLib.training.lesion_features import restore
from SuperResRadiomicsLib.training.lesion_features.agreement import Cohort, figures
from SuperResRadiomicsLib.training.lesion_features.conditions import CT_CONDITIONS
from SuperResRadiomicsLib.training.lesion_features.lesions import load_lesions
from SuperResRadiomicsLib.training.lesion_features.measure import Store, feature_names
from SuperResRadiomicsLib.training.lesion_features.measured import MeasuredLesion
from SuperResRadiomicsLib.training.looks.streaks import judge_streaks
from SuperResRadiomicsLib.training.trainer import Trainer

SETTINGS = Path(__file__).resolve().parents[1] / "Resources" / "training"
SHIPPED, FIDELITY = "ct-gancircle-x2-radiomics", "ct-gancircle-x2-fidelity"
CONDITIONS = CT_CONDITIONS[:4]
"""Those that have targets."""
WIDTH_25 = 0
"""Where 2D with a bin width of 25 HU stands among the ways to measure."""
SAMPLES, OTHER_SAMPLES, FACTOR = 8, (2, 24), 2


def main() -> None:
    """Train and measure what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs, their models and measured values")
    known = sorted(path.stem for path in (SETTINGS / "ablations").glob("*.yaml"))
    parser.add_argument("--only", nargs="+", choices=known, default=known, help="these alone")
    arguments = parser.parse_args()
    lesions = test_sarcomas(Store(arguments.out / "measured"))
    print(f"| run | {' | '.join(condition.name for condition in CONDITIONS)} | streaks: shown, interval holds |")
    print(f"|---|{'---|' * (len(CONDITIONS) + 1)}", flush=True)
    shipped = load_model(SHIPPED)
    print_row("shipped", shipped, SAMPLES, lesions)
    for samples in OTHER_SAMPLES:
        print_row(f"shipped, {samples} samples", shipped, samples, lesions)
    for name in arguments.only:
        print_row(name, trained(name, arguments.out), SAMPLES, lesions)


def trained(name: str, out: Path) -> LoadedModel:
    """Train an ablation, or take the one that was trained."""
    config = read_config(SETTINGS / "ablations" / f"{name}.yaml")
    if not (out / "models" / name / "weights.safetensors").is_file():
        Trainer(config, out / name).run()
        export_run(out / name, config, out / "models")
    return load_model(str(out / "models" / name))


def test_sarcomas(store: Store) -> list[MeasuredLesion]:
    """Load the test patients' sarcomas as the shipped model's card has them."""
    config = read_config(SETTINGS / f"{SHIPPED}.yaml")
    lesions = load_lesions(config.data, config.evaluation.feature_sets["sarcomas"], ("test",))
    return [MeasuredLesion("sarcomas", lesion, FACTOR, config.evaluation_seed, store) for lesion in lesions]


def print_row(name: str, model: LoadedModel, samples: int, lesions: list[MeasuredLesion]) -> None:
    """Measure a model under each condition."""
    cohort = Cohort(feature_names(), np.stack([each.truth[WIDTH_25] for each in lesions]))
    cells = []
    for condition in CONDITIONS:
        method, key = restore.sampler(model, samples), (model.card.sha256, f"{samples} samples")
        values = np.stack([each.samples(condition, method, *key).features.mean(axis=0)[WIDTH_25] for each in lesions])
        found = figures(cohort, values)
        cells.append(f"{found['median_nrmse']:.2f} / {found['share_ccc_085']:.0%}")
    print(f"| {name} | {' | '.join(cells)} | {streaks(model, samples, lesions)} |", flush=True)


def streaks(model: LoadedModel, samples: int, lesions: list[MeasuredLesion]) -> str:
    """Say how far the samples take streaks for lines of the lesion."""
    methods = {"bicubic": restore.bicubic, FIDELITY: restore.network(load_model(FIDELITY))}
    methods["samples"] = restore.sampler(model, samples)
    found = judge_streaks([each.lesion for each in lesions], methods, "samples", "mean", lesions[0].seed, FACTOR)
    of_samples = found["methods"]["samples"]
    return f"{of_samples['shown_by_samples']:.0%}, {of_samples['interval_holds_at_sites']:.0%}"


if __name__ == "__main__":
    main()
