"""The perturbations that a protocol can name, from `stability.perturbation`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import SettingsError
from ..stability.perturbation import (
    Closing,
    ContourRandomisation,
    NoiseAddition,
    Opening,
    Perturbation,
    Rotation,
    Translation,
    VolumeChange,
)

UNCHANGED = "unchanged"

KINDS: dict[str, type[Any]] = {
    "opening": Opening,
    "closing": Closing,
    "volume-change": VolumeChange,
    "contour-randomisation": ContourRandomisation,
    "translation": Translation,
    "rotation": Rotation,
    "noise-addition": NoiseAddition,
}
"""Every kind by its name in a protocol; the other fields of an entry are those of the class."""


def make_perturbation(name: str, content: Mapping[str, Any], seed: int) -> Perturbation:
    """Make the perturbation that a protocol describes.

    Args:
        name: Its name in the protocol; perturbations of other names draw other random numbers.
        content: Its kind and parameters.
        seed: The case's.

    Raises:
        SettingsError: The kind or a parameter is not known, or not allowed.
    """
    kind = content.get("kind")
    if kind not in KINDS:
        raise SettingsError(f"the kind of '{name}' is {kind}; allowed are {', '.join(KINDS)}")
    known = {field.name for field in fields(KINDS[kind])}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items() if key != "kind"}
    unknown = sorted(given.keys() - (known - {"seed"}))
    if unknown:
        raise SettingsError(
            f"'{name}' has the field {', '.join(unknown)}; {kind} takes {', '.join(sorted(known - {'seed'})) or 'none'}"
        )
    if "seed" in known:
        given["seed"] = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:7], "big")
    try:
        made: Perturbation = KINDS[kind](**given)
    except TypeError as error:
        raise SettingsError(f"'{name}' is not complete: {error}") from error
    return made


def check_perturbation(name: str, content: Mapping[str, Any]) -> None:
    """Refuse a perturbation that cannot be made.

    Raises:
        SettingsError: As `make_perturbation`.
    """
    make_perturbation(name, content, 0)
