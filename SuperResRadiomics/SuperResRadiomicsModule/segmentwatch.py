"""Notices when the voxels of a segment change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from slicer.util import VTKObservationMixin
from vtk.util.numpy_support import vtk_to_numpy


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
        self.isEdited = False

    def follow(self, segmentation: Any, segmentId: str, expected: str) -> None:
        """Follow a segment whose voxels had a fingerprint."""
        self.letGo()
        self._segmentId, self._expected = segmentId, expected
        self.isEdited = fingerprint(segmentation, segmentId) != expected
        event = slicer.vtkSegmentation.SourceRepresentationModified
        self.addObserver(segmentation, event, self._onModified)

    def letGo(self) -> None:
        """Follow nothing."""
        self.removeObservers()
        self.isEdited = False

    def _onModified(self, segmentation: Any, event: Any) -> None:
        """The event comes for all segments alike, and does not always tell which."""
        isEdited = fingerprint(segmentation, self._segmentId) != self._expected
        if isEdited != self.isEdited:
            self.isEdited = isEdited
            self._onEdited()


def fingerprint(segmentation: Any, segmentId: str) -> str:
    """Changes when voxels of a segment do; empty when it is gone or no labelmap."""
    segments = segmentation.GetSegmentation()
    segment = segments.GetSegment(segmentId)
    labelmap = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    isDrawn = segment is not None and segments.GetSourceRepresentationName() == labelmap
    image = segment.GetRepresentation(labelmap) if isDrawn else None
    if image is None or image.GetPointData().GetScalars() is None:
        return ""
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    k, j, i = np.nonzero(voxels == segment.GetLabelValue())
    # Without the margin of the labelmap, which other segments share.
    first = image.GetExtent()[::2]
    places = np.stack([i + first[0], j + first[1], k + first[2]]).astype(np.int32)
    return hashlib.sha256(places.tobytes()).hexdigest()
