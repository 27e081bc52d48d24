"""The samples of a lesion in the scene: one volume with a value of each sample in every voxel, saved with the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk

SAMPLES_CLASS = "vtkMRMLVectorVolumeNode"


def addSamples(file: Path, enhanced: Any) -> Any:
    """Add the volume of the samples that the child process wrote.

    Args:
        file: As `SuperResRadiomicsLib.io.image_stack` writes it; at least two samples.
        enhanced: Volume node of their mean, on the same grid.
    """
    from SuperResRadiomicsLib.io.image_stack import read_voxels

    matrix = vtk.vtkMatrix4x4()
    enhanced.GetIJKToRASMatrix(matrix)
    voxels = np.moveaxis(read_voxels(file), 0, -1)
    node = slicer.util.addVolumeFromArray(voxels, matrix, nodeClassName=SAMPLES_CLASS)
    node.SetAndObserveTransformNodeID(enhanced.GetTransformNodeID())
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
