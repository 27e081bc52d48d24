"""A running child process, with the threads that read from it."""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import os
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

SECONDS_TO_END = 2.0
SECONDS_OF_SILENCE = 120.0
"""So long a child may say nothing, not even that it is alive: the first start on a slow disk takes its time."""
SECONDS_PER_LOOK = 1.0
"""At most this much of the time between two looks counts as silence: the computer may have slept."""


@dataclass(frozen=True)
class Ended:
    """The child is gone, or of no use any more.

    Attributes:
        message: Why, as a sentence for the user.
    """

    message: str


class Child:
    """A running child process.

    Args:
        arguments: What to run.
        environment: Its environment.
        log: Gets the lines of its standard error.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str], log: collections.deque[str]) -> None:
        self._messages: queue.Queue[Any] = queue.Queue()  # None: no more will come.
        self._log = log
        self._lastError = ""
        self._heard, self._silence, self._looked = True, 0.0, time.monotonic()
        self.process = subprocess.Popen(
            arguments,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # A session of its own on POSIX, no console window on Windows.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._readMessages, self._readErrors)]
        for reader in self._readers:
            reader.start()

    @property
    def hasEnded(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def send(self, line: str) -> None:
        """Write one line; that a child just died will show by what it says last."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def receive(self) -> list[Any]:
        """Messages of the protocol that arrived since the last call; the last is `Ended` when no more will come."""
        if self.hasEnded:
            # PythonSlicer is a launcher: when it was killed, the interpreter that it started still runs.
            killTree(self.process)
        messages = []
        with contextlib.suppress(queue.Empty):
            while True:
                messages.append(self._messages.get_nowait() or self._lastMessage())
        if self._silenceSeconds() > SECONDS_OF_SILENCE:
            messages.append(Ended(_("The computing process hangs: it gave no sign of life. It was ended; try again.")))
        return messages

    def kill(self) -> None:
        """End the process tree and wait until it is gone."""
        killTree(self.process)
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):  # A request that could not be delivered is flushed again on closing.
                stream.close()

    def _silenceSeconds(self) -> float:
        """How long nothing was heard while somebody listened."""
        now = time.monotonic()
        self._silence = 0.0 if self._heard else self._silence + min(now - self._looked, SECONDS_PER_LOOK)
        self._heard, self._looked = False, now
        return self._silence

    def _readMessages(self) -> None:
        from SuperResRadiomicsLib.errors import ProtocolError
        from SuperResRadiomicsLib.worker.protocol import Alive, read_answer

        for line in self.process.stdout:
            self._heard = True
            if not line.endswith("\n"):
                break  # It died in the middle of a line.
            try:
                message = read_answer(line)
            except ProtocolError as error:
                message = Ended(str(error))
            if not isinstance(message, Alive):
                self._messages.put(message)
        self._messages.put(None)

    def _readErrors(self) -> None:
        for line in self.process.stderr:
            self._lastError = line.rstrip()
            self._log.append(self._lastError)

    def _lastMessage(self) -> Ended:
        """Why the child is gone, as far as one can tell."""
        try:
            code = self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            killTree(self.process)
            code = self.process.wait()
        if -code == getattr(signal, "SIGKILL", None):
            return Ended(_("The computing process was killed, by a person or because memory ran out. Try again."))
        self._readers[1].join()
        text = _("The computing process ended unexpectedly (exit code {code}): {reason}")
        return Ended(text.format(code=code, reason=self._lastError or _("no reason given")))


def killTree(process: subprocess.Popen[str]) -> None:
    """Kill a process and all that it started; harmless when they are gone."""
    if os.name == "nt":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)],
            capture_output=True,
            check=False,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def environmentWithRadiomics() -> dict[str, str]:
    """The environment in which the child finds the `radiomics` that the extension SlicerRadiomics brings.

    The application puts an extension's packages onto its own Python's path, not onto that of a child. The folder
    goes last, so that it hides nothing.
    """
    found = importlib.util.find_spec("radiomics")
    if found is None or found.origin is None:
        return {}
    folder = str(Path(found.origin).parent.parent)
    return {"PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), folder)))}
