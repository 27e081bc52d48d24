"""Writing models: weights, card, held-out figures."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import SCHEMA_VERSION
from ..errors import ModelError
from ..io.files import atomic_path, prepare_folder, write_json, write_text
from ..io.outputs import check_outputs
from .card import Card, load_card, parse_card
from .find import CARD_NAME, MODEL_FILES, RESULTS_NAME, WEIGHTS_NAME

if TYPE_CHECKING:
    from torch import nn

LINE = 120


def save_model(
    folder: str | os.PathLike[str], network: nn.Module, metadata: dict[str, Any], overwrite: bool = False
) -> Card:
    """Write a model's weights and card.

    Args:
        folder: Made if needed.
        network: Its weights are stored as they are.
        metadata: The card without ``schema_version`` and ``weights``, which are filled in here. Its ``results`` go
            into a file of their own; without any, that file of an earlier model there is removed.
        overwrite: Replace a model that lies there.

    Returns:
        The card as read back.

    Raises:
        ModelError: The card is not valid; nothing is written then.
        OutputError: The folder cannot be written, or holds a model that is not to be replaced.
    """
    from safetensors.torch import save

    target = Path(folder)
    check_outputs([target / name for name in MODEL_FILES], overwrite=overwrite)
    weights = save({name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()})
    content = {
        "schema_version": SCHEMA_VERSION,
        **metadata,
        "weights": {"file": WEIGHTS_NAME, "sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)},
    }
    card = _checked(target, content)
    prepare_folder(target)
    with atomic_path(target / WEIGHTS_NAME) as temporary:
        temporary.write_bytes(weights)
    write_text(target / CARD_NAME, readable_json(card.metadata) + "\n")
    if card.results:
        write_json(target / RESULTS_NAME, card.results)
    else:
        (target / RESULTS_NAME).unlink(missing_ok=True)
    return load_card(target)


def save_results(card: Card, results: dict[str, Any]) -> Card:
    """Write a model's held-out figures beside its card; its weights' file is not touched.

    Args:
        card: As read.
        results: As evaluations give them.

    Returns:
        The card as read back.

    Raises:
        OutputError: The folder cannot be written.
    """
    write_text(card.folder / CARD_NAME, readable_json(card.metadata) + "\n")
    write_json(card.folder / RESULTS_NAME, results)
    return load_card(card.folder)


def _checked(folder: Path, content: dict[str, Any]) -> Card:
    try:
        return parse_card(folder, content)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The card of model '{content.get('name')}' is not valid: {error!r}.") from error


def readable_json(value: Any, indent: str = "") -> str:
    """Write JSON in which what fits a line stands on one, so that a card fits a screen.

    Args:
        value: What to write; NaN and infinity are refused, with a ValueError.
        indent: What the value's further lines begin with.

    Examples:
        >>> print(readable_json({"window": [-1024, 2048], "unit": "HU"}))
        {"window": [-1024, 2048], "unit": "HU"}
    """
    line = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(line) <= LINE:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {readable_json(part, inner)}" for key, part in value.items()]
    else:
        parts = [inner + readable_json(part, inner) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(parts) + "\n" + indent + closing
