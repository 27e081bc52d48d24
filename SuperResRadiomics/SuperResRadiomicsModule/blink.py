"""Two images in the same place, shown in turn: the eye sees a difference as movement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

# Below three flashes a second, the limit for photosensitive people (WCAG 2.3.1).
INTERVAL_MS = 600


class Blink:
    """Switches a slice view between its background and its foreground.

    Args:
        onTurn: Told at each turn whether the foreground is what shows.
    """

    def __init__(self, onTurn: Callable[[bool], None]) -> None:
        self._onTurn = onTurn
        self._compositeNode: Any = None
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL_MS)
        self._timer.connect("timeout()", self.turn)

    @property
    def isRunning(self) -> bool:
        """Whether the view blinks."""
        return self._compositeNode is not None

    def start(self, compositeNode: Any) -> None:
        """Begin with the foreground of a view, given by its slice composite node."""
        self._compositeNode = compositeNode
        compositeNode.SetForegroundOpacity(0.0)
        self._timer.start()
        self.turn()

    def stop(self) -> None:
        """End; what shows stays as it is."""
        self._timer.stop()
        self._compositeNode = None

    def turn(self) -> None:
        """Show the other image."""
        if self._compositeNode is None:
            return
        showForeground = self._compositeNode.GetForegroundOpacity() < 0.5
        self._compositeNode.SetForegroundOpacity(1.0 if showForeground else 0.0)
        self._onTurn(showForeground)
