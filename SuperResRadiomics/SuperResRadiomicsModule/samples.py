"""The samples of a lesion in the scene: one volume with a value of each sample in every voxel, saved with the scene."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

SAMPLES_CLASS = "vtkMRMLVectorVolumeNode"


def samplesData(samples: np.ndarray) -> Generator[None, None, Any]:
    """Put samples into a vtkImageData with a value of each in every voxel, in short steps.

    Args:
        samples: Shape (samples, k, j, i).
    """
    data = vtk.vtkImageData()
    data.SetDimensions(*samples.shape[:0:-1])
    data.AllocateScalars(get_vtk_array_type(samples.dtype), len(samples))
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(*samples.shape[1:], len(samples))
    for number, sample in enumerate(samples):
        voxels[..., number] = sample
        yield
    return data


def addSamples(data: Any, enhanced: Any) -> Any:
    """Add the volume of the samples.

    Args:
        data: As from `samplesData`; at least two samples.
        enhanced: Volume node of their mean, on the same grid.
    """
    matrix = vtk.vtkMatrix4x4()
    enhanced.GetIJKToRASMatrix(matrix)
    node = slicer.mrmlScene.AddNewNodeByClass(SAMPLES_CLASS)
    node.SetIJKToRASMatrix(matrix)
    node.SetAndObserveTransformNodeID(enhanced.GetTransformNodeID())
    node.SetAndObserveImageData(data)
    # Views would show it in false colours: it is there for features to be computed anew.
    node.SetHideFromEditors(True)
    return node


def sampleVoxels(samples: Any, enhanced: Any, count: int) -> np.ndarray | None:
    """The samples' voxels, shape (count, k, j, i); None where the scene no longer holds them.

    Args:
        samples: The volume node of the samples, or None.
        enhanced: That of their mean, which a single sample is itself.
        count: How many there were.
    """
    if count == 1:
        return slicer.util.arrayFromVolume(enhanced)[np.newaxis]
    if samples is None or samples.GetImageData() is None:
        return None
    voxels = slicer.util.arrayFromVolume(samples)
    if voxels.ndim != 4 or voxels.shape[-1] != count:
        return None
    return np.moveaxis(voxels, -1, 0)
