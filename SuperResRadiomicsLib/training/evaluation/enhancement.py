"""Held-out figures of a model that enhances: image quality, tests and lesion features.

True volumes are degraded by known strengths, enhanced through the same pipeline that users run,
and compared with the truth. The patient is the unit: a patient's figure is the mean over the
patient's volumes (or slices).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...enhancement import LoadedModel
from ...enhancement.intensity import Window
from ...errors import SettingsError
from ...grid import interpolate_bicubic
from ...metrics import psnr, ssim
from ..config import TrainingConfig
from ..degradation import Sampling
from ..entries import VolumeEntry
from ..perceptual import PerceptualModel, load_perceptual
from ..validation import BODY_ABOVE_HU, FixedDegradation, fixed_degradations
from .cases import HeldOutCase, load_cases
from .features import Table, feature_agreement, lesion_features
from .figures import Ruler
from .methods import (
    CLASSICAL,
    DEGRADED,
    NETWORK,
    NULL_MODEL,
    Contender,
    Degraded,
    Method,
    methods_for,
    network_contender,
)
from .record import Record
from .statistics import comparisons

Report = Callable[[str], None]
REGION_NAMES = {"CT": f"body voxels (above {BODY_ABOVE_HU:g} HU)", "MR": "the foreground", "US": "whole frames"}


def evaluate_enhancement(
    model: LoadedModel,
    config: TrainingConfig,
    entries: Sequence[VolumeEntry],
    others: Sequence[PerceptualModel] = (),
    report: Report = lambda line: None,
    times: int = 1,
) -> dict[str, Any]:
    """Compute all held-out figures of a model.

    Args:
        model: The model, loaded.
        config: The configuration it was trained with, or of a model for its scale to the power of ``times``.
        entries: See `evaluate_contender`.
        others: See `evaluate_contender`.
        report: See `evaluate_contender`.
        times: How often the model is applied, each time to its own output.

    Returns:
        See `evaluate_contender`.

    Raises:
        SettingsError: The configuration is for another scale or modality than the model, or nobody
            has the role ``test``.
    """
    check_fits(model, config, times)
    return evaluate_contender(network_contender(model, times), config, entries, others, report)


def evaluate_contender(
    contender: Contender,
    config: TrainingConfig,
    entries: Sequence[VolumeEntry],
    others: Sequence[PerceptualModel] = (),
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Compute all held-out figures of a model or of a method that stands beside models.

    Args:
        contender: What is judged.
        config: Says what is degraded, how, and how it is judged; its seed fixes all noise.
        entries: Volumes; those of role ``test`` are judged. The lesions of those of role
            ``validation`` set the null model's noise: the error of bicubic interpolation there.
        others: Perceptual models that judge beside the configured one.
        report: Called with a line of text after each volume.

    Returns:
        JSON-ready dictionary: for each degradation the PSNR (dB) and SSIM of the patients' whole
        volumes by method; all figures of the closely judged slices by region, with tests against
        the baseline; every such slice's own figures (`Record.to_dict`); and the agreement of lesion features.

    Raises:
        SettingsError: Nobody has the role ``test``, or no test volume has a spacing that the configuration allows.
    """
    ruler = Ruler(Window(*config.window), load_perceptual(config.evaluation.judge), others)
    test = load_cases(config, entries, "test")
    test = [case.only_close_slices() for case in test] if contender.slow else test
    fitting = methods_for(config)
    names = (baseline(fitting),) if config.evaluation.baseline_only else fitting
    methods = {name: CLASSICAL[name] for name in names}
    held = load_cases(config, entries, "validation") if NULL_MODEL in methods else []
    results = {}
    for fixed in fixed_degradations(config):
        level = null_noise(held, config, fixed)
        contenders = {**methods, NETWORK: contender.prepare(fixed)}
        results[fixed.name] = _under(fixed, level, test, contenders, config, ruler, report)
    return {
        **({} if contender.title is None else {"title": contender.title}),
        **({"volumes_are": "the closely judged slices alone"} if contender.slow else {}),
        "region": REGION_NAMES[config.data.modality],
        "unit": config.unit,
        "data_range": ruler.data_range,
        "baseline": baseline(methods),
        "judge": ruler.judge.name,
        **config.evaluation.model_dump(include={"volumes_per_patient", "slices_per_volume", "lesion_margin_px"}),
        "seed": config.evaluation_seed,
        "precision": contender.precision,
        "degradations": results,
    }


def baseline(methods: Iterable[str]) -> str:
    """Name what a network must beat: the bicubic image, or the degraded one where it keeps its pixels."""
    return DEGRADED if DEGRADED in methods else "bicubic"


def check_fits(model: LoadedModel, config: TrainingConfig, times: int = 1) -> None:
    """Raise SettingsError where a configuration's data do not suit a model that is applied so often."""
    card, scale = model.card, model.card.scale**times
    if (scale, card.modality) != (config.degradation.factor, config.data.modality):
        applied = "" if times == 1 else f", applied {times} times,"
        raise SettingsError(
            f"The model '{card.name}'{applied} is for {card.modality} at scale {scale}, the configuration "
            f"'{config.name}' for {config.data.modality} at scale {config.degradation.factor}. "
            "Give the model's own configuration."
        )


def null_noise(held: Sequence[HeldOutCase], config: TrainingConfig, fixed: FixedDegradation) -> float | None:
    """Measure the median root mean square error of bicubic images in lesions, or where none is known in the body."""
    with_lesion = [case for case in held if case.volume.lesion is not None] or held
    errors = [_interpolation_error(case, config, fixed) for case in with_lesion]
    return float(np.median(errors)) if errors else None


def _interpolation_error(case: HeldOutCase, config: TrainingConfig, fixed: FixedDegradation) -> float:
    coarse = case.degrade(config.degradation, fixed, config.evaluation_seed)
    bicubic = case.judged(interpolate_bicubic(coarse.voxels, case.volume.image.voxels.shape))
    lesion = case.volume.lesion
    where = case.body if lesion is None else case.volume.slices(lesion)
    return float(np.sqrt(np.mean(np.square(bicubic - case.truth)[where])))


def restore(
    case: HeldOutCase,
    methods: Mapping[str, Method],
    config: TrainingConfig,
    fixed: FixedDegradation,
    level: float | None,
) -> tuple[Degraded, dict[str, npt.NDArray]]:
    """Restore a case's degraded image by every method, [k, j, i] in the image's own unit."""
    unit = case.window.high - case.window.low
    image = case.degrade(config.degradation, fixed, config.evaluation_seed)
    given = Degraded(case, image, fixed, unit, (level or 0.0) * unit, config.evaluation_seed)
    return given, {name: method(given) for name, method in methods.items()}


def measure_slices(
    record: Record, given: Degraded, images: Mapping[str, npt.NDArray], config: TrainingConfig, ruler: Ruler
) -> None:
    """Add the figures of a case's closely judged slices to a record."""
    case, kind = given.case, given.fixed.sampling
    linear = kind not in ("low-end-ultrasound", "measured")
    operator = Sampling(config.degradation.factor, kind, given.fixed.blur_px) if linear else None
    truth, measured, regions = case.truth, case.judged(given.image.voxels), case.regions()
    judged = {name: case.judged(voxels) for name, voxels in images.items()}
    for number in case.close_slices:
        of_methods = {name: slices[number] for name, slices in judged.items()}
        values = {}
        for region, where in regions.items():
            if where[number].any():
                values[region] = ruler.measure(truth[number], of_methods, where[number], measured[number], operator)
        record.add(case.entry.patient, case.entry.path, case.number_in_file(number), values)


def _under(
    fixed: FixedDegradation,
    level: float | None,
    test: Sequence[HeldOutCase],
    methods: Mapping[str, Method],
    config: TrainingConfig,
    ruler: Ruler,
    report: Report,
) -> dict[str, Any]:
    """Figures under one degradation; volumes outside the allowed spacings enter their own rows alone."""
    factor = config.degradation.factor
    rows, outside, record = [], [], Record()
    features: list[tuple[str, Table]] = []
    for case in test:
        given, images = restore(case, methods, config, fixed, level)
        rows.append(_volume_figures(case, images, ruler, factor))
        report(f"{fixed.name}  {case.entry.path}  gain {rows[-1]['gain_db']:+.2f} dB")
        if not case.spacing_allowed(config.valid_spacing_mm, factor):
            outside.append(case.entry.path)
            continue
        measure_slices(record, given, images, config, ruler)
        wanted = config.evaluation.features and config.data.modality != "US"
        if wanted and (table := lesion_features(case, images)) is not None:
            features.append((case.entry.patient, table))
    closed = record.closed()
    return {
        "sampling": fixed.sampling,
        "blur_px": fixed.blur_px,
        "noise": fixed.noise,
        "null_model_noise": level,
        "volumes": rows,
        "volumes_outside_spacing": outside,
        **over_patients([row for row in rows if row["path"] not in outside], config.name),
        "regions": _regions(closed, list(methods)),
        "slices": closed.to_dict(),
        "features": feature_agreement(features, list(methods)),
    }


def _volume_figures(case: HeldOutCase, images: Mapping[str, npt.NDArray], ruler: Ruler, factor: int) -> dict[str, Any]:
    body, truth = case.body, ruler.clip(case.truth)
    row: dict[str, Any] = {
        "path": case.entry.path,
        "patient": case.entry.patient,
        "spacing_mm": case.coarse_spacing_mm(factor),
    }
    for name, voxels in images.items():
        image = ruler.clip(case.judged(voxels))
        row[f"psnr_{name}"] = psnr(truth, image, ruler.data_range, body)
        row[f"ssim_{name}"] = ssim(truth, image, ruler.data_range, body)
    rivals = [f"psnr_{name}" for name in ("bicubic", "bspline", DEGRADED) if name in images]
    row["gain_db"] = row[f"psnr_{NETWORK}"] - max(row[rival] for rival in rivals)
    return row


def over_patients(rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Average the figures of volumes over each patient's, then over patients.

    Raises:
        SettingsError: There are no rows.
    """
    if not rows:
        raise SettingsError(f"No test volume has a spacing that the configuration '{name}' allows.")
    keys = [key for key in rows[0] if key.startswith(("psnr_", "ssim_", "gain_", "edge_mm_"))]
    by_patient = {}
    for patient in sorted({row["patient"] for row in rows}):
        own = [row for row in rows if row["patient"] == patient]
        by_patient[patient] = _means(own, keys)
    return {
        "patients": by_patient,
        "mean": _means(list(by_patient.values()), keys),
        "smallest_gain_db": min(values["gain_db"] for values in by_patient.values()),
        "smallest_gain_db_of_a_volume": min(row["gain_db"] for row in rows),
    }


def _means(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, float]:
    """Average some figures over rows."""
    return {key: _mean(row[key] for row in rows) for key in keys}


def _regions(record: Record, methods: Sequence[str]) -> dict[str, Any]:
    against = baseline(methods)
    regions = {}
    for region in record.regions:
        figures = {}
        for figure in record.figures(region):
            figures[figure] = {name: found for name in methods if (found := record.summary(region, figure, name))}
        regions[region] = {
            "slices": len(record.columns(region, "psnr", (NETWORK,))[1]),
            "patients": len(record.by_patient(region, "psnr", NETWORK)),
            "figures": figures,
            "tests_against_baseline": comparisons(record, region, NETWORK, against),
        }
    return regions


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
