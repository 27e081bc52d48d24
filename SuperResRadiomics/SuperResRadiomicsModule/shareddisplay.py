"""Volumes that are shown with one window, level and colour table."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from slicer.util import VTKObservationMixin


class SharedDisplay(VTKObservationMixin):
    """Keeps the display of several volumes equal: a window that is changed in one view changes in all.

    Args:
        volumes: Scalar volume nodes; the first one gives window, level and colours to begin with.
    """

    def __init__(self, volumes: list[Any]) -> None:
        super().__init__()
        self._copying = False
        self._displays = list(dict.fromkeys(map(displayNode, volumes)))  # Volumes may have one in common.
        self._copyFrom(self._displays[0])
        for display in self._displays:
            self.addObserver(display, vtk.vtkCommand.ModifiedEvent, self._onModified)

    def release(self) -> None:
        """Let every volume have its own display again."""
        self.removeObservers()

    def _onModified(self, caller: Any, event: Any) -> None:
        if not self._copying:
            self._copyFrom(caller)

    def _copyFrom(self, source: Any) -> None:
        self._copying = True
        try:
            for display in self._displays:
                if display is not source:
                    copyDisplay(source, display)
        finally:
            self._copying = False


def displayNode(volume: Any) -> Any:
    """A volume's display node; it is made when there is none."""
    if volume.GetDisplayNode() is None:
        volume.CreateDefaultDisplayNodes()
    return volume.GetDisplayNode()


def copyDisplay(source: Any, target: Any) -> None:
    """Give one display node the window, level and colours of another."""
    with slicer.util.NodeModify(target):
        target.SetAutoWindowLevel(False)
        target.SetWindowLevel(source.GetWindow(), source.GetLevel())
        target.SetAndObserveColorNodeID(source.GetColorNodeID())
