"""A scan as large as clinical ones are, with a small lesion."""

from __future__ import annotations

from typing import Any

import numpy as np

SPACING_MM = (0.7, 0.7, 1.0)
RADIUS_MM = 5.0


def make_scan(size: tuple[int, int, int]) -> tuple[Any, Any]:
    """A scan of noise with a bright ball in the middle, and its segment in a labelmap of the same size."""
    import slicer

    shape = size[::-1]
    rng = np.random.default_rng(5)
    plane = rng.normal(-800, 40, shape[1:]).astype(np.int16)
    voxels = np.broadcast_to(plane, shape).copy()
    centre = np.array(shape) // 2
    reach = np.ceil(RADIUS_MM / np.array(SPACING_MM[::-1])).astype(int) + 1
    box = tuple(slice(c - r, c + r + 1) for c, r in zip(centre, reach, strict=True))
    offsets = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), axis=-1)
    ball = np.linalg.norm(offsets * SPACING_MM[::-1], axis=-1) < RADIUS_MM
    voxels[box][ball] = rng.normal(40, 30, int(ball.sum())).astype(np.int16)
    mask = np.zeros(shape, np.uint8)
    mask[box][ball] = 1
    matrix = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
    volume = slicer.util.addVolumeFromArray(voxels, matrix, "scan")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lesions")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.GetSegmentation().AddEmptySegment("lesion", "lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, "lesion", volume)
    return volume, segmentation
