"""Held-out figures of a super-resolution model: image quality and lesion features.

True volumes are degraded with known blur and noise, enhanced through the same pipeline
that users run, and compared with the truth. The patient is the unit: a patient's figure is
the mean over the patient's volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enhance import LoadedModel, enhance
from ..grid import (
    BoolArray,
    interpolate_bicubic,
    refine,
    resample,
)
from ..image import Image
from ..metrics import psnr, ssim
from ..operators import BlurDecimate, positional_noise
from ..radiomics import FeatureSettings, extract_features
from ..stability import concordance
from .config import DataConfig
from .entries import VolumeEntry
from .validation import BODY_ABOVE_HU
from .volumes import Volume, load_volume

DEGRADATIONS = ((0.0, 0.0), (0.8, 10.0), (1.0, 25.0))
"""(blur in fine pixels, noise in intensity units) that are reported."""
METHODS = ("bicubic", "bspline", "network", "bicubic+noise")
"""Images compared with the truth; ``bicubic+noise`` is the null model that adds texture without knowledge."""
FEATURE_CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
MIN_PATIENTS_FOR_CONCORDANCE = 3
Report = Callable[[str], None]


def degrade(case: Volume, factor: int, blur: float, noise: float, seed: int) -> Image:
    """The coarse image that a scan with this blur and noise would give."""
    truth, axis = case.image, case.through_plane
    coarse = np.moveaxis(BlurDecimate(factor, blur).forward(case.slices(truth.voxels)), 0, 2 - axis)
    x, y, z = (1.0 if a == axis else 1.0 / factor for a in range(3))
    grid = refine(truth.grid, (x, y, z))
    return truth.with_voxels((coarse + noise * positional_noise(grid, seed)).astype(np.float32), grid)


def evaluate(
    model: LoadedModel,
    data: DataConfig,
    entries: Sequence[VolumeEntry],
    seed: int,
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """All held-out figures of a model.

    Args:
        model: The model, loaded.
        data: Where the volumes lie.
        entries: Volumes; those of role ``test`` are judged. The lesions of those of role
            ``validation`` set the null model's noise: the error of bicubic interpolation there.
        seed: Fixes the noise that is added.
        report: Called with a line of text after each volume.

    Returns:
        JSON-ready dictionary: for each degradation the patients' PSNR (dB) and SSIM of body
        voxels by method, their means, and the agreement of lesion features.
    """
    factor = model.card.scale
    test = [load_volume(e, data).trimmed(factor) for e in entries if e.role == "test"]
    held = [load_volume(e, data).trimmed(factor) for e in entries if e.role == "validation"]
    held_lesions = [case for case in held if case.lesion is not None] or held
    results = {}
    for blur, noise in DEGRADATIONS:
        name = f"blur{blur:g}px-noise{noise:g}"
        level = float(np.median([_interpolation_error(case, factor, blur, noise, seed) for case in held_lesions]))
        rows = []
        for case in test:
            rows.append(_judge(case, model, blur, noise, level, seed))
            report(f"{name}  {case.entry.path}  gain {rows[-1]['gain_db']:+.2f} dB")
        results[name] = _summary(rows, model, blur, noise, level)
    return {
        "region": f"body voxels (above {BODY_ABOVE_HU:g})" if data.modality == "CT" else "all voxels",
        "data_range": model.card.window[1] - model.card.window[0],
        "seed": seed,
        "precision": model.precision,
        "degradations": results,
    }


def _body(case: Volume) -> BoolArray:
    """Body voxels of a CT; a padded border takes no part."""
    if case.image.modality != "CT":
        return np.ones(case.image.voxels.shape, dtype=bool)
    body: BoolArray = case.image.voxels > BODY_ABOVE_HU
    return body


def _interpolation_error(case: Volume, factor: int, blur: float, noise: float, seed: int) -> float:
    """Root mean square error of the bicubic image in the lesion, or in body voxels where there is none."""
    coarse = degrade(case, factor, blur, noise, seed)
    bicubic = interpolate_bicubic(coarse.voxels, case.image.voxels.shape)
    where = _body(case) if case.lesion is None else case.lesion
    return float(np.sqrt(np.mean(np.square(bicubic - case.image.voxels)[where])))


def _judge(case: Volume, model: LoadedModel, blur: float, noise: float, null_noise: float, seed: int) -> dict[str, Any]:
    images = _restored(case, model, blur, noise, null_noise, seed)
    body = case.slices(_body(case))
    low, high = model.card.window
    truth = case.slices(np.clip(case.image.voxels, low, high))
    spacing = [case.image.spacing[axis] * model.card.scale for axis in range(3) if axis != case.through_plane]
    row: dict[str, Any] = {"path": case.entry.path, "patient": case.entry.patient, "spacing_mm": spacing}
    for method in METHODS:
        image = np.clip(case.slices(images[method]), low, high)
        row[f"psnr_{method}"] = psnr(truth, image, high - low, body)
        row[f"ssim_{method}"] = ssim(truth, image, high - low, body)
    row["gain_db"] = row["psnr_network"] - max(row["psnr_bicubic"], row["psnr_bspline"])
    if case.lesion is not None:
        row["features"] = _features(case, case.lesion, images)
    return row


def _restored(
    case: Volume, model: LoadedModel, blur: float, noise: float, null_noise: float, seed: int
) -> dict[str, npt.NDArray[np.float32]]:
    coarse = degrade(case, model.card.scale, blur, noise, seed)
    outcome = enhance(
        coarse,
        model,
        through_plane=case.through_plane,
        blur=blur if model.card.conditions else None,
        noise=noise if model.card.conditions else None,
    )
    bicubic = outcome.bicubic.voxels
    return {
        "bicubic": bicubic,
        "bspline": resample(coarse.voxels, coarse.grid, outcome.enhanced.grid, "bspline"),
        "network": outcome.enhanced.voxels,
        "bicubic+noise": bicubic + null_noise * positional_noise(case.image.grid, seed + 1),
    }


def _features(
    case: Volume, lesion: BoolArray, images: dict[str, npt.NDArray[np.float32]]
) -> dict[str, dict[str, float]]:
    settings = FeatureSettings(classes=FEATURE_CLASSES)
    truth = extract_features(case.image, lesion, settings)
    others = {m: extract_features(case.image.with_voxels(images[m]), lesion, settings) for m in METHODS}
    return {"truth": truth, **others}


def _summary(rows: list[dict[str, Any]], model: LoadedModel, blur: float, noise: float, level: float) -> dict[str, Any]:
    inside = [row for row in rows if _spacing_allowed(row["spacing_mm"], model)]
    keys = [key for key in rows[0] if key.startswith(("psnr_", "ssim_", "gain_"))]
    by_patient = {
        patient: {key: _mean(row[key] for row in inside if row["patient"] == patient) for key in keys}
        for patient in sorted({row["patient"] for row in inside})
    }
    return {
        "blur_px": blur,
        "noise": noise,
        "null_model_noise": level,
        "volumes": [{key: row[key] for key in ("path", "patient", "spacing_mm", *keys)} for row in rows],
        "volumes_outside_spacing": [row["path"] for row in rows if row not in inside],
        "patients": by_patient,
        "mean": {key: _mean(values[key] for values in by_patient.values()) for key in keys},
        "smallest_gain_db": min(values["gain_db"] for values in by_patient.values()),
        "smallest_gain_db_of_a_volume": min(row["gain_db"] for row in inside),
        "features": _feature_agreement(inside),
    }


def _spacing_allowed(spacing_mm: Sequence[float], model: LoadedModel) -> bool:
    """Whether the card allows the degraded image's in-plane spacing."""
    low, high = model.card.valid_spacing_mm
    return low <= min(spacing_mm) and max(spacing_mm) <= high


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _feature_agreement(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How far lesion features are from the truth: error and concordance over patients.

    The error of a feature is the mean over patients of |value - true value|, in units of
    the standard deviation of the true value between patients. Concordance is Lin's, with
    the range of its median when each patient is left out in turn.
    """
    rows = [row for row in rows if "features" in row]
    patients = sorted({row["patient"] for row in rows})
    if len(patients) < MIN_PATIENTS_FOR_CONCORDANCE:
        return {"patients": patients}
    keys = sorted(rows[0]["features"]["truth"])
    tables = {
        source: np.array([
            [_mean(row["features"][source][key] for row in rows if row["patient"] == p) for key in keys]
            for p in patients
        ])
        for source in ("truth", *METHODS)
    }  # fmt: skip
    groups = {
        "firstorder": np.array(["_firstorder_" in key for key in keys]),
        "texture": np.array(["_firstorder_" not in key for key in keys]),
    }
    summary: dict[str, Any] = {"patients": patients}
    for method in METHODS:
        summary[method] = {
            group: _agreement(tables["truth"][:, chosen], tables[method][:, chosen]) for group, chosen in groups.items()
        }
    return summary


def _agreement(truth: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> dict[str, float]:
    varies = truth.std(axis=0) > 1e-12 * (1 + np.abs(truth).max(axis=0))
    known = varies & np.isfinite(truth).all(axis=0) & np.isfinite(values).all(axis=0)
    truth, values = truth[:, known], values[:, known]
    error = np.abs(values - truth).mean(axis=0) / truth.std(axis=0, ddof=1)
    left_out = [_median_concordance(np.delete(truth, p, 0), np.delete(values, p, 0)) for p in range(len(truth))]
    return {
        "features": int(known.sum()),
        "median_error": float(np.median(error)),
        "median_concordance": _median_concordance(truth, values),
        "lowest_concordance_leaving_one_out": min(left_out),
        "highest_concordance_leaving_one_out": max(left_out),
    }


def _median_concordance(truth: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> float:
    return float(np.nanmedian([concordance(truth[:, f], values[:, f]) for f in range(truth.shape[1])]))
