"""A configuration's file: YAML that may extend other files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import SettingsError
from ...io.documents import read_yaml as read_document
from ..methods import problems

Model = TypeVar("Model", bound=BaseModel)

DESCRIBE_DATA = {"folder", "splits", "layout", "include"}
"""Fields of `data` that say whose images they are."""


def read_yaml(path: str | os.PathLike[str], model: type[Model]) -> Model:
    """Read a YAML file into a model of its fields; see `read_config`."""
    source = Path(path)
    try:
        return model.model_validate(_read_content(source))
    except ValidationError as error:
        raise SettingsError(f"The configuration '{source.name}' is not valid. {problems(error)}.") from error


def _read_content(source: Path, extended_by: tuple[str, ...] = ()) -> Any:
    if not source.is_file():
        raise SettingsError(f"There is no configuration file '{source.name}'. Give a YAML file.")
    if source.name in extended_by:
        raise SettingsError(f"The configurations {', '.join(extended_by)} extend one another in a circle.")
    try:
        content = read_document(source)
    except ValueError as error:
        raise SettingsError(f"The configuration '{source.name}' cannot be used: {error}.") from error
    if not isinstance(content, dict) or "extends" not in content:
        return content
    bases = content.pop("extends")
    for name in reversed(bases if isinstance(bases, list) else [bases]):
        other = source.parent / str(name)
        base = _read_content(other, (*extended_by, source.name))
        if not isinstance(base, dict):
            raise SettingsError(f"'{other.name}', which '{source.name}' extends, is not valid: it must hold sections.")
        content = _merged(_without_claims(base, content), content)
    return content


def _without_claims(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the images come from and the model's licence, where other images are chosen."""
    data = changes.get("data")
    if not isinstance(data, dict) or not DESCRIBE_DATA & data.keys():
        return base
    return {key: value for key, value in base.items() if key not in ("sources", "licence")}


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        merges = isinstance(value, dict) and isinstance(base.get(key), dict) and "name" not in value
        result[key] = _merged(base[key], value) if merges else value
    return result
