"""The perceptual encoders that come with the package: weights, card, hash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from safetensors.torch import save

from ... import SCHEMA_VERSION
from ...errors import ModelError
from ...io.files import atomic_path, prepare_folder, write_json
from .encoder import PerceptualEncoder
from .verified import read_weights

WEIGHTS_FOLDER = Path(__file__).resolve().parent / "weights"


def load_perceptual(name: str, folder: str | os.PathLike[str] = WEIGHTS_FOLDER) -> PerceptualEncoder:
    """Load a perceptual encoder, frozen.

    Args:
        name: ``encoder-a``, for losses of trainings, or ``encoder-b``, for judging only: what was
            trained by one must be judged by the other.
        folder: Where weights and cards lie.

    Returns:
        The encoder on the CPU in evaluation mode; its parameters take no gradient, images do.

    Raises:
        ModelError: No such encoder, a card that is not valid, or weights that do not match it.
    """
    card = read_perceptual_card(name, folder)
    try:
        network = PerceptualEncoder(card["name"], **card["architecture"]["arguments"])
        network.load_state_dict(read_weights(Path(folder) / card["weights"]["file"], card["weights"]["sha256"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"The card of the perceptual encoder '{name}' does not fit its weights: {error}") from error
    return network.eval().requires_grad_(False)


def read_perceptual_card(name: str, folder: str | os.PathLike[str] = WEIGHTS_FOLDER) -> dict[str, Any]:
    """Read an encoder's card: architecture, training, licences, held-out figures.

    Raises:
        ModelError: No such encoder, not JSON, or another schema.
    """
    known = sorted(path.stem for path in Path(folder).glob("*.json"))
    if name not in known:
        raise ModelError(f"There is no perceptual encoder '{name}'. Known are: {', '.join(known) or 'none'}.")
    try:
        card: dict[str, Any] = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The card of the perceptual encoder '{name}' cannot be read as JSON: {error}") from error
    if card.get("schema_version") != SCHEMA_VERSION:
        raise ModelError(
            f"The card of the perceptual encoder '{name}' has the schema_version {card.get('schema_version')}; "
            f"this software reads version {SCHEMA_VERSION}. Update the software?"
        )
    return card


def save_perceptual(
    name: str, network: PerceptualEncoder, card: dict[str, Any], folder: str | os.PathLike[str] = WEIGHTS_FOLDER
) -> None:
    """Write an encoder's weights, in half precision, and its card.

    Args:
        name: File name of both, without ending.
        network: Its weights are rounded to half precision, which halves the file.
        card: What `read_perceptual_card` shall give, without schema, name and weights.
        folder: Made if needed.
    """
    target = prepare_folder(folder)
    weights = save({key: value.detach().cpu().half().contiguous() for key, value in network.state_dict().items()})
    with atomic_path(target / f"{name}.safetensors") as temporary:
        temporary.write_bytes(weights)
    written = {"file": f"{name}.safetensors", "sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)}
    write_json(
        target / f"{name}.json", {"schema_version": SCHEMA_VERSION, "name": network.name, **card, "weights": written}
    )
