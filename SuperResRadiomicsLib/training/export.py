"""From a training run to a model folder: weights, card and its page."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import SettingsError
from ..io.files import write_text
from ..models import Card, readable_json, save_model, save_results
from ..networks import architectures, build_network
from .config import TrainingConfig
from .methods import DetectorSettings
from .model_page import write_page
from .systems import system_class
from .trainer import load_checkpoint

CONFIGURATION_NAME = "training.json"
"""Holds everything that fixed the training, beside the card."""


def export_run(run_folder: str | os.PathLike[str], config: TrainingConfig, models_folder: Path) -> Card:
    """Write a run's averaged weights and its card to ``models_folder/<name>``.

    Figures of an earlier export are dropped: they belong to other weights. Run the
    evaluation afterwards.

    Raises:
        SettingsError: No checkpoint, or the configuration describes another network.
    """
    state = load_checkpoint(Path(run_folder))
    if state["network_config"] != config.network.model_dump():
        raise SettingsError("The configuration describes another network than the run. Give the run's configuration.")
    network = build_network(config.network.name, config.network.arguments)
    network.load_state_dict(state["average"])
    if config.stored_precision == "half":
        network.half()
    metadata = _metadata(config, steps=int(state["step"]), minutes=float(state["seconds"]) / 60)
    card = save_model(models_folder / config.name, network, metadata)
    configuration = config.model_dump(mode="json", exclude={"data": {"folder"}, "sources": True})
    write_text(card.folder / CONFIGURATION_NAME, readable_json(configuration) + "\n")
    write_page(card)
    return card


def add_results(card: Card, results: dict[str, Any]) -> Card:
    """Write held-out figures beside a model's card and into its page, but those of single slices."""
    degradations = {
        name: {key: value for key, value in figures.items() if key != "slices"}
        for name, figures in results["degradations"].items()
    }
    updated = save_results(card, {**results, "degradations": degradations})
    write_page(updated)
    return updated


CARD_VARIANT = "2D width 25"
"""The way to measure features whose intervals a card holds and whose figures its page shows."""


def add_feature_results(card: Card, results: dict[str, Any]) -> Card:
    """Write what `evaluate_features` found beside a model's card and into its page.

    The card holds what intervals are calibrated by: factors by class of features, with the number of patients and
    the settings that they are valid for.
    """
    sets = {}
    for name, found in results["sets"].items():
        under = {condition: found[condition] for condition in results["conditions"]}
        sets[name] = {c: figures["intervals"][CARD_VARIANT] for c, figures in under.items() if "intervals" in figures}
    known = {"measured": CARD_VARIANT, "samples": results["samples"], "sets": sets} if any(sets.values()) else None
    calibrated = replace(card, metadata={**card.metadata, "uncertainty": known})
    updated = save_results(calibrated, {**card.results, "lesion_features": results | {"measured": CARD_VARIANT}})
    write_page(updated)
    return updated


def _metadata(config: TrainingConfig, steps: int, minutes: float) -> dict[str, Any]:
    degradation = config.degradation
    return {
        "name": config.name,
        "version": config.version,
        "changelog": {config.version: "first release"},
        "superres_radiomics_version": __version__,
        "description": config.description,
        "intended_use": config.intended_use,
        "known_limits": list(config.known_limits),
        "task": config.task,
        "modality": config.data.modality,
        **({"input_size": config.method.input_size} if isinstance(config.method, DetectorSettings) else {}),
        "scale": degradation.factor,
        "objective": config.objective,
        "adversarial": system_class(config.method.name).adversarial,
        "architecture": {"name": config.network.name, "arguments": config.network.arguments},
        "intensity": {"unit": config.unit, "window": list(config.window)},
        "valid_spacing_mm": list(config.valid_spacing_mm),
        "degradation": {
            "operator": _operator(config),
            "sampling": degradation.sampling,
            **_strengths(config),
            "noise": list(degradation.noise),
        },
        "conditions": _conditions(config) if config.network.arguments.get("conditions") else [],
        "network_data_format": {
            "inputs": {"image": _data_format(config, f"image on the {_input_grid(config)} grid")},
            "outputs": {"pred": _data_format(config, "enhanced image")},
        },
        "training": {"steps": steps, "minutes": round(minutes, 1), "configuration": CONFIGURATION_NAME},
        "training_data": [source.model_dump() for source in config.sources],
        "uncertainty": None,
        "licence": "Apache-2.0",
    }


def _strengths(config: TrainingConfig) -> dict[str, Any]:
    """Describe the linear part of the degradation."""
    degradation, slices = config.degradation, config.degradation.slices
    if degradation.sampling != "through-plane":
        return {"factor": degradation.factor, "blur_px": list(degradation.blur_px)}
    return {"factors": sorted(slices.factors), "thickness": list(slices.thickness), "profiles": list(slices.profiles)}


def _conditions(config: TrainingConfig) -> list[dict[str, Any]]:
    """Describe what steers the network, in the order of its input; the default is a clean measurement."""
    degradation, slices = config.degradation, config.degradation.slices
    known = {
        "blur_px": (0.0, degradation.blur_px),
        "factor": (float(min(slices.factors)), (min(slices.factors), max(slices.factors))),
        "thickness": (1.0, slices.thickness),
        "noise": (0.0, degradation.noise),
    }
    conditions = []
    for name, scale in config.condition_scales.items():
        default, allowed = known[name]
        conditions.append({"name": name, "scale": scale, "default": default, "allowed": list(allowed)})
    return conditions


def _operator(config: TrainingConfig) -> str:
    degradation = config.degradation
    sampling = {
        "average": "mean over factor x factor pixels in-plane",
        "k-space": "the central part of k-space",
        "either": "mean over factor x factor pixels in-plane or the central part of k-space",
        "through-plane": "mean over fine slices",
        "mixed": f"sampling by one of {', '.join(degradation.samplings)} in-plane",
        "low-end-ultrasound": "low-end ultrasound scanner (point spread, speckle, attenuation, gain, misregistration)",
        "measured": "low-end ultrasound scanner, measured",
    }[degradation.sampling]
    if degradation.sampling in ("low-end-ultrasound", "measured"):
        return sampling
    noise = {"gaussian": "signed gaussian noise", "rician": "rician noise"}[degradation.noise_kind]
    if degradation.sampling == "through-plane":
        return f"mean over fine slices, weighed by a profile ({', '.join(degradation.slices.profiles)}), then {noise}"
    return f"gaussian blur, then {sampling}, then {noise}"


def _input_grid(config: TrainingConfig) -> str:
    return architectures()[config.network.name].input_grid


def _data_format(config: TrainingConfig, meaning: str) -> dict[str, Any]:
    """Describe an entry of MONAI's ``network_data_format``."""
    return {
        "type": "image",
        "format": meaning,
        "modality": config.data.modality,
        "num_channels": 1,
        "spatial_shape": ["2*n", "2*m"],
        "dtype": "float32",
        "value_range": [0, 1],
        "is_patch_data": True,
    }
