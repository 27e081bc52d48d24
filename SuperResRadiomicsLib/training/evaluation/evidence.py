"""The features of test patients on all images, kept patient by patient: what verdicts on other lesions rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ...enhancement import LoadedModel
from ...radiomics.conditions import SETTINGS
from ..config import TrainingConfig
from ..entries import VolumeEntry
from ..validation import FixedDegradation, fixed_degradations
from .cases import HeldOutCase, load_cases
from .enhancement import baseline, check_fits, null_noise, restore
from .features import Table, feature_settings, lesion_features
from .methods import CLASSICAL, NETWORK, NULL_MODEL, methods_for, network_method

DIGITS = 9
LESION_TYPES = {
    "soft-tissue-sarcoma": "soft-tissue sarcoma",
    "lidc": "lung nodule",
    "lung1": "lung lesion",
    "cheng": "brain tumour",
    "brain": "brain tumour",
    "breast": "breast lesion",
}
"""What lesions are, by a part of their file's path."""


@dataclass(frozen=True)
class _Row:
    """One lesion: its patient, in-plane pixels of the image that was enhanced, and its features by image."""

    lesion_type: str
    patient: str
    dimension: str
    spacing_mm: Sequence[float]
    features: Table


def measure_evidence(
    model: LoadedModel,
    config: TrainingConfig,
    entries: Sequence[VolumeEntry],
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure the features of the test patients' lesions on all images, told neither blur nor noise.

    Args:
        model: The model, loaded.
        config: The configuration it was trained with; its first degradation is what is undone.
        entries: Volumes; those of role ``test`` with a lesion are measured.
        report: Called with a line of text after each lesion.

    Returns:
        The content of ``evidence.json``: see `verdict.evidence.Evidence`, a group for each type of lesion.

    Raises:
        SettingsError: The configuration is not the model's, or nobody has the role ``test``.
    """
    check_fits(model, config)
    fixed = fixed_degradations(config)[0]
    methods = {name: CLASSICAL[name] for name in methods_for(config) if name in ("bicubic", "degraded", NULL_MODEL)}
    held = load_cases(config, entries, "validation") if NULL_MODEL in methods else []
    level = null_noise(held, config, fixed)
    before = baseline(methods)
    rows = []
    for case in load_cases(config, entries, "test"):
        if case.volume.lesion is None or not case.spacing_allowed(config.valid_spacing_mm, config.degradation.factor):
            continue
        _, images = restore(case, {**methods, NETWORK: network_method(model)}, config, fixed, level)
        named = {"bicubic": images[before], "enhanced": images[NETWORK]}
        named |= {"null": images[NULL_MODEL]} if NULL_MODEL in images else {}
        if (table := lesion_features(case, named)) is not None:
            rows.append(_row(case, config, table))
            report(f"{case.entry.path}  {rows[-1].lesion_type}")
    return _content(model, config, fixed, rows)


def _row(case: HeldOutCase, config: TrainingConfig, features: Table) -> _Row:
    path = case.entry.path.lower()
    known = [name for part, name in LESION_TYPES.items() if part in path]
    dimension = feature_settings(case.volume.image.modality).resolve_dimension(case.volume.image.grid)
    spacing = case.coarse_spacing_mm(config.degradation.factor)
    return _Row(known[0] if known else "lesion", case.entry.patient, dimension, spacing, features)


def _content(
    model: LoadedModel, config: TrainingConfig, fixed: FixedDegradation, rows: Sequence[_Row]
) -> dict[str, Any]:
    keys = sorted(rows[0].features["truth"]) if rows else []
    kinds = sorted({(row.lesion_type, row.dimension) for row in rows})
    groups = []
    for kind in kinds:
        of_kind = [row for row in rows if (row.lesion_type, row.dimension) == kind]
        groups.append(_group(of_kind, keys, config))
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "model": {"name": model.card.name, "sha256": model.card.sha256},
        "degradation": {"sampling": fixed.sampling, "blur_px": fixed.blur_px, "noise": fixed.noise},
        "mask_rule": "the mask of the true image on all images",
        "features": keys,
        "groups": groups,
    }


def _group(rows: Sequence[_Row], keys: Sequence[str], config: TrainingConfig) -> dict[str, Any]:
    """One type of lesion, a row a patient; of several lesions of one patient the mean."""
    settings = feature_settings(config.data.modality).describe()
    patients = sorted({row.patient for row in rows})
    pixels = [pixel for row in rows for pixel in row.spacing_mm]
    images = [image for image in rows[0].features if image != "truth"]
    names = {"reference": "truth", **{image: image for image in images}}
    values = {}
    for name, image in names.items():
        table = []
        for patient in patients:
            of_patient = []
            for row in rows:
                if row.patient == patient:
                    of_patient.append([row.features[image][key] for key in keys])
            table.append([_rounded(value) for value in np.mean(of_patient, axis=0)])
        values[name] = table
    return {
        "lesion_type": rows[0].lesion_type,
        "conditions": {
            **{name: settings[name] for name in SETTINGS},
            "modality": config.data.modality,
            "dimension": rows[0].dimension,
            "blur_px": 0.0,
            "noise": 0.0,
        },
        "spacing_mm": [min(pixels), max(pixels)],
        "patients": patients,
        "values": values,
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
