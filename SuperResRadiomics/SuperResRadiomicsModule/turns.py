"""Long work in short turns, between which the application has its own."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Generator
from typing import Any

import qt

SECONDS_PER_TURN = 0.008


class Rota:
    """Lets those who have something to do have their turns, one in each round of the application."""

    def __init__(self) -> None:
        self._waiting: collections.deque[Turns] = collections.deque()
        self._timer: Any = None

    def add(self, turns: Turns) -> None:
        """Put someone at the end."""
        if self._timer is None:
            self._timer = qt.QTimer()
            self._timer.setInterval(0)
            self._timer.connect("timeout()", self._next)
        if turns not in self._waiting:
            self._waiting.append(turns)
        self._timer.start()

    def remove(self, turns: Turns) -> None:
        """Take someone out, who may not be in."""
        if turns in self._waiting:
            self._waiting.remove(turns)
        if self._timer is not None and not self._waiting:
            self._timer.stop()

    def _next(self) -> None:
        if not self._waiting:
            return
        turns = self._waiting[0]
        self._waiting.rotate(-1)
        turns.turn()


_rota = Rota()


class Turns:
    """Runs one generator at a time to its end, without holding up the application."""

    def __init__(self) -> None:
        self._steps: Generator[None, None, Any] | None = None
        self._onDone: Callable[[Any], None] = lambda result: None

    @property
    def isBusy(self) -> bool:
        """Whether there is something to do."""
        return self._steps is not None

    def start(self, steps: Generator[None, None, Any], onDone: Callable[[Any], None], isLater: bool = False) -> None:
        """Begin; what was not finished is forgotten.

        Args:
            steps: Yields now and then.
            onDone: Given the generator's value.
            isLater: Whether to begin with the application's next turn instead of at once.
        """
        self._steps, self._onDone = steps, onDone
        if not isLater:
            self.turn()
        if self.isBusy:
            _rota.add(self)

    def cancel(self) -> None:
        """Do no more."""
        _rota.remove(self)
        self._steps = None

    def finish(self) -> None:
        """Do at once what is left."""
        while self.isBusy:
            self.turn()

    def turn(self) -> None:
        """Go on for a moment."""
        end = time.thread_time() + SECONDS_PER_TURN
        try:
            while self._steps is not None and time.thread_time() < end:
                next(self._steps)
        except StopIteration as done:
            self.cancel()
            self._onDone(done.value)
