"""SHA-256 of files: what an input was, and whether an output is still what was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping

_CHUNK = 1 << 20


def content_hash(path: str | os.PathLike[str]) -> str:
    """Compute the SHA-256 of a file, or of the files in a folder in the order of their names.

    Args:
        path: A file, or a folder such as a DICOM series' with all that it holds.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for name in files_of(path):
        with open(name, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def hash_inputs(paths: Mapping[str, str | os.PathLike[str] | None]) -> dict[str, str]:
    """Compute the SHA-256 of every input that was given, for a result's provenance; no path enters.

    Args:
        paths: File or folder by its part in the work, such as ``image``; None where it was not given.

    Returns:
        The hashes by the same names.
    """
    return {role: content_hash(path) for role, path in paths.items() if path is not None}


def files_of(path: str | os.PathLike[str]) -> Iterator[str]:
    """Name the file itself, or the files in a folder and in its own folders, in the order of their names."""
    if not os.path.isdir(path):
        yield os.fspath(path)
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        yield from files_of(entry.path)
