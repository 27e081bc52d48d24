"""YAML and JSON that users write or that travel, read so that none can harm: no bomb, no NaN, no traceback."""

from __future__ import annotations

import json
import os
import reprlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

LARGEST_YAML = 1 << 20
"""Bytes; a configuration is far smaller."""
LARGEST_JSON = 1 << 28
MOST_VALUES = 20_000
"""Of a YAML document, an alias counted as often as it stands: ten lines of aliases of aliases can mean billions."""

_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 80
_brief.maxdict = _brief.maxlist = _brief.maxtuple = 4
_brief.maxlevel = 2


def brief(value: Any) -> str:
    """Show a value in a message, however large it is.

    Examples:
        >>> brief(list(range(1000)))
        '[0, 1, 2, 3, ...]'
    """
    return _brief.repr(value)


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """Read a YAML file.

    Raises:
        ValueError: It cannot be read, is no YAML in UTF-8, or would unfold to more than `MOST_VALUES` values; the
            message is a clause without a full stop.
        ModuleNotFoundError: PyYAML is not installed.
    """
    import yaml

    text = _text(Path(path), LARGEST_YAML)
    try:
        return _constructed(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not valid YAML: {error}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file, as strictly as the standard has it: NaN and Infinity are no numbers.

    Raises:
        ValueError: It cannot be read or is no JSON in UTF-8; the message is a clause without a full stop.
    """
    return parse_json(_text(Path(path), LARGEST_JSON))


def parse_json(text: str) -> Any:
    """Read JSON text; see `read_json`."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not valid JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _text(path: Path, largest: int) -> str:
    try:
        if path.stat().st_size > largest:
            raise ValueError(f"it has more than {largest >> 20} MB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is no text in UTF-8") from error


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number in JSON")


def _constructed(text: str) -> Any:
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _unfolded(node, {}) > MOST_VALUES:
            raise ValueError(f"it unfolds to more than {MOST_VALUES} values. Write out what its aliases repeat")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values of a node, each alias as what it stands for; one that holds itself has no end."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MOST_VALUES + 1  # As long as it is being counted: a node that meets itself.
    total = 1
    for child in node.value if isinstance(node.value, list) else ():
        for part in child if isinstance(child, tuple) else (child,):
            total += _unfolded(part, known)
    known[id(node)] = total
    return total
