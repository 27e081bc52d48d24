"""The child process that computes features; it never loads torch, and cancelling it leaves the other one warm."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .workerclient import Message, WorkerClient


@dataclass
class Question:
    """A request that was sent.

    Attributes:
        onResult: Given the result.
        onFailed: Given a sentence for the user.
        onProgress: Told how many steps are done of how many (0: unknown).
        folder: Temporary folder to remove at the end, or None.
    """

    onResult: Callable[[dict[str, Any]], None]
    onFailed: Callable[[str], None]
    onProgress: Callable[[int, int], None]
    folder: Path | None = None


class FeatureWorker:
    """Asks the child process, and hands its answers out when polled."""

    def __init__(self) -> None:
        import SuperResRadiomicsLib.worker

        script = SuperResRadiomicsLib.worker.SCRIPT
        self._client = WorkerClient(script)
        self._questions: dict[int, Question] = {}

    @property
    def isBusy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._questions)

    @property
    def processId(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._client.processId

    def ask(
        self,
        command: str,
        parameters: dict[str, Any],
        onResult: Callable[[dict[str, Any]], None],
        onFailed: Callable[[str], None],
        onProgress: Callable[[int, int], None] = lambda done, total: None,
        folder: Path | None = None,
    ) -> None:
        """Send a request; the temporary folder is removed when it is answered or cancelled."""
        identifier = self._client.request(command, **parameters)
        self._questions[identifier] = Question(onResult, onFailed, onProgress, folder)

    def poll(self) -> None:
        """Hand out what came since the last call."""
        for message in self._client.poll():
            self._handle(message)

    def cancel(self) -> None:
        """End the child process and forget all requests."""
        self._client.kill()
        self._drop()

    def _handle(self, message: Message) -> None:
        event = message["event"]
        if event == "ended":
            for question in self._drop():
                question.onFailed(message["message"])
        elif event == "progress" and message["id"] in self._questions:
            self._questions[message["id"]].onProgress(message["done"], message["total"])
        elif event in ("result", "error") and message["id"] in self._questions:
            question = self._questions.pop(message["id"])
            removeFolder(question.folder)
            if event == "error":
                question.onFailed(message["message"])
            else:
                question.onResult(message["result"])

    def _drop(self) -> list[Question]:
        dropped, self._questions = list(self._questions.values()), {}
        for question in dropped:
            removeFolder(question.folder)
        return dropped


def makeFolder() -> Path:
    """A temporary folder for one request."""
    return Path(tempfile.mkdtemp(prefix="SuperResRadiomics-"))


def removeFolder(folder: Path | None) -> None:
    """Remove a temporary folder, if any."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
