"""MRML nodes of 3D Slicer <-> Image, mask and feature table.

The only module that speaks Slicer's RAS coordinates; everything else is LPS. Runs
inside Slicer's Python (or on slicer-core), so it imports slicer inside functions.
Parent transforms stay where they are: an image is taken in its volume's own
coordinates, and an output volume is put under the same transform.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .errors import ImageError, MaskError
from .grid import Array, BoolArray, Grid
from .image import UNITS, Image

FEATURES_ATTRIBUTE = "SuperResRadiomics.Features"
"""Of a table node: all that `FeatureTable.to_dict` gave, as JSON; a scene saved with it brings the table back."""
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def grid_from_volume_node(node: Any) -> Grid:
    """The grid of a volume node in LPS, oblique or left-handed as it is, without parent transforms.

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
    """The 4x4 matrix that Slicer calls IJKToRAS."""
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
    node.SetAndObserveTransformNodeID(like.GetTransformNodeID())
    source, display = like.GetDisplayNode(), node.GetDisplayNode()
    if source is not None:
        display.SetAndObserveColorNodeID(source.GetColorNodeID())
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(source.GetWindow(), source.GetLevel())
    return node


def _slicer_voxels(voxels: Array) -> Array:
    """Slicer refuses 64-bit integers and half precision."""
    if voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 8:
        return voxels.astype(np.float64)
    return voxels.astype(np.float32) if voxels.dtype == np.float16 else voxels


def mask_from_segment(segmentation_node: Any, segment_id: str, volume_node: Any) -> BoolArray:
    """A segment's voxels on a volume's grid, honouring the parent transforms of both.

    The scene and the segmentation are left as they were: no temporary node is added, and
    a binary labelmap that had to be made for this is removed again.

    Raises:
        MaskError: The segment does not exist, cannot be turned into voxels, or has none in the volume.
    """
    segmentation = segmentation_node.GetSegmentation()
    segment = segmentation.GetSegment(segment_id)
    if segment is None:
        raise MaskError(f"The segmentation has no segment '{segment_id}'. Choose the lesion's segment again.")
    labelmap = _labelmap_name()
    had_labelmap = segmentation.ContainsRepresentation(labelmap)
    if not segmentation.CreateRepresentation(labelmap):
        raise MaskError(f"The segment '{segment.GetName()}' could not be turned into voxels.")
    try:
        mask = _merged_labelmap(segmentation_node, segment_id, volume_node) != 0
    finally:
        if not had_labelmap:
            segmentation.RemoveRepresentation(labelmap)
    if not mask.any():
        raise MaskError(
            f"The segment '{segment.GetName()}' has no voxel inside the volume: it is empty or lies outside the image. "
            "Segment the lesion on this volume, or choose another segment."
        )
    return mask


def _labelmap_name() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName())


def _merged_labelmap(segmentation_node: Any, segment_id: str, volume_node: Any) -> Array:
    """Labels [k, j, i] of one segment on the grid of a volume."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    segment_ids = vtk.vtkStringArray()
    segment_ids.InsertNextValue(segment_id)
    labels = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        segmentation_node, volume_node, segment_ids, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY, labels
    )
    shape = labels.GetDimensions()[::-1]
    return vtk_to_numpy(labels.GetPointData().GetScalars()).reshape(shape)


def fill_table_node(node: Any, features: dict[str, Any]) -> None:
    """Show a feature table in a table node, with titles as headers and not editable; all of it is kept as an attribute.

    Args:
        node: vtkMRMLTableNode; its content is replaced.
        features: What ``FeatureTable.to_dict`` gave; a number that is not defined becomes NaN.
    """
    import vtk

    from .radiomics import FeatureTable

    table = FeatureTable.from_dict(features)
    node.RemoveAllColumns()
    for name, column in zip(table.column_names, zip(*table.cells(), strict=True), strict=True):
        array = vtk.vtkStringArray() if isinstance(column[0], str) else vtk.vtkDoubleArray()
        array.SetName(name)
        for value in column:
            array.InsertNextValue(np.nan if value is None else value)
        node.AddColumn(array)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    node.SetAttribute(FEATURES_ATTRIBUTE, json.dumps(features, allow_nan=False))


def features_of_table_node(node: Any) -> dict[str, Any] | None:
    """What `fill_table_node` put into a table node; None for any other table."""
    content = node.GetAttribute(FEATURES_ATTRIBUTE)
    features: dict[str, Any] | None = json.loads(content) if content else None
    return features
