"""MRML nodes of 3D Slicer <-> Image and mask.

The only module that speaks Slicer's RAS coordinates; everything else is LPS. Runs
inside Slicer's Python (or on slicer-core), so it imports slicer inside functions.
Parent transforms stay where they are: an image is taken in its volume's own
coordinates, and an output volume is put under the same transform.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import numpy as np

from ..errors import ImageError, RegionError
from ..grid import Array, Box, Grid, crop_grid, field_of_view, whole
from .handover import hand_over, take_over
from .image import UNITS, Image

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
EDGE_TOLERANCE = 1e-3
"""Voxels by which a box may reach into the next voxel without holding it: coordinates are rounded on their way."""


def grid_from_volume_node(node: Any) -> Grid:
    """Read the grid of a volume node in LPS, oblique or left-handed as it is, without parent transforms.

    Raises:
        GridError: The node's axes are sheared or its spacing is absurd.
    """
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    ijk_to_ras = slicer.util.arrayFromVTKMatrix(matrix)
    axes = RAS_TO_LPS @ ijk_to_ras[:3, :3]
    spacing = np.linalg.norm(axes, axis=0)
    size = node.GetImageData().GetDimensions()
    direction = tuple((axes / spacing).ravel().tolist())
    return Grid(size, tuple(spacing.tolist()), tuple((RAS_TO_LPS @ ijk_to_ras[:3, 3]).tolist()), direction)


def ijk_to_ras(grid: Grid) -> Array:
    """Compute the 4x4 matrix that Slicer calls IJKToRAS."""
    matrix = np.eye(4)
    matrix[:3, :3] = RAS_TO_LPS @ np.reshape(grid.direction, (3, 3)) * np.asarray(grid.spacing)
    matrix[:3, 3] = RAS_TO_LPS @ np.asarray(grid.origin)
    return matrix


def image_from_volume_node(node: Any, modality: str = "unknown") -> Image:
    """Take a scalar volume node's voxels and grid.

    Args:
        node: vtkMRMLScalarVolumeNode.
        modality: ``CT``, ``MR``, ``US`` or ``unknown``; MRML does not tell.

    Raises:
        ImageError: The node holds no voxels, or several values a voxel.
    """
    import slicer

    data = node.GetImageData()
    if data is None or data.GetNumberOfPoints() == 0:
        raise ImageError("The input volume holds no voxels. Choose a volume that is loaded.")
    if data.GetNumberOfScalarComponents() > 1:
        raise ImageError(
            f"The input volume has {data.GetNumberOfScalarComponents()} values in each voxel (colour or vector). "
            "Choose a scalar volume."
        )
    voxels = slicer.util.arrayFromVolume(node)
    # The node's name can be a patient's: it goes into no file.
    return Image(voxels, grid_from_volume_node(node), modality, UNITS.get(modality, "arbitrary"))


def volume_node_from_image(image: Image, name: str, like: Any) -> Any:
    """Add a scalar volume node for an image derived from another volume.

    Args:
        image: What the node shall hold.
        name: The node's name.
        like: The volume node it derives from; gives parent transform, window, level and colours.

    Returns:
        The new vtkMRMLScalarVolumeNode.
    """
    import slicer

    node = slicer.util.addVolumeFromArray(_slicer_voxels(image.voxels), ijk_to_ras(image.grid), name)
    _show_like(node, like)
    return node


def _show_like(node: Any, like: Any) -> None:
    """Put a volume node under the same transform as another one, with its window, level and colours."""
    node.SetAndObserveTransformNodeID(like.GetTransformNodeID())
    source, display = like.GetDisplayNode(), node.GetDisplayNode()
    if source is not None:
        display.SetAndObserveColorNodeID(source.GetColorNodeID())
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(source.GetWindow(), source.GetLevel())


def volume_node_from_data(data: Any, grid: Grid, like: Any) -> Any:
    """Add a scalar volume node that holds a vtkImageData itself, not a copy; else as `volume_node_from_image`."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras(grid)))
    node.CreateDefaultDisplayNodes()
    _show_like(node, like)  # Before the voxels come: nobody looks through them for a window.
    node.SetAndObserveImageData(data)
    return node


def read_image_data(path: str | os.PathLike[str]) -> Generator[None, None, tuple[Any, Grid]]:
    """Read a file that was handed over into a vtkImageData, in short steps.

    Returns:
        The image data and their grid, as the generator's value.

    Raises:
        ImageError: As `SuperResRadiomicsLib.io.handover.take_over`.
    """
    import vtk
    from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

    data = vtk.vtkImageData()

    def allocate(shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> Array:
        data.SetDimensions(*shape[::-1])
        data.AllocateScalars(get_vtk_array_type(dtype), 1)
        return vtk_to_numpy(data.GetPointData().GetScalars()).reshape(shape)

    grid = yield from take_over(path, allocate)
    return data, grid


def write_volume(node: Any, path: str | os.PathLike[str], box: Box | None = None) -> Generator[None, None, None]:
    """Hand a volume node's voxels to another process, or those in a box, in short steps.

    The file does not know the node's name, which can be a patient's.

    Args:
        node: vtkMRMLScalarVolumeNode with one value a voxel.
        path: The file, ending in ``.nrrd``.
        box: In voxels of the volume; all of it without.

    Raises:
        ImageError: A voxel is not a number, or the volume was edited meanwhile.
        OutputError: The file cannot be written.
    """
    import slicer

    grid, state = grid_from_volume_node(node), node.GetImageData().GetMTime()
    wanted = whole(grid) if box is None else box
    yield from hand_over(slicer.util.arrayFromVolume(node)[wanted.slices], crop_grid(grid, wanted), path)
    if node.GetImageData() is None or node.GetImageData().GetMTime() != state:
        raise ImageError("The volume was edited while it was handed to the computing process. Start again.")


def _slicer_voxels(voxels: Array) -> Array:
    """Slicer refuses 64-bit integers and half precision."""
    if voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 8:
        return voxels.astype(np.float64)
    return voxels.astype(np.float32) if voxels.dtype == np.float16 else voxels


def roi_node_from_box(box: Box, name: str, volume_node: Any) -> Any:
    """Add a markups ROI that covers voxels of a volume, along the volume's axes and under its parent transform.

    Returns:
        The new vtkMRMLMarkupsROINode.
    """
    import slicer

    grid = crop_grid(grid_from_volume_node(volume_node), box)
    axes = RAS_TO_LPS @ np.reshape(grid.direction, (3, 3))
    if np.linalg.det(axes) < 0:
        axes[:, 0] *= -1  # A box is its own mirror image; a ROI wants right-handed axes.
    to_node = np.eye(4)
    to_node[:3, :3] = axes
    to_node[:3, 3] = RAS_TO_LPS @ field_of_view(grid).mean(axis=0)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(to_node))
    node.SetSize(*(size * spacing for size, spacing in zip(grid.size, grid.spacing, strict=True)))
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    return node


def box_from_roi_node(roi_node: Any, volume_node: Any) -> Box:
    """Find the voxels of a volume that a markups ROI touches, honouring the parent transforms of both.

    A ROI that is turned against the volume's axes is enclosed.

    Raises:
        RegionError: The ROI is empty or lies outside the volume.
    """
    corners = _roi_corners(roi_node) @ _to_local(roi_node, volume_node)[:3].T
    grid = grid_from_volume_node(volume_node)
    indices = grid.world_to_index(corners @ RAS_TO_LPS) + 0.5  # Voxel n reaches from n to n + 1.
    start = np.maximum(np.floor(indices.min(axis=0) + EDGE_TOLERANCE), 0).astype(int)
    stop = np.minimum(np.ceil(indices.max(axis=0) - EDGE_TOLERANCE), grid.size).astype(int)
    if (start >= stop).any() or min(roi_node.GetSize()) <= 0:
        raise RegionError(
            f"The ROI '{roi_node.GetName()}' has no voxel of the volume inside: it is empty or lies outside the image. "
            "Move it onto the lesion, or choose another one."
        )
    (i0, j0, k0), (i1, j1, k1) = start.tolist(), stop.tolist()
    return Box((i0, j0, k0), (i1, j1, k1))


def _roi_corners(roi_node: Any) -> Array:
    """World positions (8, 4; mm, RAS, homogeneous) of a ROI's corners."""
    import slicer

    signs = np.stack(np.meshgrid(*[(-0.5, 0.5)] * 3), axis=-1).reshape(-1, 3)
    to_world = slicer.util.arrayFromVTKMatrix(roi_node.GetObjectToWorldMatrix())
    return np.column_stack([signs * roi_node.GetSize(), np.ones(8)]) @ to_world.T


def _to_local(source: Any, target: Any) -> Array:
    """Compute the 4x4 matrix from world coordinates to a node's own, below its parent transforms.

    Raises:
        RegionError: The transform is not linear.
    """
    import slicer
    import vtk

    transform = target.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise RegionError(
            f"'{target.GetName()}' is under a transform that is not linear, so '{source.GetName()}' is no box in it. "
            "Harden the transform, or mark the lesion by a segment."
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformFromWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)
