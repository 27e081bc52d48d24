"""From a training run to a model folder: weights, card and its page."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..enhancement.checks import worse_than_interpolation
from ..errors import ModelError, OutputError, SettingsError
from ..io.files import write_json, write_text
from ..io.outputs import check_outputs
from ..models import Card, load_card, readable_json, save_model, save_results
from ..models.find import MODEL_FILES
from ..models.intervals import CONFIDENCE, INTERVALS_NAME
from ..networks import architectures, build_network
from ..scan.guard import SCANS_NAME
from .config import NOT_STATED, TrainingConfig
from .lesion_features.calibrations import calibrations
from .methods import DetectorSettings
from .model_page import PAGE_NAME, page, write_page
from .systems import system_class
from .trainer import load_checkpoint

OWN_IMAGES = "the user's own images"
CONFIGURATION_NAME = "training.json"
"""Holds everything that fixed the training, beside the card."""
OTHER_EVALUATIONS = ("lesion_features", "looks")
"""Figures that evaluations with an option of their own write."""


def export_run(
    run_folder: str | os.PathLike[str], config: TrainingConfig, models_folder: Path, overwrite: bool = False
) -> Card:
    """Write a run's averaged weights and its card to ``models_folder/<name>``.

    Figures of an earlier export are dropped: they belong to other weights. Run the
    evaluation afterwards.

    Args:
        run_folder: Of the run.
        config: The run's, perhaps with other texts.
        models_folder: Gets the model's folder.
        overwrite: Replace a model, or other files, that lie there.

    Raises:
        OutputError: Such files lie there, and are not to be replaced.
        SettingsError: No checkpoint, or the configuration describes another network.
    """
    folder = models_folder / config.name
    written = (*MODEL_FILES, INTERVALS_NAME, SCANS_NAME, CONFIGURATION_NAME, PAGE_NAME)
    check_outputs([folder / name for name in written], [run_folder], overwrite)
    state = load_checkpoint(Path(run_folder))
    if state["network_config"] != config.network.model_dump():
        raise SettingsError("The configuration describes another network than the run. Give the run's configuration.")
    network = build_network(config.network.name, config.network.arguments)
    network.load_state_dict(state["average"])
    if config.stored_precision == "half":
        network.half()
    metadata = _metadata(config, state)
    card = save_model(folder, network, metadata, overwrite)
    for name in (INTERVALS_NAME, SCANS_NAME):
        (card.folder / name).unlink(missing_ok=True)
    configuration = config.model_dump(mode="json", exclude={"data": {"folder"}, "sources": True})
    write_text(card.folder / CONFIGURATION_NAME, readable_json(configuration) + "\n")
    write_page(card)
    return card


def check_card_update(card: Card, overwrite: bool = False) -> None:
    """Refuse, before long work, to write figures over a page that is not as this software made it.

    Args:
        card: The model's, as it lies there.
        overwrite: Whether such a page may be replaced.

    Raises:
        OutputError: Its page was written or changed by someone.
    """
    path = card.folder / PAGE_NAME
    if not overwrite and path.exists() and path.read_text(encoding="utf-8") != page(card):
        raise OutputError(
            f"'{PAGE_NAME}' of the model '{card.name}' is not as it was made from the card: --update-card would write "
            "it anew. Nothing was touched. Move it away, or give --overwrite."
        )


def add_results(card: Card, results: dict[str, Any]) -> Card:
    """Write held-out figures beside a model's card and into its page, but those of single slices.

    What other evaluations found of the same weights stays.
    """
    degradations = {}
    for name, figures in results["degradations"].items():
        degradations[name] = {key: value for key, value in figures.items() if key != "slices"}
    kept = {name: figures for name, figures in card.results.items() if name in OTHER_EVALUATIONS}
    updated = save_results(card, {**kept, **results, "degradations": degradations})
    write_page(updated)
    return updated


def add_feature_results(card: Card, results: dict[str, Any]) -> Card:
    """Write what `evaluate_features` found beside a model's card and into its page.

    ``intervals.json`` gets what intervals are calibrated by, and the card says so: on how many patients, and how many
    true values the intervals held.
    """
    measured = next(iter(results["measures"]))
    found = calibrations(results)
    if found["features"]:
        write_json(card.folder / INTERVALS_NAME, found)
    else:
        (card.folder / INTERVALS_NAME).unlink(missing_ok=True)
    known = _uncertainty(results, measured) if found["features"] else None
    calibrated = replace(card, metadata={**card.metadata, "uncertainty": known})
    updated = save_results(calibrated, {**card.results, "lesion_features": results | {"measured": measured}})
    write_page(updated)
    return updated


def add_look_results(card: Card, results: dict[str, Any]) -> Card:
    """Write what `evaluate_looks` found beside a model's card and into its page."""
    updated = save_results(card, {**card.results, "looks": results})
    write_page(updated)
    return updated


def _uncertainty(results: dict[str, Any], measured: str) -> dict[str, Any]:
    """Say in the card what is known of intervals; the first way to measure stands for the others."""
    sets = {}
    for name, found in results["sets"].items():
        by_condition = {condition: found[condition]["intervals"][measured] for condition in results["conditions"]}
        sets[name] = {
            "patients": next(iter(by_condition.values()))["patients"],
            "spacing_mm": [round(side, 3) for side in found["spacing_mm"]],
            "coverage": {
                condition: values["all"]["calibrated"]["coverage"] for condition, values in by_condition.items()
            },
        }
    return {
        "intervals": INTERVALS_NAME,
        "confidence": CONFIDENCE,
        "samples": results["samples"],
        "measured": list(results["measures"]),
        "coverage_of": measured,
        "sets": sets,
    }


def export_warnings(card: Card) -> list[str]:
    """Warn of what a card does not say, and of a model that is worse than interpolation."""
    gain, warnings = card.gain_db, []
    if gain is not None and gain < 0:
        warnings.append(worse_than_interpolation(card.name, gain))
    if any(NOT_STATED in source.values() for source in card.training_data) or card.metadata["licence"] == NOT_STATED:
        warnings.append(
            "The card does not say where the training images come from, or under which licence the model is. State "
            "'sources' and 'licence' in the configuration and export again with --config before you pass it on."
        )
    return warnings


def _training_data(config: TrainingConfig, state: dict[str, Any]) -> list[dict[str, str]]:
    """List the sources that the configuration states, else the number of patients; and those of earlier weights."""
    sources = [source.model_dump() for source in config.sources]
    if not sources:
        count = state.get("trained_on") or {}
        patients = f"{count['patients']} ({count['volumes']} images)" if count else NOT_STATED
        sources = [{"name": OWN_IMAGES, "licence": NOT_STATED, "patients": patients, "citation": NOT_STATED}]
    known = {source["name"] for source in sources}
    return sources + [source for source in _sources_of_start(config) if source["name"] not in known]


def _sources_of_start(config: TrainingConfig) -> list[dict[str, str]]:
    """List what the weights had been trained on before; the model has seen that too."""
    if not config.run.start_from:
        return []
    try:
        start = load_card(config.run.start_from)
    except ModelError:
        unknown = dict.fromkeys(("licence", "patients", "citation"), NOT_STATED)
        return [{"name": f"through the weights of {Path(config.run.start_from).name}", **unknown}]
    sources = []
    for source in start.training_data:
        known = {name: str(source.get(name, NOT_STATED)) for name in ("name", "licence", "citation")}
        patients = f"{source.get('patients', NOT_STATED)}, through the weights of {start.name}"
        sources.append({**known, "patients": patients})
    return sources


def _metadata(config: TrainingConfig, state: dict[str, Any]) -> dict[str, Any]:
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
        "training": _training(config, state),
        "training_data": _training_data(config, state),
        "uncertainty": None,
        "licence": config.licence,
    }


def _training(config: TrainingConfig, state: dict[str, Any]) -> dict[str, Any]:
    """Describe the run."""
    gain = None if config.task == "detection" else state.get("gain")  # a detector's is no decibel
    return {
        "steps": int(state["step"]),
        "minutes": round(float(state["seconds"]) / 60, 1),
        "configuration": CONFIGURATION_NAME,
        **({} if gain is None else {"validation_gain_db": round(gain, 3)}),
        **({"start_from": config.run.start_from} if config.run.start_from else {}),
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
