"""The line that says how much memory a run will take; the lesion is looked for in short turns."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import prod
from typing import Any

import slicer

from .cardtext import memoryText
from .choices import drawsSamples, segmentsOf
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, Parameters
from .turns import Turns
from .volumefacts import hasVoxels


class MemoryLine:
    """Estimates for the lesion that is chosen, whenever the choices change.

    Args:
        show: Shows the text; empty where there is nothing to enhance.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._state: Any = None
        self._boxes: dict[Any, Any] = {}  # By what the lesion is and when it was drawn; the latest only.
        self._turns = Turns()

    def update(self, parameters: Parameters, card: Any) -> None:
        """Estimate anew where something changed; ``card`` may be None."""
        state = (_lesionState(parameters), card, parameters.margin, parameters.samples)
        if state == self._state:
            return
        self._state = state
        self._turns.start(self._text(parameters, card), self._show)

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._turns.cancel()
        self._state, self._boxes = None, {}

    def _text(self, parameters: Parameters, card: Any) -> Generator[None, None, str]:
        from SuperResRadiomicsLib.errors import SuperResError

        if card is None or not hasVoxels(parameters.inputVolume):
            return ""
        try:
            box = yield from self._box(parameters)
        except SuperResError:  # The click says what is wrong with the lesion.
            return ""
        samples = parameters.samples if drawsSamples(card) else 0
        return memoryText(parameters.inputVolume, card, box, parameters.margin, samples)

    def _box(self, parameters: Parameters) -> Generator[None, None, Any]:
        """The box of the largest lesion that is chosen, in voxels of the volume; None for the whole volume."""
        state = _lesionState(parameters)
        if state not in self._boxes:
            found = yield from _largestBox(parameters)
            self._boxes = {state: found}
        return self._boxes[state]


def _largestBox(parameters: Parameters) -> Generator[None, None, Any]:
    from SuperResRadiomicsLib.io.mrml import box_from_roi_node, grid_from_volume_node
    from SuperResRadiomicsLib.io.mrml_segment import segment_part

    volume, kind = parameters.inputVolume, parameters.lesionKind
    if kind == ROI and parameters.roi is not None:
        return box_from_roi_node(parameters.roi, volume)
    boxes = []
    for segmentId in _segments(parameters):
        part = yield from segment_part(parameters.segmentation, segmentId, volume)
        boxes.append(part.inside(grid_from_volume_node(volume)))
    return max(boxes, key=lambda box: prod(box.size), default=None)


def _segments(parameters: Parameters) -> list[str]:
    known = segmentsOf(parameters.segmentation)
    if parameters.lesionKind == ALL_SEGMENTS:
        return list(known)
    return [parameters.segmentId] if parameters.lesionKind == SEGMENT and parameters.segmentId in known else []


def _lesionState(parameters: Parameters) -> tuple[Any, ...]:
    """What tells one lesion from another, and from itself after an edit."""
    nodes = (parameters.inputVolume, parameters.segmentation, parameters.roi)
    times = tuple((node.GetID(), node.GetMTime()) if node else None for node in nodes)
    return (slicer.mrmlScene, *times, parameters.lesionKind, parameters.segmentId)
