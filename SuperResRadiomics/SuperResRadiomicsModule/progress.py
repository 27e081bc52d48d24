"""How long a run will still take, from the tiles that are done."""

from __future__ import annotations

import time
from collections.abc import Callable

from slicer.i18n import tr as _

MINUTE = 60
LEAST_SECONDS = 1.0
"""No forecast from less time than this: the first tiles are slower than the others."""


class TimeLeft:
    """Forecasts the end of a stage.

    Args:
        clock: Seconds, from any zero.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin: tuple[int, float] | None = None
        self._last = 0

    def restart(self) -> None:
        """Forget what was seen: another stage or another lesion begins."""
        self._begin = None

    def seconds(self, done: int, total: int) -> float | None:
        """Seconds to go; None while that cannot be told.

        Args:
            done: Steps done.
            total: Of how many.
        """
        now = self._clock()
        if self._begin is None or done < self._last:
            self._begin = done, now
        self._last = done
        steps, elapsed = done - self._begin[0], now - self._begin[1]
        if steps == 0 or elapsed < LEAST_SECONDS:
            return None
        return elapsed / steps * (total - done)


def describeSeconds(seconds: float) -> str:
    """A duration for people."""
    if seconds < MINUTE:
        return _("about {seconds} s left").format(seconds=max(1, round(seconds)))
    return _("about {minutes} min left").format(minutes=round(seconds / MINUTE))
