"""What was measured of a model and lies beside its card: it holds for the weights that it was measured with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ModelError
from ..io.documents import read_json
from .card import Card

Group = TypeVar("Group")


def read_measured(
    card: Card | None, file: str, what: str, read: Callable[[Any], tuple[str, Iterable[Group]]]
) -> tuple[Group, ...]:
    """Read the groups of a file in a model's folder.

    Args:
        card: The model's; nothing is known without it.
        file: Name of the JSON file.
        what: What the file holds, for messages.
        read: Takes the file's content; gives the SHA-256 of the weights that were measured, and the groups.

    Returns:
        Nothing where there is no such file, or where it was measured with other weights.

    Raises:
        ModelError: The file cannot be read.
    """
    if card is None or not (path := Path(card.folder) / file).is_file():
        return ()
    try:
        weights, groups = read(read_json(path))
        found = tuple(groups)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The {what} of the model '{card.name}' cannot be read: {error}. Get the model again."
        ) from error
    return found if weights == card.sha256 else ()
