"""Model cards and weights: find, validate, verify, load.

A model is a folder with ``metadata.json`` (the card, in the MONAI bundle schema with
our extensions), ``weights.safetensors`` and a ``README.md``. Pickled weights are refused:
loading one runs whatever code it holds.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import SCHEMA_VERSION
from ..errors import ModelError
from ..io.documents import read_json
from ..io.files import atomic_path, prepare_folder, write_json

if TYPE_CHECKING:
    from torch import nn

CARD_NAME = "metadata.json"
WEIGHTS_NAME = "weights.safetensors"
PICKLE_ENDINGS = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
DETECTION = "detection"
"""Task, and only objective, of a model that finds a lesion and enhances nothing."""
TASKS = ("super-resolution", "denoise", "enhance", DETECTION)
OBJECTIVES = ("fidelity", "radiomics", "appearance")
"""What a model that enhances may be trained for."""
MODALITIES = ("CT", "MR", "US")


@dataclass(frozen=True)
class Condition:
    """A scalar that steers the network.

    Attributes:
        name: ``blur_px`` (standard deviation in fine pixels) or ``noise`` (in the image's unit).
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
        scale: Refinement factor along the in-plane axes; 1 for denoising and detection.
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
        results: Held-out figures beside those of interpolation.
        sha256: Hash of the weights file.
        metadata: The whole content of the file.
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
    def display_name(self) -> str:
        """Name and objective, as tables and pictures show them; GAN only where a critic was used."""
        kind = "GAN, " if self.adversarial else ""
        return f"{self.name} ({kind}{self.objective})"


def model_folders() -> list[Path]:
    """Where shipped models lie: inside the installed package, or beside it in the repository."""
    package = Path(__file__).resolve().parents[1]
    return [folder for folder in (package / "models", package.parent / "models") if folder.is_dir()]


def find_models(extra_folders: Iterable[str | os.PathLike[str]] = ()) -> dict[str, Path]:
    """All models by name.

    Args:
        extra_folders: Folders that hold model folders, searched before the shipped ones.
    """
    found: dict[str, Path] = {}
    for parent in [*map(Path, extra_folders), *model_folders()]:
        for card in sorted(parent.glob(f"*/{CARD_NAME}")):
            found.setdefault(card.parent.name, card.parent)
    return found


def find_detector(modality: str, extra_folders: Iterable[str | os.PathLike[str]] = ()) -> Card:
    """The one detector for a modality.

    Args:
        modality: One of `MODALITIES`, or ``unknown`` where any will do.
        extra_folders: As in `find_models`.

    Raises:
        ModelError: There is none, or more than one.
    """
    detectors = [card for card in map(load_card, find_models(extra_folders).values()) if card.detects]
    fitting = [card for card in detectors if modality in (card.modality, "unknown")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(card.name for card in fitting)
        raise ModelError(f"There are several lesion detectors for this image: {names}. Choose one by name.")
    known = ", ".join(f"{card.name} ({card.modality})" for card in detectors) or "none"
    raise ModelError(
        f"There is no lesion detector for {modality} images. Known detectors: {known}. Give the folder of a detector "
        "for this modality, or mark the lesion yourself by a mask or a box."
    )


def find_model(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder of a model given by name or by folder.

    Raises:
        ModelError: There is no such model, or a pickle was offered.
    """
    path = Path(name_or_folder)
    if path.name.lower().endswith(PICKLE_ENDINGS):
        raise ModelError(_pickle_refused(path.name))
    models = find_models()
    if str(name_or_folder) in models:
        return models[str(name_or_folder)]
    if (path / CARD_NAME).is_file():
        return path
    if path.is_dir():
        pickles = [p.name for p in path.iterdir() if p.name.lower().endswith(PICKLE_ENDINGS)]
        if pickles:
            raise ModelError(_pickle_refused(pickles[0]))
        raise ModelError(f"The folder '{path.name}' is not a model: it has no {CARD_NAME}.")
    known = ", ".join(sorted(models)) or "none"
    raise ModelError(
        f"There is no model '{path.name}'. Known models: {known}. Give one of these names, or a model's folder."
    )


def _pickle_refused(name: str) -> str:
    return (
        f"'{name}' is a pickled checkpoint; those can run any code when loaded and are refused. "
        f"Convert the model to a folder with {CARD_NAME} and {WEIGHTS_NAME} (superres-train export)."
    )


def load_card(name_or_folder: str | os.PathLike[str]) -> Card:
    """Read and check a model's card; the weights are not touched.

    Raises:
        ModelError: No such model, not JSON, another schema, or a field missing or not allowed.
    """
    folder = find_model(name_or_folder)
    path = folder / CARD_NAME
    try:
        content = read_json(path)
    except ValueError as error:
        raise ModelError(f"The card of model '{folder.name}' cannot be used: {error}. Get the model again.") from error
    try:
        return _parse(folder, content)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"The card of model '{folder.name}' is not valid: {what}. Get the model again, or mend {CARD_NAME}."
        ) from error


def _parse(folder: Path, content: dict[str, Any]) -> Card:
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
        results=dict(content["results"]),
        sha256=str(content["weights"]["sha256"]),
        metadata=content,
    )
    if not 1 <= card.scale <= 8:
        raise ValueError(f"scale is {card.scale}; whole numbers from 1 to 8 are allowed")
    if card.detects and card.scale != 1:
        raise ValueError(f"scale is {card.scale}; a detector has scale 1")
    return card


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
    name = _one_of("condition name", content["name"], ("blur_px", "noise"))
    low, high = _rising(f"allowed range of condition {name}", content["allowed"])
    scale, default = float(content["scale"]), float(content["default"])
    if not (math.isfinite(scale) and scale > 0 and math.isfinite(default)):
        raise ValueError(f"condition {name} has the scale {scale} and the default {default}; finite numbers are needed")
    return Condition(name, scale, default, (low, high))


def load_network(card: Card) -> nn.Module:
    """Build the card's network and load its weights, after checking their hash and shapes.

    Returns:
        The network on the CPU, in evaluation mode.

    Raises:
        ModelError: Weights missing, hash wrong, an architecture that does not fit the task, or tensors that
            do not fit the architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from ..networks import architectures, build_network

    path = card.folder / WEIGHTS_NAME
    if not path.is_file():
        raise ModelError(f"The model '{card.name}' has no {WEIGHTS_NAME} in its folder. Get the model again.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelError(
            f"The weights of model '{card.name}' have the SHA-256 {digest[:12]}..., the card says "
            f"{card.sha256[:12]}...: the file was changed or damaged. Get the model again."
        )
    network = build_network(card.architecture["name"], card.architecture["arguments"])
    if architectures()[card.architecture["name"]].detects != card.detects:
        raise ModelError(
            f"The model '{card.name}' is for {card.task}, which its architecture '{card.architecture['name']}' "
            "cannot do. Make both fit in the card."
        )
    try:
        # Stored in half precision or not, the network computes in single precision.
        network.load_state_dict({name: value.float() for name, value in load(content).items()})
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(f"The weights of model '{card.name}' do not fit its architecture: {error}") from error
    return network.eval()


def save_model(folder: str | os.PathLike[str], network: nn.Module, metadata: dict[str, Any]) -> Card:
    """Write a model's weights and card.

    Args:
        folder: Made if needed.
        network: Its weights are stored as they are.
        metadata: The card without ``schema_version`` and ``weights``, which are filled in here.

    Returns:
        The card as read back.

    Raises:
        ModelError: The card is not valid; nothing is written then.
        OutputError: The folder cannot be written.
    """
    from safetensors.torch import save

    target = Path(folder)
    weights = save({name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()})
    content = {
        "schema_version": SCHEMA_VERSION,
        **metadata,
        "weights": {"file": WEIGHTS_NAME, "sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)},
    }
    _check_metadata(target, content)
    prepare_folder(target)
    with atomic_path(target / WEIGHTS_NAME) as temporary:
        temporary.write_bytes(weights)
    write_json(target / CARD_NAME, content)
    return load_card(target)


def change_card(card: Card, **fields: Any) -> Card:
    """Write a model's card with other values of some fields; its weights' file is not touched.

    Args:
        card: As read.
        fields: Top-level fields of ``metadata.json``.

    Returns:
        The card as read back.

    Raises:
        ModelError: The card would not be valid; nothing is written then.
        OutputError: The folder cannot be written.
    """
    content = {**card.metadata, **fields}
    _check_metadata(card.folder, content)
    write_json(card.folder / CARD_NAME, content)
    return load_card(card.folder)


def _check_metadata(folder: Path, content: dict[str, Any]) -> None:
    try:
        _parse(folder, content)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The card of model '{content.get('name')}' is not valid: {error!r}.") from error
