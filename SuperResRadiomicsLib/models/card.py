"""What a model's card says, and the checks that it must pass."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import SCHEMA_VERSION
from ..errors import ModelError
from ..io.documents import read_json
from .find import CARD_NAME, RESULTS_NAME, find_model, find_models

DETECTION = "detection"
"""Task, and only objective, of a model that finds a lesion and enhances nothing."""
THROUGH_PLANE = "through-plane"
"""Task of a model that makes more slices of thick ones, and leaves the pixels within slices as they are."""
TASKS = ("super-resolution", THROUGH_PLANE, "denoise", "enhance", DETECTION)
CONDITIONS = ("blur_px", "noise", "factor", "thickness")
OBJECTIVES = ("fidelity", "radiomics", "appearance")
"""What a model that enhances may be trained for."""
MODALITIES = ("CT", "MR", "US")


@dataclass(frozen=True)
class Condition:
    """A scalar that steers the network.

    Attributes:
        name: ``blur_px`` (standard deviation in fine pixels) or ``noise`` (in the image's unit); of thick slices
            ``factor`` (fine slices for each) and ``thickness`` (FWHM over slice distance).
        scale: What the value is divided by before it enters the network.
        default: The value used where the user gives none.
        allowed: Lowest and highest value the network was trained for.
    """

    name: str
    scale: float
    default: float
    allowed: tuple[float, float]


@dataclass(frozen=True)
class Card:
    """What a model's ``metadata.json`` says, checked.

    Attributes:
        folder: The model's folder.
        name: The model's name, the same as its folder's where it is shipped.
        version: Version of the model.
        task: One of `TASKS`.
        modality: One of `MODALITIES`.
        scale: Refinement factor along the in-plane axes; 1 for denoising, detection and thick slices.
        objective: One of `OBJECTIVES`; `DETECTION` for a detector.
        adversarial: Trained against a critic; only then may it be called a GAN.
        architecture: Name of the architecture and its arguments.
        window: Intensity window (low, high) that the network sees, scaled to [0, 1].
        unit: Unit of the window.
        valid_spacing_mm: In-plane spacing of input images that the model was trained for.
        degradation: The operator that the model inverts.
        conditions: Scalars that steer the network, in the order of its input.
        input_size: Longer side in pixels to which slices are brought before a detector sees
            them; None: it sees them as they are.
        training_data: One entry a source, with licence.
        results: Held-out figures beside those of interpolation, of ``results.json``; empty where it was not evaluated.
        sha256: Hash of the weights file.
        metadata: The whole content of ``metadata.json``.
    """

    folder: Path
    name: str
    version: str
    task: str
    modality: str
    scale: int
    objective: str
    adversarial: bool
    architecture: dict[str, Any]
    window: tuple[float, float]
    unit: str
    valid_spacing_mm: tuple[float, float]
    degradation: dict[str, Any]
    conditions: tuple[Condition, ...]
    input_size: int | None
    training_data: tuple[dict[str, Any], ...]
    results: dict[str, Any]
    sha256: str
    metadata: dict[str, Any]

    @property
    def detects(self) -> bool:
        """Whether the model finds lesions; no other model does, and a detector enhances nothing."""
        return self.task == DETECTION

    @property
    def refines_slices(self) -> bool:
        """Whether the model makes more slices of thick ones."""
        return self.task == THROUGH_PLANE

    @property
    def slice_factors(self) -> tuple[int, ...]:
        """How many times as many slices the model can make, rising; none where it makes no more slices."""
        return tuple(sorted(self.degradation["factors"])) if self.refines_slices else ()

    @property
    def gain_db(self) -> float | None:
        """PSNR over interpolation on held-out images of a model for the smallest error; None where it is not known.

        Of the evaluation, under the degradation that the default settings undo; else of the validation in training.
        """
        if self.objective != "fidelity":
            return None  # made for looks or for texture: its error is not what it is to be judged by
        try:
            return float(next(iter(self.results["degradations"].values()))["mean"]["gain_db"])
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
            found = self.metadata.get("training", {}).get("validation_gain_db")
            return None if found is None else float(found)

    @property
    def refinement(self) -> str:
        """How much finer the model makes images, in words; empty where it keeps their voxels."""
        if self.refines_slices:
            return f"{self.slice_factors[0]} to {self.slice_factors[-1]} times as many slices"
        return f"{self.scale}x in-plane" if self.scale > 1 else ""

    @property
    def display_name(self) -> str:
        """Name and objective, as tables and pictures show them; GAN only where a critic was used."""
        kind = "GAN, " if self.adversarial else ""
        return f"{self.name} ({kind}{self.objective})"


def load_card(name_or_folder: str | os.PathLike[str]) -> Card:
    """Read and check a model's card and its held-out figures; the weights are not touched.

    Raises:
        ModelError: No such model, not JSON, another schema, a field missing or not allowed, or a number that is
            none (NaN, infinity).

    Examples:
        >>> card = load_card("ct-gancircle-x2-fidelity")
        >>> card.modality, card.scale, card.objective
        ('CT', 2, 'fidelity')
    """
    folder = find_model(name_or_folder)
    content = _read_json(folder, CARD_NAME)
    if (folder / RESULTS_NAME).is_file():
        content = {**content, "results": _read_json(folder, RESULTS_NAME)}
    try:
        return parse_card(folder, content)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"The card of model '{folder.name}' is not valid: {what}. Get the model again, or correct {CARD_NAME}."
        ) from error


def list_models(extra_folders: Iterable[str | os.PathLike[str]] = ()) -> list[Card]:
    """List the cards of all models, sorted by name within each folder.

    Args:
        extra_folders: As in `find_models`.

    Raises:
        ModelError: A card is not valid.

    Examples:
        >>> {card.modality for card in list_models()} == {"CT", "MR", "US"}
        True
    """
    return [load_card(folder) for folder in find_models(extra_folders).values()]


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        content = read_json(folder / name)
    except ValueError as error:
        raise ModelError(
            f"The file {name} of model '{folder.name}' cannot be read as JSON: {error}. Get the model again."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"The file {name} of model '{folder.name}' holds no JSON object. Get the model again.")
    return content


def parse_card(folder: Path, content: dict[str, Any]) -> Card:
    """Check what a card says.

    Args:
        folder: The model's folder.
        content: Of the card, with the held-out figures as ``results``; earlier versions kept them in the card.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or not allowed.
    """
    if content["schema_version"] != SCHEMA_VERSION:
        raise ValueError(
            f"its schema_version is {content['schema_version']}; this software reads version {SCHEMA_VERSION}"
        )
    intensity = content["intensity"]
    task = _one_of("task", content["task"], TASKS)
    card = Card(
        folder=folder,
        name=str(content["name"]),
        version=str(content["version"]),
        task=task,
        modality=_one_of("modality", content["modality"], MODALITIES),
        scale=int(content["scale"]),
        objective=_one_of("objective", content["objective"], (DETECTION,) if task == DETECTION else OBJECTIVES),
        adversarial=_boolean("adversarial", content["adversarial"]),
        architecture={"name": str(content["architecture"]["name"]), "arguments": content["architecture"]["arguments"]},
        window=_rising("intensity.window", intensity["window"]),
        unit=str(intensity["unit"]),
        valid_spacing_mm=_rising("valid_spacing_mm", content["valid_spacing_mm"]),
        degradation=dict(content["degradation"]),
        conditions=tuple(_condition(c) for c in content.get("conditions", [])),
        input_size=_input_size(content.get("input_size"), task),
        training_data=tuple(dict(entry) for entry in content["training_data"]),
        results=dict(content.get("results", {})),
        sha256=str(content["weights"]["sha256"]),
        metadata={key: value for key, value in content.items() if key != "results"},
    )
    if not 1 <= card.scale <= 8:
        raise ValueError(f"scale is {card.scale}; whole numbers from 1 to 8 are allowed")
    if card.detects and card.scale != 1:
        raise ValueError(f"scale is {card.scale}; a detector has scale 1")
    if card.refines_slices:
        _check_slices(card)
    return card


def _check_slices(card: Card) -> None:
    factors = card.degradation["factors"]
    if not factors or any(type(factor) is not int or not 2 <= factor <= 8 for factor in factors):
        raise ValueError(f"degradation.factors is {factors}; whole numbers from 2 to 8 are needed")
    if card.scale != 1:
        raise ValueError(f"scale is {card.scale}; a model for the task {THROUGH_PLANE} has scale 1")


def _one_of(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{field} is '{value}'; allowed are {', '.join(allowed)}")
    return str(value)


def _boolean(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{field} is '{value}'; allowed are true and false")
    return value


def _input_size(value: Any, task: str) -> int | None:
    if value is None:
        return None
    if task != DETECTION or type(value) is not int or value < 1:
        raise ValueError(f"input_size is {value} for the task {task}; detectors may have one, a positive whole number")
    return value


def _rising(field: str, value: Any) -> tuple[float, float]:
    low, high = float(value[0]), float(value[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{field} is {value}; two rising numbers are needed")
    return low, high


def _condition(content: dict[str, Any]) -> Condition:
    name = _one_of("condition name", content["name"], CONDITIONS)
    field, allowed = f"allowed range of condition {name}", content["allowed"]
    one_value = name == "factor" and allowed[0] == allowed[1]  # a model for one factor alone
    low, high = (float(allowed[0]),) * 2 if one_value else _rising(field, allowed)
    scale, default = float(content["scale"]), float(content["default"])
    if not (math.isfinite(scale) and scale > 0 and math.isfinite(default)):
        raise ValueError(f"condition {name} has the scale {scale} and the default {default}; finite numbers are needed")
    return Condition(name, scale, default, (low, high))
