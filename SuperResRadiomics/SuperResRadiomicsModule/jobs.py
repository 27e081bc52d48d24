"""What the child process is asked to do, one job after another."""

from __future__ import annotations

import collections
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import slicer
from slicer.i18n import tr as _

from .workerclient import Message, WorkerClient

Progress = Callable[[str, int, int], None]
"""Told the stage and the steps done of how many (0: not known)."""


class Failure(str):
    """Why a job failed, as a sentence to show.

    Attributes:
        error: The error's class in the package, such as ``OutOfMemoryError``.
    """

    error = ""


class RunFailed(Exception):
    """A job ended with an error that is to be shown to the user."""

    def __init__(self, message: str, error: str = "") -> None:
        super().__init__(message)
        self.error = error


class Job:
    """One request to the child process; what is made of its answer is told to the callbacks.

    Args:
        command: The worker's command.
        parameters: Its parameters.
    """

    def __init__(self, command: str = "", **parameters: Any) -> None:
        self._command, self._parameters = command, parameters

    @property
    def nodes(self) -> list[Any]:
        """The nodes without which the job has no sense."""
        return []

    def begin(self, client: WorkerClient) -> int:
        """Send the request; returns its id.

        Raises:
            SuperResError: It cannot be made.
        """
        return client.request(self._command, **self._parameters)

    def finish(self, result: dict[str, Any]) -> Any:
        """Turn the child's result into what ``onFinished`` gets."""
        return result

    def discard(self) -> None:
        """Let go of temporary files; called once, however the job ended."""


@dataclass
class Entry:
    """A job in the queue, with whom to tell.

    Attributes:
        background: The user does not wait for it: no progress is shown, no button is disabled.
    """

    job: Job
    onFinished: Callable[[Any], None] = lambda result: None
    onFailed: Callable[[Failure], None] = lambda failure: None
    onProgress: Progress = lambda stage, done, total: None
    background: bool = False
    identifier: int | None = field(default=None, init=False)


class JobQueue:
    """Jobs wait here for the child process; the first one is being done.

    Args:
        client: The child process.
        onChanged: Called after a job was added, or ended in whatever way.
    """

    def __init__(self, client: WorkerClient, onChanged: Callable[[], None]) -> None:
        self._client = client
        self._onChanged = onChanged
        self._entries: collections.deque[Entry] = collections.deque()

    @property
    def isEmpty(self) -> bool:
        """Whether there is nothing to do."""
        return not self._entries

    @property
    def isRunning(self) -> bool:
        """Whether there is something that the user waits for."""
        return any(not entry.background for entry in self._entries)

    @property
    def lacksNodes(self) -> bool:
        """Whether a node that a job needs is gone from the scene."""
        nodes = [node for entry in self._entries for node in entry.job.nodes]
        return any(not slicer.mrmlScene.IsNodePresent(node) for node in nodes)

    def add(self, entry: Entry) -> None:
        """Put a job at the end; it begins at once where there is no other."""
        self._entries.append(entry)
        self._onChanged()
        self._beginNext()

    def poll(self) -> None:
        """Hand the child's answers to the job that waits for them."""
        for message in self._client.poll():
            if self._entries:
                self._handle(self._entries[0], message)

    def cancel(self) -> None:
        """End the child process, and forget all jobs."""
        self._client.kill()
        entries = list(self._entries)
        self._entries.clear()
        for entry in entries:
            entry.job.discard()
        self._onChanged()

    def _beginNext(self) -> None:
        while self._entries and self._entries[0].identifier is None:
            entry = self._entries[0]
            try:
                entry.identifier = entry.job.begin(self._client)
            except Exception as error:
                self._fail(entry, error)

    def _handle(self, entry: Entry, message: Message) -> None:
        event = message["event"]
        if event != "ended" and message.get("id") != entry.identifier:
            return
        try:
            if event in ("ended", "error"):
                raise RunFailed(message["message"], message.get("error", ""))
            if event == "progress":
                entry.onProgress(message["stage"], message["done"], message["total"])
                return
            result = entry.job.finish(message["result"])
        except Exception as error:
            self._fail(entry, error)
        else:
            self._remove(entry)
            entry.onFinished(result)
            self._onChanged()
        self._beginNext()

    def _fail(self, entry: Entry, error: Exception) -> None:
        self._remove(entry)
        entry.onFailed(_failure(error))
        self._onChanged()

    def _remove(self, entry: Entry) -> None:
        self._entries.remove(entry)
        entry.job.discard()


def _failure(error: Exception) -> Failure:
    from SuperResRadiomicsLib.errors import SuperResError

    if isinstance(error, (RunFailed, SuperResError)):
        failure = Failure(error)
        failure.error = getattr(error, "error", "") or type(error).__name__
        return failure
    logging.error("SuperResRadiomics: internal error", exc_info=error)
    return Failure(_("Internal error: {error}. The log has the details; please report it.").format(error=error))
