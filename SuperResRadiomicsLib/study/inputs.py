"""What identifies a case's input files: their content, and cheaper signs that it did not change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..io.hashes import content_hash, files_of

Stamp = list[list[int]]
"""Size in bytes and time of the last change in nanoseconds of every file of an input, by name."""


def stamp(path: Path) -> Stamp:
    """Note size and time of change of a file, or of every file in a folder; an empty list where there is none."""
    try:
        return [[status.st_size, status.st_mtime_ns] for status in map(os.stat, files_of(path))]
    except OSError:
        return []


def describe_inputs(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Stamp and content hash of each input, ready for JSON; no path enters."""
    return {role: {"stamp": stamp(path), "sha256": content_hash(path)} for role, path in files.items()}


def inputs_unchanged(described: Mapping[str, Mapping[str, Any]], files: Mapping[str, Path]) -> bool:
    """Say whether inputs are still those that `describe_inputs` saw.

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
