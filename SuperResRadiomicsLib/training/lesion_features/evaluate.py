"""A model and its rivals, judged by the features of lesions that nobody was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...enhancement import LoadedModel
from ...errors import SettingsError
from ...radiomics.conditions import SETTINGS
from ..config import FeatureSetConfig, TrainingConfig
from . import restore
from .agreement import Cohort, figures, share_difference, wins
from .conditions import CONDITIONS, ScanCondition
from .intervals import coverage, image_coverage
from .lesions import load_lesions
from .measure import MEASURES, Measures, Store, feature_names, settings
from .measured import MeasuredLesion, Samples
from .null_model import NullModel, fit_null_model
from .rivals import UNTOUCHED, rivals_of
from .wiener import measure_power

Values = npt.NDArray[np.float64]
Report = Callable[[str], None]
MODEL, MEAN_IMAGE = "model", "model, features of the mean image"


@dataclass(frozen=True)
class _Bench:
    """What an evaluation needs everywhere."""

    model: LoadedModel
    rivals: Sequence[LoadedModel]
    modality: str
    samples: int
    seed: int
    store: Store
    report: Report

    @property
    def factor(self) -> int:
        return self.model.card.scale

    @property
    def measures(self) -> Measures:
        return MEASURES[self.modality]


def evaluate_features(
    model: LoadedModel,
    config: TrainingConfig,
    load: Callable[[str], LoadedModel],
    role: str = "test",
    conditions: Sequence[str] = (),
    store: Path | None = None,
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Compare the features of test lesions under a model and its rivals with the true ones.

    Fitted on training patients: the null model's noise, the linear correction, the Wiener filter's prior.
    Intervals are calibrated crosswise over validation and test patients.

    Args:
        model: The model, loaded.
        config: Says which lesions, which rivals, how many samples; its evaluation seed fixes all noise.
        load: Loads a rival by name.
        role: Whose lesions are judged, ``test`` or ``validation``; only the validation patients may choose anything.
        conditions: Names of the scan conditions; all without.
        store: Folder of measured values, so that an evaluation can stop and go on.
        report: Called with a line of text for each set and condition.

    Returns:
        JSON-ready figures by set of lesions, condition, and way to measure (2D, 3D, bins), with what they hold for.

    Raises:
        SettingsError: The configuration names no lesions, the model is of another kind, or a condition is
            not known.
    """
    if role not in ("test", "validation"):
        raise SettingsError(f"The role is '{role}'. Choose test or validation.")
    if not config.evaluation.feature_sets:
        raise SettingsError(f"The configuration '{config.name}' names no evaluation.feature_sets to compare.")
    modality, factor = config.data.modality, model.card.scale
    chosen = _chosen(modality, factor, conditions)
    bench = _Bench(
        model,
        [load(name) for name in config.evaluation.feature_rivals if name != model.card.name],
        modality,
        config.evaluation.samples,
        config.evaluation_seed,
        Store(store),
        report,
    )
    return {
        "model": model.card.name,
        "weights": model.card.sha256,
        "role": role,
        "modality": modality,
        "baseline": UNTOUCHED[factor],
        "settings": {name: value for name, value in settings().describe().items() if name in SETTINGS},
        "measures": {
            name: {"dimension": dimension, "bin_width": bins.width, "bin_count": bins.count}
            for name, (dimension, bins) in bench.measures.items()
        },
        "samples": bench.samples if model.draws_samples else 1,
        "seed": bench.seed,
        "conditions": {condition.name: condition.describe() for condition in chosen},
        "sets": {
            name: _evaluate_set(bench, name, lesions, config, role, chosen)
            for name, lesions in config.evaluation.feature_sets.items()
        },
    }


def _chosen(modality: str, factor: int, names: Sequence[str]) -> list[ScanCondition]:
    if (modality, factor) not in CONDITIONS:
        raise SettingsError(
            f"Features of lesions are compared for CT and MR models of scale 2 and for MR denoising, not for "
            f"{modality} of scale {factor}."
        )
    known = {condition.name: condition for condition in CONDITIONS[modality, factor]}
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"There is no scan condition '{unknown[0]}'. Choose from: {', '.join(known)}.")
    return [known[name] for name in names] if names else list(known.values())


def _evaluate_set(
    bench: _Bench,
    name: str,
    chosen: FeatureSetConfig,
    config: TrainingConfig,
    judged: str,
    conditions: Sequence[ScanCondition],
) -> dict[str, Any]:
    lesions: dict[str, list[MeasuredLesion]] = {}
    patients: dict[str, list[str]] = {}
    every: list[MeasuredLesion] = []
    for role in dict.fromkeys(("train", "validation", judged)):
        loaded = load_lesions(config.data, chosen, (role,))
        lesions[role] = [MeasuredLesion(name, each, bench.factor, bench.seed, bench.store) for each in loaded]
        patients[role] = list(dict.fromkeys(each.patient for each in loaded))
        every += lesions[role]
    result: dict[str, Any] = {
        "patients": patients,
        "lesions": {role: len(known) for role, known in lesions.items()},
        "spacing_mm": _coarse_spacing(every, bench.factor),
    }
    for condition in conditions:
        result[condition.name] = _under(condition, lesions, judged, bench)
        bench.report(f"{name}, {condition.name}: done")
    return result


def _coarse_spacing(lesions: Sequence[MeasuredLesion], factor: int) -> list[float]:
    """Least and largest in-plane pixel that methods were given, in mm."""
    sides = [factor * side for each in lesions for side in each.lesion.spacing[:2]]
    return [min(sides), max(sides)]


def _under(
    condition: ScanCondition, lesions: Mapping[str, list[MeasuredLesion]], judged: str, bench: _Bench
) -> dict[str, Any]:
    """Figures of all methods under one condition, by way to measure."""
    train, test = lesions["train"], lesions[judged]
    fitted = _fit_null_model(condition, train)
    prior = measure_power([image for each in train for image in each.lesion.truth])
    rivals = rivals_of(condition, bench.factor, fitted, prior, bench.rivals)
    tables = {}
    for name, (method, key) in rivals.items():
        tables[name] = np.stack([each.features(condition, method, *key) for each in test])
    if bench.model.draws_samples:
        drawn = [_draw(each, condition, bench) for each in test]
        tables[MODEL] = np.stack([each.features.mean(axis=0) for each in drawn])
        tables[MEAN_IMAGE] = np.stack([each.of_mean_image for each in drawn])
    else:
        own, weights = restore.network(bench.model), bench.model.card.sha256
        tables[MODEL] = np.stack([each.features(condition, own, weights, "told all") for each in test])
    untouched = UNTOUCHED[bench.factor]
    tables[f"{untouched} + linear correction"] = _corrected(condition, train, tables[untouched])
    result: dict[str, Any] = {"null_model": {"constant": fitted.constant, "slope": fitted.slope}}
    for number, variant in enumerate(bench.measures):
        cohort = _cohort(test, number, bench)
        result[variant] = _compare(cohort, {name: table[:, number] for name, table in tables.items()})
    if bench.model.draws_samples:
        others: list[MeasuredLesion] = []
        for role, known in lesions.items():
            if role != "train":
                others += known
        result |= _intervals(condition, others, bench)
    return result


def _cohort(lesions: Sequence[MeasuredLesion], number: int, bench: _Bench) -> Cohort:
    """Collect the truth of lesions under one way to measure."""
    truth = np.stack([each.truth[number] for each in lesions])
    return Cohort(feature_names(), truth, bench.seed, tuple(each.lesion.patient for each in lesions))


def _draw(lesion: MeasuredLesion, condition: ScanCondition, bench: _Bench) -> Samples:
    method = restore.sampler(bench.model, bench.samples)
    return lesion.samples(condition, method, bench.model.card.sha256, f"{bench.samples} samples")


def _compare(cohort: Cohort, tables: Mapping[str, Values]) -> dict[str, Any]:
    own = tables[MODEL]
    others = {name: table for name, table in tables.items() if name not in (MODEL, MEAN_IMAGE)}
    return {
        "methods": {name: figures(cohort, table) for name, table in tables.items()},
        "against": {
            name: {**share_difference(cohort, own, table), "classes": wins(cohort, own, table)}
            for name, table in others.items()
        },
    }


def _fit_null_model(condition: ScanCondition, train: Sequence[MeasuredLesion]) -> NullModel:
    estimates, errors = [], []
    for each in train:
        scan = each.scan(condition)
        estimates.append(scan.coarse_noise)
        errors.append(scan.bicubic_error)
    return fit_null_model(estimates, errors)


def _corrected(condition: ScanCondition, train: Sequence[MeasuredLesion], untouched: Values) -> Values:
    """Each feature of the untouched image, put right by a straight line fitted on training patients."""
    truth = np.stack([each.truth for each in train])
    given = np.stack([each.features(condition, restore.bicubic, "bicubic") for each in train])
    centre, target = given.mean(axis=0), truth.mean(axis=0)
    variance = ((given - centre) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(variance > 0, ((given - centre) * (truth - target)).sum(axis=0) / variance, 0.0)
    return np.asarray(target + slope * (untouched - centre))


def _intervals(condition: ScanCondition, lesions: Sequence[MeasuredLesion], bench: _Bench) -> dict[str, Any]:
    """Coverage over validation and test patients: of features by way to measure, and of voxels."""
    drawn = [_draw(each, condition, bench) for each in lesions]
    features = np.stack([each.features for each in drawn], axis=1)
    cohorts = [_cohort(lesions, number, bench) for number in range(len(bench.measures))]
    return {
        "intervals": {
            name: coverage(cohort, features[:, :, number])
            for number, (name, cohort) in enumerate(zip(bench.measures, cohorts, strict=True))
        },
        "voxel_intervals": image_coverage(np.stack([each.voxels for each in drawn]), cohorts[0].owners),
    }
