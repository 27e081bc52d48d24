"""Three images of one lesion as a run leaves them, and where the slice views are: what the tests of the views share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from .cases import Lesion, ijk_to_ras, rotation

MOVED = ijk_to_ras(rotation((5.0, 40.0, -10.0)), (1, 1, 1), (10.0, 20.0, -30.0))
TAGS = ("SuperResOriginal", "SuperResBicubic", "SuperResEnhanced")
DIFFERENCE_TAG = "SuperResDifference"
STEP = 100.0
"""By how much the enhanced image is brighter than the bicubic one inside the lesion."""


@dataclass
class Case:
    """Three images of one lesion, as a run leaves them."""

    lesion: Lesion
    bicubic: Any
    enhanced: Any
    fine_mask: np.ndarray

    @property
    def original(self) -> Any:
        return self.lesion.volume

    def result(self) -> Any:
        """The result that a run would leave."""
        from SuperResRadiomicsModule.results import addResult

        result = addResult("volume", "lesion", "tiny")
        result.original, result.bicubic, result.enhanced = self.original, self.bicubic, self.enhanced
        result.segmentation, result.segmentId = self.lesion.segmentation, self.lesion.segment_id
        return result

    @property
    def nodes(self) -> tuple[Any, ...]:
        return self.original, self.bicubic, self.enhanced, self.lesion.segmentation


def compared_case(lesion: Lesion) -> Case:
    """A lesion with its bicubic and its enhanced twin on the grid that is twice as fine in the plane."""
    from SuperResRadiomicsLib.grid import refine, resample
    from SuperResRadiomicsLib.io.image import Image
    from SuperResRadiomicsLib.io.mrml import image_from_volume_node, volume_node_from_image

    lesion.volume.GetDisplayNode().SetAutoWindowLevel(False)
    lesion.volume.GetDisplayNode().SetWindowLevel(900, -300)
    image = image_from_volume_node(lesion.volume)
    fine = refine(image.grid, (2.0, 2.0, 1.0))
    bicubic = resample(image.voxels, image.grid, fine, "bicubic")
    mask = np.repeat(np.repeat(lesion.mask, 2, axis=1), 2, axis=2)
    nodes = [
        volume_node_from_image(Image(voxels.astype(np.int16), fine), name, lesion.volume)
        for name, voxels in (("bicubic", bicubic), ("enhanced", bicubic + STEP * mask))
    ]
    return Case(lesion, *nodes, mask)


def to_world(volume: Any) -> np.ndarray:
    """IJK to the world's RAS, by VTK's own means."""
    matrix = slicer.vtkMRMLTransformNode
    local, parent = (slicer.util.vtkMatrixFromArray(np.eye(4)) for _ in range(2))
    volume.GetIJKToRASMatrix(local)
    matrix.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, parent)
    return slicer.util.arrayFromVTKMatrix(parent) @ slicer.util.arrayFromVTKMatrix(local)


def arrangement(layouts: Any) -> int:
    """Number of the layout that is shown."""
    return int(layouts.layoutLogic().GetLayoutNode().GetViewArrangement())


def move_through(tag: str, millimetres: float) -> None:
    """Scroll as the view's slider does."""
    logic = slicer.app.applicationLogic().GetSliceLogic(slice_node(tag))
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(logic.GetSliceOffset() + millimetres)
    logic.EndSliceOffsetInteraction()


def slice_node(tag: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceNode")


def composite(tag: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceCompositeNode")


def plane(tag: str) -> np.ndarray:
    return slicer.util.arrayFromVTKMatrix(slice_node(tag).GetSliceToRAS())


def centre_of(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """World position of the centre of a mask [k, j, i]."""
    return (matrix @ [*np.argwhere(mask).mean(axis=0)[::-1], 1])[:3]
