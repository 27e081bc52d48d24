"""A model and its rivals, judged by the features of lesions that nobody was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...enhancement import LoadedModel
from ...errors import SettingsError
from ..config import FeatureSetConfig, TrainingConfig
from . import restore
from .agreement import Cohort, figures, share_difference, wins
from .conditions import CT_CONDITIONS, ScanCondition
from .intervals import coverage
from .lesions import Lesion, load_lesions
from .measure import VARIANTS, Ruler, Store, feature_names
from .null_model import NullModel, fit_null_model
from .restore import Method, Scan
from .wiener import measure_power

Values = npt.NDArray[np.float64]
Report = Callable[[str], None]
TRUTH, BICUBIC, LINEAR, MODEL = "truth", "bicubic", "bicubic + linear correction", "model"
MEAN_IMAGE = "model, features of the mean image"


@dataclass(frozen=True)
class _Bench:
    """What an evaluation needs everywhere."""

    model: LoadedModel
    rivals: Sequence[LoadedModel]
    samples: int
    seed: int
    store: Store
    report: Report


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
        JSON-ready figures by set of lesions, condition, and way to measure (2D, 3D, bins).

    Raises:
        SettingsError: The configuration names no lesions, is not for CT at scale 2, or a condition is not known.
    """
    chosen = _chosen(conditions)
    if role not in ("test", "validation"):
        raise SettingsError(f"The role is '{role}'. Choose test or validation.")
    if not config.evaluation.feature_sets:
        raise SettingsError(f"The configuration '{config.name}' names no evaluation.feature_sets to compare.")
    if config.data.modality != "CT" or model.card.scale != restore.FACTOR:
        raise SettingsError("Features of lesions are compared for CT models of scale 2 only.")
    bench = _Bench(
        model,
        [load(name) for name in config.evaluation.feature_rivals if name != model.card.name],
        config.evaluation.samples,
        config.evaluation_seed,
        Store(store),
        report,
    )
    return {
        "model": model.card.name,
        "weights": model.card.sha256,
        "role": role,
        "samples": bench.samples if model.draws_samples else 1,
        "seed": bench.seed,
        "conditions": {condition.name: condition.describe() for condition in chosen},
        "sets": {
            name: _evaluate_set(bench, name, lesions, config, role, chosen)
            for name, lesions in config.evaluation.feature_sets.items()
        },
    }


def _chosen(names: Sequence[str]) -> list[ScanCondition]:
    known = {condition.name: condition for condition in CT_CONDITIONS}
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"There is no scan condition '{unknown[0]}'. Choose from: {', '.join(known)}.")
    return [known[name] for name in names] if names else list(CT_CONDITIONS)


def _evaluate_set(
    bench: _Bench,
    name: str,
    chosen: FeatureSetConfig,
    config: TrainingConfig,
    judged: str,
    conditions: Iterable[ScanCondition],
) -> dict[str, Any]:
    lesions = {
        role: [_Measured(name, lesion, bench) for lesion in load_lesions(config.data, chosen, (role,))]
        for role in dict.fromkeys(("train", "validation", judged))
    }
    result: dict[str, Any] = {
        "patients": {role: [each.lesion.patient for each in known] for role, known in lesions.items()}
    }
    for condition in conditions:
        result[condition.name] = _under(condition, lesions, judged, bench)
        bench.report(f"{name}, {condition.name}: done")
    return result


class _Measured:
    """A lesion with its features, measured when they are asked for."""

    def __init__(self, of_set: str, lesion: Lesion, bench: _Bench) -> None:
        self.of_set = of_set
        self.lesion = lesion
        self.bench = bench
        self._ruler: Ruler | None = None

    @property
    def truth(self) -> Values:
        """(variants, features) of the true image."""
        return self._stored((TRUTH,), lambda: [self.lesion.truth])[0]

    def scan(self, condition: ScanCondition) -> Scan:
        """Degrade the lesion."""
        coarse = condition.degrade(self.lesion.truth, self.lesion.patient, self.bench.seed)
        return Scan(self.lesion, coarse, condition, self.bench.seed)

    def features(self, condition: ScanCondition, method: Method, *key: str) -> Values:
        """(images, variants, features) of what a method makes; ``key`` says what it depends on beside the scan."""
        return self._stored((repr(condition), *key), lambda: method(self.scan(condition)))

    def _stored(self, key: Sequence[str], images: Callable[[], restore.Images]) -> Values:
        where = (self.of_set, self.lesion.patient, str(self.lesion.truth.shape), str(self.bench.seed), *key)
        return self.bench.store.get(where, lambda: np.stack([self._measure(image) for image in images()]))

    def _measure(self, image: npt.NDArray[np.float32]) -> Values:
        if self._ruler is None:
            self._ruler = Ruler.of(self.lesion)
        return self._ruler.measure(image)


def _under(
    condition: ScanCondition, lesions: Mapping[str, list[_Measured]], judged: str, bench: _Bench
) -> dict[str, Any]:
    """Figures of all methods under one condition, by way to measure."""
    train, test = lesions["train"], lesions[judged]
    fitted = _fit_null_model(condition, train)
    tables = {
        name: _table(test, condition, method, *key) for name, (method, key) in _rivals(train, fitted, bench).items()
    }
    own = _own(bench)
    samples = np.stack([each.features(condition, *own) for each in test], axis=1)
    tables[MODEL] = samples.mean(axis=0)
    if bench.model.draws_samples:
        tables[MEAN_IMAGE] = _table(
            test, condition, lambda scan: [np.mean(own[0](scan), axis=0)], *own[1:], "mean image"
        )
    tables[LINEAR] = _corrected(condition, train, tables[BICUBIC])
    result: dict[str, Any] = {"null_model": {"constant": fitted.constant, "slope": fitted.slope}}
    for number, variant in enumerate(VARIANTS):
        cohort = Cohort(feature_names(), np.stack([each.truth[number] for each in test]), bench.seed)
        result[variant] = _compare(cohort, {name: table[:, number] for name, table in tables.items()})
    if bench.model.draws_samples:
        result["intervals"] = _intervals(
            condition, [each for role, known in lesions.items() if role != "train" for each in known], bench
        )
    return result


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


def _own(bench: _Bench) -> tuple[Method, str, str]:
    """Make the model's method, and say what it depends on."""
    if bench.model.draws_samples:
        return restore.sampler(bench.model, bench.samples), bench.model.card.sha256, f"{bench.samples} samples"
    return restore.network(bench.model), bench.model.card.sha256, "told all"


def _rivals(train: Sequence[_Measured], fitted: NullModel, bench: _Bench) -> dict[str, tuple[Method, tuple[str, ...]]]:
    """Methods beside the model by name, each with what its values depend on."""
    prior = measure_power([image for each in train for image in each.lesion.truth])
    level = f"{fitted.constant:.6f} {fitted.slope:.6f}"
    found: dict[str, tuple[Method, tuple[str, ...]]] = {
        BICUBIC: (restore.bicubic, ("bicubic",)),
        "bspline": (restore.bspline, ("bspline",)),
        "bspline + exact projection": (restore.projected_bspline, ("bspline projected",)),
        "wiener, told all": (restore.wiener_filter(prior), ("wiener", str(prior.power.round(3).tolist()))),
        "bicubic + noise from the image": (restore.null_model(fitted), ("null", level)),
    }
    for number, rival in enumerate(bench.rivals):
        name, weights = rival.card.name, rival.card.sha256
        found[f"{name}, told all"] = (restore.network(rival), (weights, "told all"))
        if number == 0:
            found[f"{name}, told half the noise"] = (restore.network(rival, 1.0, 0.5), (weights, "half noise"))
            found[f"{name}, told nothing"] = (restore.network(rival, 0.0, 0.0), (weights, "told nothing"))
    return found


def _table(measured: Sequence[_Measured], condition: ScanCondition, method: Method, *key: str) -> Values:
    """(patients, variants, features) of a method that gives one image."""
    return np.stack([each.features(condition, method, *key)[0] for each in measured])


def _fit_null_model(condition: ScanCondition, train: Sequence[_Measured]) -> NullModel:
    estimates, errors = [], []
    for each in train:
        scan = each.scan(condition)
        estimates.append(scan.coarse_noise)
        errors.append(scan.bicubic_error)
    return fit_null_model(estimates, errors)


def _corrected(condition: ScanCondition, train: Sequence[_Measured], bicubic: Values) -> Values:
    """Each feature of the bicubic image, put right by a straight line fitted on training patients."""
    truth = np.stack([each.truth for each in train])
    given = _table(train, condition, restore.bicubic, "bicubic")
    centre, target = given.mean(axis=0), truth.mean(axis=0)
    variance = ((given - centre) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(variance > 0, ((given - centre) * (truth - target)).sum(axis=0) / variance, 0.0)
    return np.asarray(target + slope * (bicubic - centre))


def _intervals(condition: ScanCondition, measured: Sequence[_Measured], bench: _Bench) -> dict[str, Any]:
    """Coverage over validation and test patients, by way to measure."""
    own = _own(bench)
    samples = np.stack([each.features(condition, *own) for each in measured], axis=1)
    return {
        variant: coverage(
            Cohort(feature_names(), np.stack([each.truth[number] for each in measured]), bench.seed),
            samples[:, :, number],
        )
        for number, variant in enumerate(VARIANTS)
    }
