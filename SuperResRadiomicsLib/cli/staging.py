"""All outputs of a command, or none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError
from ..io.files import prepare_folder


@contextmanager
def staged_folder(path: str | os.PathLike[str], outdated: Iterable[str] = ()) -> Iterator[Path]:
    """Give a temporary folder whose files move to ``path`` together when the block succeeds.

    The temporary folder lies inside the final one (so a move is a rename, and a folder
    that cannot be written to is refused before the work begins) and bears its name (which
    messages show). After a failure or Ctrl-C nothing new remains.

    Args:
        path: The folder for the outputs; made if needed.
        outdated: Names of files of an earlier run that must not be taken for this one's; they
            go when the new files come.

    Raises:
        OutputError: The folder cannot be made or written to.
    """
    target = Path(path)
    is_new = not target.exists()
    # Named before it is made: an interruption at any moment knows what to remove.
    temporary = target / f".writing-{secrets.token_hex(4)}"
    try:
        prepare_folder(target)
        temporary.mkdir(0o700)
        staging = temporary / target.resolve().name
        staging.mkdir()
        yield staging
        _move_files(staging, target, outdated)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # It holds outputs.
                target.rmdir()


def _move_files(source: Path, target: Path, outdated: Iterable[str]) -> None:
    try:
        for name in outdated:
            (target / name).unlink(missing_ok=True)
        for file in sorted(source.iterdir()):
            file.replace(target / file.name)
    except OSError as error:
        raise OutputError(f"The outputs could not be moved to '{target.name}': {error.strerror or error}.") from error
