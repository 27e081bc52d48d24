"""Where a lesion is in the world, and its outline in the slice views."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk

# What makes a segment's outline visible, and its inside not hide the image.
NODE_SETTINGS = {"Visibility": True, "Visibility2D": True, "Visibility2DOutline": True, "Opacity2DOutline": 1.0}
SEGMENT_SETTINGS = {
    "SegmentVisibility": True,
    "SegmentVisibility2DOutline": True,
    "SegmentVisibility2DFill": False,
    "SegmentOpacity2DOutline": 1.0,
}


@dataclass(frozen=True)
class LesionPlace:
    """A lesion's place in RAS, in mm, parent transforms included.

    Attributes:
        centre: Centre of its voxels, shape (3,).
        corners: The corners of its bounding box along the volume's axes, shape (8, 3).
    """

    centre: np.ndarray
    corners: np.ndarray


def lesionPlace(segmentation: Any, segmentId: str, volume: Any) -> LesionPlace:
    """Find a segment in the world by its voxels on a volume's grid.

    Raises:
        MaskError: The segment does not exist or has no voxel inside the volume.
    """
    from SuperResRadiomicsLib.io.steps import run_steps

    return run_steps(lesionPlaceSteps(segmentation, segmentId, volume))


def lesionPlaceSteps(segmentation: Any, segmentId: str, volume: Any) -> Generator[None, None, LesionPlace]:
    """The same in short steps: the labelmap can be as large as a scan."""
    from SuperResRadiomicsLib.grid import box_corners
    from SuperResRadiomicsLib.io.mrml_segment import segment_part

    part = yield from segment_part(segmentation, segmentId, volume)
    voxels = np.argwhere(part.mask)[:, ::-1] + part.start
    corners = box_corners(voxels.min(axis=0) - 0.5, voxels.max(axis=0) + 0.5)
    world = _toWorld(volume, np.vstack([voxels.mean(axis=0), corners]))
    return LesionPlace(world[0], world[1:])


def _toWorld(volume: Any, indices: np.ndarray) -> np.ndarray:
    """RAS coordinates in the world of voxel indices (i, j, k), shape (n, 3)."""
    ijkToRas = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijkToRas)
    matrix = slicer.util.arrayFromVTKMatrix(ijkToRas)
    points = indices @ matrix[:3, :3].T + matrix[:3, 3]
    world = np.empty_like(points)
    for point, moved in zip(points, world, strict=True):
        volume.TransformPointToWorld(point, moved)
    return world


class LesionOutline:
    """Draws a segment as a bare outline until it is released.

    Args:
        segmentation: Segmentation node.
        segmentId: Its segment.
    """

    def __init__(self, segmentation: Any, segmentId: str) -> None:
        self._segmentation, self._segmentId = segmentation, segmentId
        if segmentation.GetDisplayNode() is None:
            segmentation.CreateDefaultDisplayNodes()
        display = segmentation.GetDisplayNode()
        self._nodeBefore = {name: getattr(display, f"Get{name}")() for name in NODE_SETTINGS}
        self._segmentBefore = {name: getattr(display, f"Get{name}")(segmentId) for name in SEGMENT_SETTINGS}
        self._apply(NODE_SETTINGS, SEGMENT_SETTINGS)

    def release(self) -> None:
        """Display the segment as before; nothing to do when it is gone."""
        if slicer.mrmlScene.IsNodePresent(self._segmentation):
            self._apply(self._nodeBefore, self._segmentBefore)

    def _apply(self, nodeSettings: dict[str, Any], segmentSettings: dict[str, Any]) -> None:
        display = self._segmentation.GetDisplayNode()
        if display is None:
            return
        with slicer.util.NodeModify(display):
            for name, value in nodeSettings.items():
                getattr(display, f"Set{name}")(value)
            if self._segmentation.GetSegmentation().GetSegment(self._segmentId):
                for name, value in segmentSettings.items():
                    getattr(display, f"Set{name}")(self._segmentId, value)
