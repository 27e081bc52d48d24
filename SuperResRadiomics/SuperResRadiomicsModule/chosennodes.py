"""Follows the chosen nodes: a volume's voxels and a segmentation's segments decide what can be done, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.util import VTKObservationMixin

from .parameters import Parameters


class ChosenNodes(VTKObservationMixin):
    """Observes the chosen volume and segmentation.

    Args:
        onModified: Called when the volume's voxels were replaced or edited, or a segment was added or removed.
    """

    def __init__(self, onModified: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._onModified = onModified
        self._observed: set[tuple[Any, int]] = set()

    def follow(self, parameters: Parameters | None) -> None:
        """Observe what these parameters choose, and nothing else."""
        wanted = set()
        if parameters is not None and parameters.inputVolume:
            wanted.add((parameters.inputVolume, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent))
        if parameters is not None and parameters.segmentation:
            events = (slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentRemoved)
            wanted |= {(parameters.segmentation, event) for event in events}
        for node, event in self._observed - wanted:
            self.removeObserver(node, event, self._tell)
        for node, event in wanted - self._observed:
            self.addObserver(node, event, self._tell)
        self._observed = wanted

    def _tell(self, caller: Any, event: Any) -> None:
        self._onModified()
