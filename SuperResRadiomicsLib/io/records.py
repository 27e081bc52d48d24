"""Records: JSON objects that list the files of an output set by hash.

The entry ``sha256`` names every file of the set with its hash; for the record itself, the hash of everything but that
entry. `SuperResRadiomicsLib.io.outputs` writes them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import OutputError
from .files import write_json
from .hashes import content_hash

HASHES, BUILT_ON = "sha256", "built_on"
LARGEST_RECORD = 1 << 28
"""Bytes; a larger JSON file is none of ours."""
_SHOWN = 5

Record = dict[str, Any]


def verified_record(path: str | os.PathLike[str]) -> Record:
    """Read a record and check that every file of its set is still what was written.

    Args:
        path: The record, such as ``provenance.json``.

    Returns:
        Its content.

    Raises:
        OutputError: The record is damaged, or files are missing or were changed.
    """
    source = Path(path)
    content = read_record(source)
    if content is None:
        raise OutputError(
            f"'{source.name}' in '{source.resolve().parent.name}' is damaged, was changed, or comes from an earlier "
            "version of this software. Make the results again."
        )
    bad = [
        name
        for name, digest in content[HASHES].items()
        if name != source.name and hash_or_none(source.parent / name) != digest
    ]
    if bad:
        raise OutputError(
            f"The results in '{source.resolve().parent.name}' are not as they were written: {listed(bad)} "
            f"{'is' if len(bad) == 1 else 'are'} missing or changed. Make them again."
        )
    return content


def read_record(path: Path) -> Record | None:
    """Read a record; nothing where the file is none, or was changed."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_RECORD:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    hashes = content.get(HASHES)
    if not isinstance(hashes, dict) or hashes.get(path.name) != _own_hash(content):
        return None
    return content if all(_is_inside(name) for name in hashes) else None


def records_in(folder: Path) -> dict[str, Record]:
    """Read the records that lie directly in a folder, by name."""
    found = {path.name: read_record(path) for path in sorted(folder.glob("*.json"))}
    return {name: content for name, content in found.items() if content is not None}


def seal(folder: Path, record: str, built_on: str | None = None) -> None:
    """Write the hashes of a folder's files into a record, but of those that belong to other sets in the same folder.

    Args:
        folder: Holds the whole set.
        record: Name of the record there, a JSON object.
        built_on: The record of the set without which this one makes no sense.
    """
    text = (folder / record).read_text(encoding="utf-8")
    content: Record = json.loads(text)
    if built_on is not None:
        content[BUILT_ON] = built_on
    others: set[str] = set()
    for name, sealed in records_in(folder).items():
        if name != record:
            others.update(sealed[HASHES])
    hashes = {name: content_hash(folder / name) for name in names_in(folder) if name not in {*others, record}}
    content[HASHES] = {**hashes, record: _own_hash(content)}
    write_json(folder / record, content, compact="\n" not in text.strip())


def names_in(folder: Path) -> list[str]:
    """Name all files in a folder and the folders below it, with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def is_ours(folder: Path, name: str, records: Mapping[str, Record]) -> bool:
    """Say whether a file is still what one of the records in its folder says was written."""
    if name in records:
        return True
    digest = hash_or_none(folder / name)
    return digest is not None and any(content[HASHES].get(name) == digest for content in records.values())


def hash_or_none(path: Path) -> str | None:
    """Compute a file's hash; nothing where there is no such file, or a link or folder in its place."""
    try:
        return content_hash(path) if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def listed(names: list[str]) -> str:
    """Name some files in a message."""
    more = len(names) - _SHOWN
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _is_inside(name: str) -> bool:
    """Whether a file's name stays within the folder; another would be none of ours."""
    parts = {*name.split("/")}
    return not os.path.isabs(name) and "\\" not in name and ":" not in name and not parts & {"", ".", ".."}


def _own_hash(content: Record) -> str:
    others = {name: value for name, value in content.items() if name != HASHES}
    return hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()
