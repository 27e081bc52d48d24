"""The features of test patients on all images, kept patient by patient: what verdicts on other lesions rest on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ...enhancement import LoadedModel
from ...errors import SettingsError
from ...radiomics.conditions import SETTINGS
from ...verdict.evidence import LEVEL_FEATURES, TOLD
from ..config import FeatureSetConfig, TrainingConfig
from . import restore
from .conditions import ScanCondition
from .lesions import Lesion, load_lesions, load_readers
from .measure import MEASURES, Ruler, Store, Values, feature_names, settings
from .null_model import NullModel, fit_null_model
from .restore import Method, Scan

DIGITS = 6
"""Significant digits that are kept."""
FACTORS = (2, 4)
"""Into whose pixels lesions are cut; see `lesions.ALIGNMENT`."""
MOST_SLICES = 24
"""Of long lesions the slices around the largest one are enhanced; all others wholly."""
SAMPLES = 2
"""Samples a lesion, of models that draw them: a quarter of what users draw by default, for the time it takes."""
MEASURED = {name: list(MEASURES["CT"]).index(f"{name} width 25") for name in ("2D", "3D")}
"""Where features of both dimensions stand in what a ruler measures."""
CORRELATION_PX = 0.7
"""Half of the patients have noise that is correlated so far, in coarse pixels; the model is not told."""
WHOLE = 10_000


@dataclass(frozen=True)
class StrengthRange:
    """Strengths of blur and noise that a model was tested with: one draw from this range a patient.

    Attributes:
        blur_px: Least and largest blur in fine pixels.
        noise: Least and largest standard deviation of the noise in HU.
    """

    blur_px: tuple[float, float] = (0.0, 0.0)
    noise: tuple[float, float] = (0.0, 0.0)

    def draw(self, patient: str, seed: int) -> ScanCondition:
        """Draw a patient's scan from the range; the same patient and seed always give the same one."""
        name = f"blur {self.blur_px}, noise {self.noise}"
        rng = np.random.default_rng((seed, zlib.crc32(patient.encode()), zlib.crc32(name.encode())))
        blur, noise = rng.uniform(*self.blur_px), rng.uniform(*self.noise)
        return ScanCondition(name, blur, noise, correlation_px=CORRELATION_PX * float(rng.integers(2)))


CLEAN = StrengthRange()


def steered_ranges(most_blur_px: float, most_noise: float) -> tuple[StrengthRange, ...]:
    """Divide what a model may be told: little blur and much, with little noise and much.

    Args:
        most_blur_px: The strongest blur in fine pixels; much is from half of it on.
        most_noise: The strongest noise in HU; much is from a third of it on.

    Examples:
        >>> [each.blur_px for each in steered_ranges(1.2, 30.0)]
        [(0.0, 0.6), (0.6, 1.2), (0.0, 0.6), (0.6, 1.2)]
    """
    ranges = []
    for noise in ((0.0, most_noise / 3), (most_noise / 3, most_noise)):
        ranges += [
            StrengthRange((0.0, most_blur_px / 2), noise),
            StrengthRange((most_blur_px / 2, most_blur_px), noise),
        ]
    return tuple(ranges)


def measure_evidence(
    model: LoadedModel,
    config: TrainingConfig,
    store: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure the features of the test patients' lesions on all images.

    Args:
        model: The model, loaded.
        config: Says which lesions; its evaluation seed fixes strengths and noise.
        store: Folder of measured values, so that a measurement can stop and go on.
        report: Called with a line of text after each set and range.

    Returns:
        The content of ``evidence.json``: see `verdict.evidence.Evidence`, a group for each type of lesion and
        dimension, in it a part for each range of strengths.

    Raises:
        SettingsError: The configuration names no lesions, or the model is not for CT at scale 2 or 4.
    """
    if not config.evaluation.feature_sets:
        raise SettingsError(f"The configuration '{config.name}' names no evaluation.feature_sets to measure.")
    if config.data.modality != "CT" or model.card.scale not in FACTORS:
        raise SettingsError("Evidence is measured for CT models of scale 2 or 4 only.")
    bench = _Bench(model, config, Store(store), report)
    groups = []
    for name, chosen in config.evaluation.feature_sets.items():
        groups += _groups(bench, name, chosen)
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "model": {"name": model.card.name, "sha256": model.card.sha256},
        "samples": SAMPLES if model.draws_samples else 1,
        "mask_rule": "the mask of the true image on all images",
        "features": list(feature_names()),
        "groups": groups,
    }


@dataclass(frozen=True)
class _Bench:
    model: LoadedModel
    config: TrainingConfig
    store: Store
    report: Callable[[str], None]

    @property
    def seed(self) -> int:
        return self.config.evaluation_seed

    @property
    def ranges(self) -> tuple[StrengthRange, ...]:
        """A model that cannot be told blur and noise is tested without them."""
        most = {condition.name: condition.allowed[1] for condition in self.model.card.conditions}
        return (CLEAN, *steered_ranges(most["blur_px"], most["noise"])) if set(most) == set(TOLD) else (CLEAN,)

    @property
    def factor(self) -> int:
        return int(self.model.card.scale)

    @property
    def method(self) -> Method:
        if self.model.draws_samples:
            return restore.sampler(self.model, SAMPLES)
        return restore.network(self.model)

    def features(
        self, of_set: str, lesion: Lesion, what: Sequence[str], images: Callable[[], restore.Images]
    ) -> Values:
        """Measure (dimensions, features), the mean over images; ``what`` names all that they depend on."""
        key = ("evidence", of_set, lesion.patient, str(lesion.truth.shape), str(self.seed), *what)
        found = self.store.get(key, lambda: _measure(lesion, images()))
        return found[list(MEASURED.values())]


def _measure(lesion: Lesion, images: restore.Images) -> Values:
    ruler = Ruler.of(lesion)
    return np.mean([ruler.measure(image) for image in images], axis=0)


def _groups(bench: _Bench, name: str, chosen: FeatureSetConfig) -> list[dict[str, Any]]:
    """Measure one set of lesions: a group for each dimension."""
    wanted = chosen.model_copy(update={"slices": MOST_SLICES, "planar_slices": None})
    test = load_lesions(bench.config.data, wanted, ("test",))
    train = load_lesions(bench.config.data, wanted, ("train",))
    truth = np.stack([bench.features(name, each, ("truth",), lambda each=each: [each.truth]) for each in test])  # type: ignore[misc]
    identity = _identities(bench, name, wanted)
    parts = []
    for strengths in bench.ranges:
        parts.append((strengths, _under(bench, name, strengths, train, test)))
        bench.report(f"{name}: blur {strengths.blur_px} px, noise {strengths.noise} HU")
    readers = _readers(bench, name, wanted)
    coarse = [bench.factor * pixel for each in test for pixel in each.spacing[:2]]
    groups = []
    for number, dimension in enumerate(MEASURED):
        of_strengths = []
        for strengths, tables in parts:
            told = {"blur_px": list(strengths.blur_px), "noise": list(strengths.noise)}
            values = {image: _rows(table[:, number], chosen) for image, table in tables.items()}
            of_strengths.append({"told": told, "values": values})
        groups.append(
            {
                "lesion_type": chosen.lesion_type,
                "conditions": _conditions(dimension),
                "spacing_mm": [min(coarse), max(coarse)],
                "patients": [each.patient for each in test],
                "reference": _rows(truth[:, number], chosen),
                "identity": _rows(identity[:, number], chosen),
                **({} if readers is None else {"readers": _reader_spread(readers, number, chosen)}),
                "parts": of_strengths,
            }
        )
    return groups


def _conditions(dimension: str) -> dict[str, Any]:
    described = settings().describe()
    return {"modality": "CT", "dimension": dimension, **{name: described[name] for name in SETTINGS}}


def _identities(bench: _Bench, name: str, wanted: FeatureSetConfig) -> Values:
    """Features of the whole lesions, by which a lesion is recognised: (patients, dimensions, features)."""
    whole = load_lesions(bench.config.data, wanted.model_copy(update={"slices": WHOLE}), ("test",))
    return np.stack([bench.features(name, each, ("truth",), lambda each=each: [each.truth]) for each in whole])  # type: ignore[misc]


def _under(
    bench: _Bench, name: str, strengths: StrengthRange, train: Sequence[Lesion], test: Sequence[Lesion]
) -> dict[str, Values]:
    """Measure all images of the test lesions in one range of strengths: (patients, dimensions, features) by image."""
    null = _fit_null_model(bench, strengths, train)
    methods: dict[str, tuple[Method, tuple[str, ...]]] = {
        "bicubic": (restore.bicubic, ("bicubic",)),
        "enhanced": (bench.method, ("model", bench.model.card.sha256, str(SAMPLES))),
        "null": (restore.null_model(null), ("null", f"{null.constant:.6f} {null.slope:.6f}")),
    }
    tables = {}
    for image, (method, key) in methods.items():
        rows = []
        for lesion in test:
            scan = _scan(bench, strengths, lesion)
            what = (repr(scan.condition), f"{bench.factor}x", *key)
            rows.append(bench.features(name, lesion, what, lambda s=scan, m=method: m(s)))  # type: ignore[misc]
        tables[image] = np.stack(rows)
    return tables


def _scan(bench: _Bench, strengths: StrengthRange, lesion: Lesion) -> Scan:
    condition = strengths.draw(lesion.patient, bench.seed)
    coarse = condition.degrade(lesion.truth, lesion.patient, bench.seed, bench.factor)
    return Scan(lesion, coarse, condition, bench.seed, bench.factor)


def _fit_null_model(bench: _Bench, strengths: StrengthRange, train: Sequence[Lesion]) -> NullModel:
    scans = [_scan(bench, strengths, lesion) for lesion in train]
    return fit_null_model([scan.coarse_noise for scan in scans], [scan.bicubic_error for scan in scans])


def _readers(bench: _Bench, name: str, wanted: FeatureSetConfig) -> list[Values] | None:
    """Features of the true images under each reader's outline: (readers, dimensions, features) by patient."""
    outlined = load_readers(bench.config.data, wanted, ("test",))
    if not outlined:
        return None
    found = []
    for lesions in outlined:
        rows = []
        for reader, lesion in enumerate(lesions):
            rows.append(bench.features(name, lesion, ("reader", str(reader)), lambda each=lesion: [each.truth]))  # type: ignore[misc]
        found.append(np.stack(rows))
    return found


def _reader_spread(readers: Sequence[Values], dimension: int, chosen: FeatureSetConfig) -> dict[str, Any]:
    """Pool the variance between a patient's readers over patients."""
    variances = np.array([own[:, dimension].var(axis=0, ddof=1) for own in readers])
    spread = np.sqrt(variances.mean(axis=0))
    return {"patients": len(readers), "spread": _rows(spread[None], chosen)[0]}


def _rows(table: Values, chosen: FeatureSetConfig) -> list[list[float | None]]:
    """Round a table; what depends on a level that is not known, or is not defined, becomes None."""
    rows = []
    for values in table.tolist():
        row = []
        for key, value in zip(feature_names(), values, strict=True):
            unknown = not np.isfinite(value) or (key in LEVEL_FEATURES and not chosen.level_known)
            row.append(None if unknown else float(f"{value:.{DIGITS}g}"))
        rows.append(row)
    return rows
