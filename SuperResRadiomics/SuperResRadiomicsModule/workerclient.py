"""The module's one way to the child process: jobs wait here, one child does them, one timer carries them on."""

from __future__ import annotations

import collections
import functools
import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .childprocess import Child, Ended, environmentWithRadiomics
from .jobs import Job, JobFailed, failureOf

POLL_INTERVAL_MS = 100
SECONDS_PER_TURN = 0.008
"""So long a job is prepared at a time; then the application has its turn."""
LOG_LINES_KEPT = 500
SECONDS_FOR_READERS = 0.005


class WorkerClient:
    """Does jobs in a child process, one after another, without blocking.

    The child is started by the first job, kept for the next ones, and started anew after it was killed or died. What is
    said between the two is described in ``SuperResRadiomicsLib.worker.protocol``.

    Args:
        arguments: What to run; by default the package's worker, by Slicer's own interpreter.

    Attributes:
        onChanged: Called after a job was added, or ended in whatever way.
        onPolled: Called whenever the child's answers were looked at.
        log: The latest lines that children wrote to their standard error, and when each began and ended.
    """

    def __init__(self, arguments: list[str] | None = None) -> None:
        self._arguments = arguments
        self._child: Child | None = None
        self._jobs: collections.deque[Job] = collections.deque()
        self._asked: int | None = None  # Id of the request that the first job waits for.
        self._preparing: Any = None  # The first job's preparation, while it goes on.
        self._finishing: Any = None  # What is made of its result, while that goes on.
        self._toTell: Callable[[], None] | None = None  # Tells of the job that is finished, in a turn of its own.
        self._identifiers = itertools.count(1)
        self.onChanged: Callable[[], None] = lambda: None
        self.onPolled: Callable[[], None] = lambda: None
        self.log: collections.deque[str] = collections.deque(maxlen=LOG_LINES_KEPT)
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_INTERVAL_MS)
        self._timer.connect("timeout()", self.poll)

    @property
    def processId(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._child.process.pid if self._child else None

    @property
    def isIdle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._jobs

    @property
    def isRunning(self) -> bool:
        """Whether there is something that the user waits for."""
        return any(not job.isBackground for job in self._jobs)

    @property
    def lacksNodes(self) -> bool:
        """Whether a node that a job is about is gone from the scene."""
        nodes = [node for job in self._jobs for node in job.nodes]
        return any(not slicer.mrmlScene.IsNodePresent(node) for node in nodes)

    def add(self, job: Job) -> None:
        """Put a job at the end; it begins at once where there is no other."""
        self._jobs.append(job)
        self._timer.start()
        self.onChanged()
        self._beginNext()

    def poll(self) -> None:
        """Hand the child's answers to the job that waits for them; the timer calls this."""
        if self._preparing is None and self._finishing is None:
            # Slicer's main thread keeps Python's lock between callbacks: this is the readers' turn.
            time.sleep(SECONDS_FOR_READERS)
        if self._toTell is not None:
            self._tell()
        elif self._finishing is not None:
            self._finishOn(self._jobs[0])
        else:
            for message in self._child.receive() if self._child else []:
                self._handle(message)
        self._beginNext()
        self.onPolled()

    def wait(self, job: Job, seconds: float) -> None:
        """Do a job and come back when it has ended; the application stays responsive meanwhile."""
        self.add(job)
        end = time.monotonic() + seconds
        while job in self._jobs and time.monotonic() < end:
            slicer.app.processEvents()
            time.sleep(0.01)
        if job in self._jobs:
            self._endChild()
            self._fail(job, JobFailed(_("The computing process did not answer in time.")))

    def cancel(self) -> None:
        """End the child process and forget what the user waits for; nothing of it is left."""
        self._tell()
        self._endChild()
        for job in [job for job in self._jobs if not job.isBackground]:
            self._remove(job)
        self.onChanged()
        self._beginNext()

    def close(self) -> None:
        """End the child process and forget all jobs."""
        self._endChild()
        for job in list(self._jobs):
            self._remove(job)
        self._timer.stop()
        self.onChanged()

    def renew(self) -> None:
        """Let the next job have a new child: packages were installed, which this one may not know."""
        if self.isIdle:
            self._endChild()

    def _beginNext(self) -> None:
        while self._jobs and self._asked is None and self._finishing is None and self._toTell is None:
            self._preparing = self._preparing or prepared(self._jobs[0])
            if not self._prepareOn(self._jobs[0]):
                break
        isWaiting = self._preparing is None and self._finishing is None and self._toTell is None
        self._timer.setInterval(POLL_INTERVAL_MS if isWaiting else 0)
        if self.isIdle:
            self._timer.stop()

    def _prepareOn(self, job: Job) -> bool:
        """Prepare a job for a moment; returns whether it is under way, or has failed."""
        try:
            stepOn(self._preparing)
        except StopIteration as prepared:
            self._preparing = None
            self._askOrFail(job, prepared.value)
        except Exception as error:
            self._fail(job, error)
        else:
            return False
        return True

    def _askOrFail(self, job: Job, parameters: dict[str, Any]) -> None:
        try:
            self._ask(job, parameters)
        except Exception as error:
            self._fail(job, error)

    def _ask(self, job: Job, parameters: dict[str, Any]) -> None:
        from SuperResRadiomicsLib.worker.protocol import Request

        request = Request(next(self._identifiers), job.command, parameters)
        if self._child is None or self._child.hasEnded or job.needsNewProcess:
            self._endChild()
            self._child = Child(self._arguments or workerArguments(), childEnvironment(), self.log)
            self._note(_("Computing process {id} started.").format(id=self.processId))
        self._asked = request.id
        self._child.send(request.line())

    def _handle(self, message: Any) -> None:
        from SuperResRadiomicsLib.worker import protocol

        if isinstance(message, Ended):
            self._note(message.message)
            self._endChild(keepQuestion=True)
        if self._asked is None or getattr(message, "id", self._asked) not in (self._asked, protocol.UNREADABLE):
            return
        job = self._jobs[0]
        if isinstance(message, Ended):
            self._fail(job, JobFailed(message.message))
        elif isinstance(message, protocol.Failure):
            self._fail(job, JobFailed(message.message, message.error))
        elif isinstance(message, protocol.Progress):
            job.onProgress(message.stage, message.done, message.total)
        elif isinstance(message, protocol.Result):
            self._asked, self._finishing = None, job.finish(message.result)
            self._finishOn(job)

    def _finishOn(self, job: Job) -> None:
        """Make something of a job's result for a moment."""

        def tell(finished: Any) -> None:
            self._remove(job)
            job.onFinished(finished)
            self.onChanged()

        try:
            stepOn(self._finishing)
        except StopIteration as end:
            self._finishing = None
            self._toTell = functools.partial(tell, end.value)
        except Exception as error:
            self._fail(job, error)

    def _tell(self) -> None:
        """Tell of the job that is finished, if any."""
        tell, self._toTell = self._toTell, None
        if tell is not None:
            tell()

    def _fail(self, job: Job, error: Exception) -> None:
        self._remove(job)
        job.onFailed(failureOf(error))
        self.onChanged()

    def _remove(self, job: Job) -> None:
        if job is self._jobs[0]:
            for steps in (self._preparing, self._finishing):
                if steps is not None:
                    steps.close()
            self._asked = self._preparing = self._finishing = self._toTell = None
        self._jobs.remove(job)
        job.discard()

    def _endChild(self, keepQuestion: bool = False) -> None:
        """End the child and every process that it started; what it was asked is open again."""
        if not keepQuestion:
            self._asked = None
        if self._child:
            self._child.kill()
            self._note(_("Computing process {id} ended.").format(id=self.processId))
            self._child = None

    def _note(self, text: str) -> None:
        self.log.append(f"{time.strftime('%H:%M:%S')} {text}")


def prepared(job: Job) -> Generator[None, None, dict[str, Any]]:
    """The job's preparation; what is needed to ask is loaded in a step of its own."""
    from SuperResRadiomicsLib.worker import protocol  # noqa: F401

    yield
    return (yield from job.prepare())


def stepOn(steps: Any) -> None:
    """Go on with a generator for a moment; it raises StopIteration at its end."""
    end = time.thread_time() + SECONDS_PER_TURN
    while time.thread_time() < end:
        next(steps)


def workerArguments() -> list[str]:
    """What starts the package's worker.

    Raises:
        JobFailed: Slicer's own interpreter is missing.
    """
    from SuperResRadiomicsLib.worker import SCRIPT

    return [interpreter(), str(SCRIPT)]


def interpreter() -> str:
    """Slicer's own Python; outside of the application the running one.

    Raises:
        JobFailed: It is missing from the application.
    """
    found = shutil.which("PythonSlicer")
    if found:
        return found
    running = Path(sys.executable).name
    if "Slicer" in running and not running.startswith("PythonSlicer"):  # The application itself.
        raise JobFailed(
            _("'PythonSlicer', which belongs to Slicer and does the computing, was not found. Install Slicer again.")
        )
    return sys.executable


def childEnvironment() -> dict[str, str]:
    """The child's environment."""
    return {**os.environ, **environmentWithRadiomics()}
