"""What identifies a case's input files: their content, and cheaper signs that it did not change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20

Stamp = list[list[int]]
"""Size in bytes and time of the last change in nanoseconds of every file of an input, by name."""


def stamp(path: Path) -> Stamp:
    """Size and time of change of a file, or of every file in a folder; an empty list where there is none."""
    try:
        return [[status.st_size, status.st_mtime_ns] for status in map(os.stat, _files(path))]
    except OSError:
        return []


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of the files in a folder in the order of their names."""
    digest = hashlib.sha256()
    for name in _files(path):
        with open(name, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def describe_inputs(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Stamp and content hash of each input, ready for JSON; no path enters."""
    return {role: {"stamp": stamp(path), "sha256": content_hash(path)} for role, path in files.items()}


def inputs_unchanged(described: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path]) -> bool:
    """Whether inputs are still those that `describe_inputs` saw.

    Files whose size and time of change are the same are not read again; others (a copied
    folder has new times) are compared by content.
    """
    if described.keys() != files.keys():
        return False
    return all(_unchanged(described[role], path) for role, path in files.items())


def _unchanged(described: Mapping[str, Any], path: Path) -> bool:
    if stamp(path) == described["stamp"]:
        return True
    return path.exists() and content_hash(path) == described["sha256"]


def _files(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield str(path)
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.is_file():
            yield entry.path
