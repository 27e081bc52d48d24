"""Output sets: what this software wrote into a folder, known by hash, and so the only things there that it may replace.

A set is a group of files that belong together, such as an enhancement's images; one of them is its record (see
`SuperResRadiomicsLib.io.records`). A file is ours if a record in its folder lists it and its content is still the same;
anything else is the user's and stays, unless ``overwrite`` says otherwise. A set is replaced as a whole, with the sets
built on it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError
from .files import prepare_folder, replace_durably, sync_folder, write_json
from .leftovers import temporary_path
from .records import BUILT_ON, HASHES, Record, is_ours, listed, names_in, read_record, records_in, seal


@contextmanager
def output_set(
    folder: str | os.PathLike[str],
    record: str,
    *,
    names: Iterable[str] = (),
    inputs: Iterable[str | os.PathLike[str]] = (),
    overwrite: bool = False,
    built_on: str | None = None,
) -> Iterator[Path]:
    """Give a temporary folder whose files become the set in ``folder`` when the block succeeds.

    The temporary folder lies inside the final one (so a move is a rename, and a folder that cannot be written to is
    refused before the work begins) and bears its name (which messages show). After a failure or Ctrl-C nothing new
    remains and the earlier set stands. A power failure leaves the earlier set, the new one, or a record whose files
    are missing, which `verified_record` refuses.

    Args:
        folder: The folder for the outputs; made if needed.
        record: Name of the set's record, a JSON object that the block writes.
        names: Files that the block will write, as far as known: what stands in their way is refused at once.
        inputs: Files and folders that the work reads; nothing is written over them, whatever ``overwrite`` says.
        overwrite: Replace files that are not ours, or that were changed since.
        built_on: The record of another set in the folder, without which this one makes no sense: it goes with it.

    Yields:
        The folder to write to.

    Raises:
        OutputError: The folder cannot be used, the user's files are in the way, or what the set is built on changed.

    Examples:
        >>> import json, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with output_set(folder, "table.json") as staging:
        ...     _ = (staging / "table.csv").write_text("a,b")
        ...     _ = (staging / "table.json").write_text("{}")
        >>> sorted(json.loads((Path(folder) / "table.json").read_text())["sha256"])
        ['table.csv', 'table.json']
    """
    target, sources = Path(folder), [Path(path) for path in inputs]
    is_new = not target.exists()
    temporary = temporary_path(target)
    try:
        prepare_folder(target)
        with _alone_in(target):
            _check({record, *names}, target, sources, overwrite)
            foundation = read_record(target / built_on) if built_on else None
        staging = temporary / target.resolve().name
        staging.mkdir(parents=True)
        yield staging
        seal(staging, record, built_on)
        with _alone_in(target):
            if built_on and read_record(target / built_on) != foundation:
                raise OutputError(f"'{built_on}' changed while this was computed from it. Start again.")
            _publish(staging, target, sources, overwrite)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # It holds outputs.
                target.rmdir()


def save_record(
    path: str | os.PathLike[str],
    content: Record,
    inputs: Iterable[str | os.PathLike[str]] = (),
    overwrite: bool = False,
    compact: bool = False,
) -> None:
    """Write a JSON object that is a set of its own, on one line where it shall be compact.

    Raises:
        OutputError: As `output_set`.
    """
    target = Path(path)
    with output_set(target.parent, target.name, inputs=inputs, overwrite=overwrite) as staging:
        write_json(staging / target.name, content, compact)


def check_outputs(
    paths: Iterable[str | os.PathLike[str]], inputs: Iterable[str | os.PathLike[str]] = (), overwrite: bool = False
) -> None:
    """Refuse, before long work, to write files that are inputs, or that are there and not ours.

    Args:
        paths: The files that will be written.
        inputs: As for `output_set`.
        overwrite: Likewise.

    Raises:
        OutputError: One of them is in the way.
    """
    sources = [Path(path) for path in inputs]
    for path in map(Path, paths):
        _check([path.name], path.parent, sources, overwrite)


def _check(names: Iterable[str], target: Path, inputs: list[Path], overwrite: bool) -> None:
    """Refuse to write or remove what is an input, or not ours."""
    records = records_in(target)
    touched = {*names}
    for each in _leaving(records, touched):
        touched |= {*records[each][HASHES]}
    _check_inputs(sorted(touched), target, inputs)
    if overwrite:
        return
    foreign = [
        name for name in sorted(touched) if os.path.lexists(target / name) and not is_ours(target, name, records)
    ]
    if foreign:
        raise OutputError(
            f"The folder '{target.resolve().name}' holds {listed(foreign)}, which this software did not write or "
            "which changed since. Nothing was touched. Choose another folder, move the files away, or give --overwrite."
        )


def _check_inputs(touched: Iterable[str], target: Path, inputs: list[Path]) -> None:
    folder = target.resolve()
    for source in inputs:
        if source.is_dir() and folder.is_relative_to(source.resolve()):
            raise OutputError(
                f"The folder '{folder.name}' for the results is, or lies in, the input '{source.resolve().name}'. "
                "Choose a folder outside of it."
            )
        for name in touched:
            if _is_within(folder / name, source):
                raise OutputError(
                    f"'{name}' in the folder '{folder.name}' is an input of this command, and would be replaced or "
                    "removed. Nothing was touched. Choose another folder for the results."
                )


def _is_within(path: Path, source: Path) -> bool:
    if source.is_dir():
        return path.resolve().is_relative_to(source.resolve())
    with suppress(OSError):  # One of them does not exist.
        return path.samefile(source)
    return path.resolve() == source.resolve()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait for the folder, so that two runs never mix their files; the system lets go when a process ends."""
    try:
        import fcntl
    except ImportError:  # Windows: the check before the move has to do.
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # A network disk without locks.
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _publish(staging: Path, target: Path, inputs: list[Path], overwrite: bool) -> None:
    """Put the new set in the place of the earlier one: its files go, the new record comes, then the other new files.

    At every moment the records list all files that are ours.
    """
    files = names_in(staging)
    _check(files, target, inputs, overwrite)
    earlier, new = records_in(target), records_in(staging)
    try:
        for each in _leaving(earlier, {*files}):
            for name in {*earlier[each][HASHES]} - {each}:
                _remove(target, name)
            if each not in new:
                _remove(target, each)
        for name in sorted(files, key=lambda name: name not in new):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            replace_durably(staging / name, target / name)
        sync_folder(target)
    except OSError as error:
        raise OutputError(
            f"The outputs could not be moved to '{target.resolve().name}': {error.strerror or error}."
        ) from error


def _remove(target: Path, name: str) -> None:
    path = target / name
    path.unlink(missing_ok=True)
    with suppress(OSError):  # A folder holds further files.
        while path.parent != target:
            path = path.parent
            path.rmdir()


def _leaving(records: dict[str, Record], names: set[str]) -> list[str]:
    """List the sets that go when files of these names come: those with such a record, and those built on them."""
    return [name for name, content in records.items() if name in names or content.get(BUILT_ON) in names]
