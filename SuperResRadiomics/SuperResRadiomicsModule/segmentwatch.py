"""Notices when the voxels of a segment change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from .turns import Turns


class SegmentWatch(VTKObservationMixin):
    """Follows one segment; another name or colour, or another segment, is no edit.

    Args:
        onEdited: Called when the segment was edited, or edited back.

    Attributes:
        isEdited: Whether its voxels are others than those that are expected.
    """

    def __init__(self, onEdited: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._onEdited = onEdited
        self._segmentId, self._expected = "", ""
        self._turns = Turns()
        self.isEdited = False

    def follow(self, segmentation: Any, segmentId: str, expected: str) -> None:
        """Follow a segment whose voxels had a fingerprint."""
        self.letGo()
        self._segmentId, self._expected = segmentId, expected
        event = slicer.vtkSegmentation.SourceRepresentationModified
        self.addObserver(segmentation, event, self._onModified)
        self._compareSoon(segmentation, isLater=True)  # There is enough to do while a table is shown.

    def letGo(self) -> None:
        """Follow nothing."""
        self._turns.cancel()
        self.removeObservers()
        self.isEdited = False

    def _onModified(self, segmentation: Any, event: Any) -> None:
        """The event comes for all segments alike, and does not always tell which; at each stroke of a brush."""
        self._compareSoon(segmentation)

    def _compareSoon(self, segmentation: Any, isLater: bool = False) -> None:
        self._turns.start(fingerprintSteps(segmentation, self._segmentId), self._compare, isLater)

    def _compare(self, found: str) -> None:
        isEdited = found != self._expected
        if isEdited != self.isEdited:
            self.isEdited = isEdited
            self._onEdited()


def fingerprint(segmentation: Any, segmentId: str) -> str:
    """Changes when voxels of a segment do; empty when it is gone or no labelmap."""
    from SuperResRadiomicsLib.io.steps import run_steps

    return run_steps(fingerprintSteps(segmentation, segmentId))


def fingerprintSteps(segmentation: Any, segmentId: str) -> Generator[None, None, str]:
    """The same in short steps: the labelmap can be as large as the scan, and only the lesion is hashed."""
    from SuperResRadiomicsLib.io.mrml_segment import drawn_voxels

    segments = segmentation.GetSegmentation()
    segment = segments.GetSegment(segmentId)
    labelmap = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    if segment is None or segments.GetSourceRepresentationName() != labelmap:
        return ""
    drawn = yield from drawn_voxels(segment)
    if drawn is None:
        return hashlib.sha256(b"").hexdigest()
    mask, start, _image = drawn
    k, j, i = np.nonzero(mask)
    places = np.stack([i + start[0], j + start[1], k + start[2]]).astype(np.int32)
    return hashlib.sha256(places.tobytes()).hexdigest()
