"""What people see on standard error, what machines read on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION

output = Console()
notes = Console(stderr=True)


def note(text: str) -> None:
    """Tell people something on standard error."""
    notes.print(text, markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """Warn people on standard error."""
    notes.print(f"Warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def tell_warnings(warnings: Iterable[str]) -> None:
    """Warn people of each."""
    for warning in warnings:
        warn(warning)


def print_files(folder: Path, files: Iterable[Path], more: Iterable[str] = ()) -> None:
    """Name what was written, for people: files, and what else lies in the folder."""
    output.print(f"The results are in {folder}:", markup=False, highlight=False, soft_wrap=True)
    for name in (*(file.name for file in files), *more):
        output.print(f"  {name}", markup=False, highlight=False)


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object with schema version and notice; NaN, which JSON lacks, is refused."""
    envelope = {"schema_version": SCHEMA_VERSION, "notice": NOT_FOR_CLINICAL_USE}
    sys.stdout.write(json.dumps(envelope | content, indent=2, allow_nan=False) + "\n")


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, where that is a terminal.

    Yields:
        What to call with the number of parts done and their total.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=notes, disable=not notes.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
