"""The module's end of the child process that holds torch."""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

SCHEMA_VERSION = 1
LOG_LINES_KEPT = 500
SECONDS_TO_END = 2.0
SECONDS_FOR_READERS = 0.005

Message = dict[str, Any]


class WorkerClient:
    """Sends requests to one child process and collects its answers without blocking.

    The child is started by the first request, kept for the next ones, and started anew
    after it was killed or died. The protocol is described in ``SuperResRadiomicsLib.worker.server``.

    Args:
        script: Path of ``worker/__main__.py``.
        python: Interpreter; by default Slicer's, or the running one outside the application.

    Attributes:
        log: The latest lines that children wrote to their standard error, and when each began and ended.
    """

    def __init__(self, script: Path, python: str | None = None) -> None:
        self._arguments = [python or shutil.which("PythonSlicer") or sys.executable, str(script)]
        self._environment = {**os.environ, **environmentWithRadiomics()}
        self._child: Child | None = None
        self._identifiers = itertools.count(1)
        self.log: collections.deque[str] = collections.deque(maxlen=LOG_LINES_KEPT)

    @property
    def processId(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._child.process.pid if self._child else None

    def request(self, command: str, **parameters: Any) -> int:
        """Send a request; returns the id that its answers will carry."""
        if self._child is None or self._child.hasEnded:
            self.kill()
            self._child = Child(self._arguments, self._environment, self.log)
            self._note(_("Computing process {id} started.").format(id=self.processId))
        identifier = next(self._identifiers)
        self._child.send({"schema_version": SCHEMA_VERSION, "id": identifier, "command": command, **parameters})
        return identifier

    def poll(self) -> list[Message]:
        """Messages that came since the last call; the last is of event ``ended`` when the child died."""
        # Slicer's main thread keeps Python's lock between callbacks: this is the readers' turn.
        time.sleep(SECONDS_FOR_READERS)
        messages = self._child.receive() if self._child else []
        if messages and messages[-1]["event"] == "ended":
            self._note(messages[-1]["message"])
            self.kill()
        return messages

    def kill(self) -> None:
        """End the child and every process that it started."""
        if self._child:
            self._child.kill()
            self._note(_("Computing process {id} ended.").format(id=self.processId))
            self._child = None

    def _note(self, text: str) -> None:
        self.log.append(f"{time.strftime('%H:%M:%S')} {text}")


class Child:
    """A running child process with the threads that read from it."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: collections.deque[str]) -> None:
        self._messages: queue.Queue[Message | None] = queue.Queue()  # None: no more will come.
        self._log = log
        self._lastError = ""
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

    def send(self, message: Message) -> None:
        """Write one line; a child that just died will show by its ``ended`` message."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def receive(self) -> list[Message]:
        """What arrived since the last call."""
        if self.hasEnded:
            # PythonSlicer is a launcher: when it was killed, the interpreter that it started still runs.
            killTree(self.process)
        messages = []
        with contextlib.suppress(queue.Empty):
            while True:
                messages.append(self._messages.get_nowait() or self._lastMessage())
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

    def _readMessages(self) -> None:
        for line in self.process.stdout:
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def _readErrors(self) -> None:
        for line in self.process.stderr:
            self._lastError = line.rstrip()
            self._log.append(self._lastError)

    def _lastMessage(self) -> Message:
        """Why the child is gone, as far as one can tell."""
        try:
            code = self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            killTree(self.process)
            code = self.process.wait()
        if -code == getattr(signal, "SIGKILL", None):
            text = _("The computing process was killed, by a person or because memory ran out. Try again.")
        else:
            self._readers[1].join()
            reason = self._lastError or _("no reason given")
            text = _("The computing process ended unexpectedly (exit code {code}): {reason}")
            text = text.format(code=code, reason=reason)
        return {"event": "ended", "message": text}


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
