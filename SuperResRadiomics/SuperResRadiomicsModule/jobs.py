"""What the child process is asked to do."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

Progress = Callable[[str, int, int], None]
"""Told the stage and the steps done of how many (0: not known)."""


class Failure(str):
    """Why a job failed, as a sentence to show.

    Attributes:
        error: The error's class in the package, such as ``OutOfMemoryError``.
    """

    error = ""


class JobFailed(Exception):
    """A job ended with an error that is to be shown to the user."""

    def __init__(self, message: str, error: str = "") -> None:
        super().__init__(message)
        self.error = error


class Job:
    """One request to the child process; what is made of its answer is told to the callbacks.

    Args:
        command: A command of ``SuperResRadiomicsLib.worker.protocol``.
        parameters: Its parameters.

    Attributes:
        onFinished: Given what `finish` returns.
        onFailed: Given a `Failure`.
        onProgress: Told how far the job is.
        isBackground: The user does not wait for it: no progress is shown, no button is disabled, and a Cancel
            does not concern it.
        needsNewProcess: It is asked of a child that knows of what was just installed.
    """

    def __init__(self, command: str, **parameters: Any) -> None:
        self.command, self._parameters = command, parameters
        self._folder: Path | None = None
        self.onFinished: Callable[[Any], None] = lambda result: None
        self.onFailed: Callable[[Failure], None] = lambda failure: None
        self.onProgress: Progress = lambda stage, done, total: None
        self.isBackground = self.needsNewProcess = False

    @property
    def nodes(self) -> list[Any]:
        """The nodes that the job is about: without them it is cancelled."""
        return []

    @property
    def folder(self) -> Path:
        """A temporary folder of the job's own, made when it is first asked for."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="SuperResRadiomics-"))
        return self._folder

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write what the child has to read; a generator that yields now and then, so that the application has its turn.

        Returns:
            The request's parameters, as the generator's value.

        Raises:
            SuperResError, JobFailed: The job cannot be done.
        """
        yield from ()
        return self._parameters

    def finish(self, result: dict[str, Any]) -> Generator[None, None, Any]:
        """Turn the child's result into what ``onFinished`` gets; a generator like `prepare`.

        A run can be cancelled at any yield: the scene is changed after the last one.
        """
        yield from ()
        return result

    def discard(self) -> None:
        """Remove the temporary folder; called once, however the job ended."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def failureOf(error: Exception) -> Failure:
    """What to tell the user of an error; an internal one goes to the log as well."""
    from SuperResRadiomicsLib.errors import SuperResError

    if isinstance(error, (JobFailed, SuperResError)):
        failure = Failure(error)
        failure.error = getattr(error, "error", "") or type(error).__name__
        return failure
    logging.error("SuperResRadiomics: internal error", exc_info=error)
    return Failure(_("Internal error: {error}. The log has the details; please report it.").format(error=error))
