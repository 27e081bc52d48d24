"""Colour volumes, such as ultrasound from a screen: enhanced and measured in grey."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

GREY_ROLE = "SuperResRadiomics.Grey"
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""


def isColour(volume: Any) -> bool:
    """Whether a volume node has a colour, red, green and blue, in each voxel."""
    data = volume.GetImageData() if volume else None
    return data is not None and data.GetNumberOfScalarComponents() in (3, 4)


def greyVolume(volume: Any) -> Any:
    """The grey twin of a colour volume; made once.

    Equal channels, as in most ultrasound, keep their values; colours become their luminance.

    Args:
        volume: vtkMRMLVectorVolumeNode with red, green and blue.

    Returns:
        The vtkMRMLScalarVolumeNode.
    """
    known = volume.GetNodeReference(GREY_ROLE)
    if known is not None:
        return known
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    voxels = greyVoxels(slicer.util.arrayFromVolume(volume))
    node = slicer.util.addVolumeFromArray(voxels, matrix, _("{name} grey").format(name=volume.GetName()))
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    volume.SetNodeReferenceID(GREY_ROLE, node.GetID())
    return node


def greyVoxels(colours: np.ndarray) -> np.ndarray:
    """Grey values [k, j, i] of colours [k, j, i, channel], of the same type."""
    red, green, blue = (colours[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    grey = sum(weight * channel for weight, channel in zip(LUMINANCE, (red, green, blue), strict=True))
    return (np.rint(grey) if np.issubdtype(colours.dtype, np.integer) else grey).astype(colours.dtype)
