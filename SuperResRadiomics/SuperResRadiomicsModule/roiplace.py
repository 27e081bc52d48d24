"""Where a new ROI goes: into the middle of what the user sees, inside the volume."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

SHARE = 0.5
"""Of the visible field, each way."""


def fitToView(roi: Any, volume: Any) -> None:
    """Place a ROI in the middle of a slice view, half as wide as what shows, and no larger than the volume.

    Args:
        roi: vtkMRMLMarkupsROINode; one that has an extent already stays as it is.
        volume: Volume node that it has to lie in, or None.
    """
    if roi is None or min(roi.GetSize()) > 0:
        return
    low, high = _bounds(volume)
    centre, size = _visible()
    if centre is None:
        centre, size = (low + high) / 2, (high - low) * SHARE
    centre = np.clip(centre, low, high)
    halfSize = np.minimum(size / 2, np.minimum(centre - low, high - centre))
    halfSize = np.where(halfSize > 0, halfSize, np.maximum((high - low) / 4, 1.0))
    roi.SetCenter(*centre)
    roi.SetSize(*(2 * halfSize))


def _bounds(volume: Any) -> tuple[np.ndarray, np.ndarray]:
    """The volume's corners in the world, in mm; a litre around the origin without one."""
    bounds = np.array([-50.0, 50.0] * 3)
    if volume is not None and volume.GetImageData() is not None:
        volume.GetRASBounds(bounds)
    return bounds[::2], bounds[1::2]


def _visible() -> tuple[Any, Any]:
    """Middle and size of what the first slice view shows, in the world; None without views."""
    if slicer.app.layoutManager() is None:
        return None, None
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        if not node.IsMappedInLayout():
            continue
        toRas = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
        width, height = node.GetFieldOfView()[:2]
        across = np.array([width, height, min(width, height)]) * SHARE
        return toRas[:3, 3], np.abs(toRas[:3, :3]) @ across
    return None, None
