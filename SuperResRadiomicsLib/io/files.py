"""Writing files so that nothing half-written remains."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import OutputError
from .leftovers import remove_leftovers, temporary_path


def _full_suffix(path: Path) -> str:
    """Find the suffix that image writers look at; ``.nii.gz`` counts as one."""
    return "".join(path.suffixes[-2:]) if path.name.endswith(".nii.gz") else path.suffix


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` when the block succeeds.

    The temporary file lies in the same folder (a rename across file systems is not
    atomic) and has the same suffix (writers choose their format by it).

    Args:
        path: Where the file shall be in the end; its folder must exist.

    Yields:
        The temporary path to write to.

    Raises:
        OutputError: The file could not be written, for instance because the disk is full.
    """
    target = Path(path)
    # Named before it is made: an interruption at any moment knows what to remove.
    temporary = temporary_path(target.parent, _full_suffix(target))
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        replace_durably(temporary, target)
    except OSError as error:
        raise OutputError(_explain(target, error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace_durably(source: Path, target: Path) -> None:
    """Rename a file so that after a power failure the target is the old or the new file, whole.

    The content reaches the disk before the name does: a rename alone may survive its own file's content.

    Raises:
        OSError: The file cannot be read back or renamed.
    """
    with open(source, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(source, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk, where the system can."""
    with suppress(OSError):  # Windows opens no folders, some network disks sync none.
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _explain(target: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"'{target.name}' could not be written to the folder '{target.parent.name}': {reason}. "
        "Nothing was left behind. Choose a folder that exists, is writable and has free space."
    )


def prepare_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder if needed, check that files can be written to it, and clear away what killed runs left there.

    Raises:
        OutputError: It cannot be made, is a file, or is not writable.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        remove_leftovers(folder)
    except OSError as error:
        raise OutputError(
            f"The output folder '{folder.name}' cannot be used: {error.strerror or error}. "
            "Choose a folder that you may write to."
        ) from error
    return folder


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write bytes, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: str | os.PathLike[str], content: dict[str, Any], compact: bool = False) -> None:
    """Write a JSON object, atomically, on one line where it shall be compact. NaN is not JSON and is refused."""
    style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    write_text(path, json.dumps(content, allow_nan=False, **style) + "\n")
