"""One request to a child process of its own, whose answer comes without blocking."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .workerclient import WorkerClient

POLL_INTERVAL_MS = 100


class WorkerQuestion:
    """Asks the child one thing and ends it with the answer.

    The child of the runs is left alone: it may be busy, and one that started before a
    package was installed does not know it.

    Args:
        command: A command of ``SuperResRadiomicsLib.worker.server``.
        onAnswer: Given the command's result.
        onFailed: Given a sentence that says why there is none.
        seconds: How long to wait.
        parameters: The command's own.
    """

    def __init__(
        self,
        command: str,
        onAnswer: Callable[[dict[str, Any]], None],
        onFailed: Callable[[str], None],
        seconds: float,
        **parameters: Any,
    ) -> None:
        import SuperResRadiomicsLib.worker

        self._onAnswer, self._onFailed = onAnswer, onFailed
        self._end = time.monotonic() + seconds
        self._client: WorkerClient | None = WorkerClient(SuperResRadiomicsLib.worker.SCRIPT)
        self._client.request(command, **parameters)
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_INTERVAL_MS)
        self._timer.connect("timeout()", self._poll)
        self._timer.start()

    @property
    def isPending(self) -> bool:
        """Whether the answer is still to come."""
        return self._client is not None

    def wait(self) -> None:
        """Come back with the answer; the application stays responsive."""
        while self.isPending:
            slicer.app.processEvents()
            time.sleep(0.01)

    def cancel(self) -> None:
        """End the child; nobody is called any more."""
        self._timer.stop()
        if self._client is not None:
            self._client.kill()
        self._client = None

    def _poll(self) -> None:
        for message in self._client.poll() if self._client else ():
            if message["event"] == "result":
                self.cancel()
                self._onAnswer(message["result"])
                return
            if message["event"] in ("error", "ended"):
                self.cancel()
                self._onFailed(message["message"])
                return
        if self.isPending and time.monotonic() > self._end:
            self.cancel()
            self._onFailed(_("The computing process did not answer in time."))
