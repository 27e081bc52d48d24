"""Long work in short turns, between which the application has its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import qt

SECONDS_PER_TURN = 0.008


class Turns:
    """Runs one generator at a time to its end, without holding up the application."""

    def __init__(self) -> None:
        self._steps: Generator[None, None, Any] | None = None
        self._onDone: Callable[[Any], None] = lambda result: None
        self._timer = qt.QTimer()
        self._timer.setInterval(0)
        self._timer.connect("timeout()", self._turn)

    @property
    def isBusy(self) -> bool:
        """Whether there is something to do."""
        return self._steps is not None

    def start(self, steps: Generator[None, None, Any], onDone: Callable[[Any], None]) -> None:
        """Begin, at once; what was not finished is forgotten.

        Args:
            steps: Yields now and then.
            onDone: Given the generator's value.
        """
        self._steps, self._onDone = steps, onDone
        self._turn()
        if self.isBusy:
            self._timer.start()

    def cancel(self) -> None:
        """Do no more."""
        self._timer.stop()
        self._steps = None

    def _turn(self) -> None:
        end = time.thread_time() + SECONDS_PER_TURN
        try:
            while self._steps is not None and time.thread_time() < end:
                next(self._steps)
        except StopIteration as done:
            self.cancel()
            self._onDone(done.value)
