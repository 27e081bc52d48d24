"""A segment of 3D Slicer on the voxels of a volume, at a cost that follows the lesion and not the scan.

Imports slicer inside functions, as `SuperResRadiomicsLib.io.mrml` does.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import MaskError
from ..grid import Array, BoolArray, Box, Grid
from .steps import run_steps

VOXELS_PER_STEP = 1_000_000
SAME_LATTICE = 1e-3
"""Largest distance in voxels at which two lattices count as one."""

Index = tuple[int, int, int]
Extent = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class SegmentPart:
    """A segment's voxels on a volume's lattice, without the rest of the volume.

    Attributes:
        mask: bool [k, j, i]; something of it is true.
        start: Index of its first voxel along i, j, k; what is drawn outside of the volume has indices outside of it.
        name: The segment's name.
    """

    mask: BoolArray
    start: Index
    name: str

    @property
    def box(self) -> Box:
        """The voxels of the lattice that the mask has."""
        (i, j, k), (depth, height, width) = self.start, self.mask.shape
        return Box(self.start, (i + width, j + height, k + depth))

    def inside(self, grid: Grid) -> Box:
        """Give the box of the lattice that the mask has inside of an image; some of it is there."""
        first = np.maximum(self.start, 0)
        last = np.minimum(self.box.stop, grid.size)
        (i0, j0, k0), (i1, j1, k1) = first.tolist(), last.tolist()
        return Box((i0, j0, k0), (i1, j1, k1))

    def within(self, box: Box) -> BoolArray:
        """Give the mask on a box of the lattice, cut off or filled up."""
        mask = np.zeros(box.size[::-1], dtype=bool)
        first = np.maximum(self.start, box.start)
        last = np.minimum(self.box.stop, box.stop)
        if (first < last).all():
            mask[_slices(first - box.start, last - box.start)] = self.mask[
                _slices(first - self.start, last - self.start)
            ]
        return mask


def _slices(first: Array, last: Array) -> tuple[slice, slice, slice]:
    """Slices along k, j, i from indices along i, j, k."""
    (i0, j0, k0), (i1, j1, k1) = first.tolist(), last.tolist()
    return slice(k0, k1), slice(j0, j1), slice(i0, i1)


def mask_from_segment(segmentation_node: Any, segment_id: str, volume_node: Any) -> BoolArray:
    """Give a segment's voxels on all of a volume's grid, honouring the parent transforms of both.

    Raises:
        MaskError: As `segment_part`.
    """
    part = run_steps(segment_part(segmentation_node, segment_id, volume_node))
    return part.within(Box((0, 0, 0), volume_node.GetImageData().GetDimensions()))


def segment_part(segmentation_node: Any, segment_id: str, volume_node: Any) -> Generator[None, None, SegmentPart]:
    """Find a segment on a volume's lattice, some of the work between any two yields.

    Parent transforms of both are honoured. The scene and the segmentation are left as they were: no temporary node is
    added, and a binary labelmap that had to be made for this is removed again.

    Returns:
        The segment, as the generator's value.

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
        drawn = yield from drawn_voxels(segment)
        found = None if drawn is None else _on_volume(*drawn, (segmentation_node, segment_id), volume_node)
    finally:
        if not had_labelmap:
            segmentation.RemoveRepresentation(labelmap)
    volume = Box((0, 0, 0), volume_node.GetImageData().GetDimensions())
    if found is None or not SegmentPart(*found, segment.GetName()).within(volume).any():
        raise MaskError(
            f"The segment '{segment.GetName()}' has no voxel inside the volume: it is empty or lies outside the image. "
            "Segment the lesion on this volume, or choose another segment."
        )
    return SegmentPart(*found, segment.GetName())


def drawn_voxels(segment: Any) -> Generator[None, None, tuple[BoolArray, Index, Any] | None]:
    """Find the voxels of a segment in its own labelmap, which it may share with others.

    Returns:
        As the generator's value: the mask [k, j, i] cut to the segment, the index of its first voxel, and the
        vtkOrientedImageData; None where there is no voxel.
    """
    from vtk.util.numpy_support import vtk_to_numpy

    image = segment.GetRepresentation(_labelmap_name())
    if image is None or image.GetPointData().GetScalars() is None or image.GetNumberOfPoints() == 0:
        return None
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    label = segment.GetLabelValue()
    first, last = np.full(3, np.iinfo(np.int64).max), np.full(3, -1)
    step = max(1, VOXELS_PER_STEP // max(1, voxels[0].size))
    for start in range(0, len(voxels), step):
        hits = voxels[start : start + step] == label
        if hits.any():
            for axis, others in enumerate(((1, 2), (0, 2), (0, 1))):
                places = np.flatnonzero(hits.any(axis=others)) + (start if axis == 0 else 0)
                first[axis], last[axis] = min(first[axis], places[0]), max(last[axis], places[-1])
        yield
    if last[0] < 0:
        return None
    cut = tuple(slice(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True))
    extent = image.GetExtent()
    k, j, i = first.tolist()
    return voxels[cut] == label, (extent[0] + i, extent[2] + j, extent[4] + k), image


def _on_volume(
    mask: BoolArray, start: Index, image: Any, lesion: tuple[Any, str], volume: Any
) -> tuple[BoolArray, Index]:
    """Put the mask on the volume's lattice: moved where the lattices are one, else resampled to the nearest voxel."""
    to_segmentation = _volume_to_segmentation(volume, lesion[0])
    if to_segmentation is None:
        return _by_slicer(*lesion, volume)
    own = _matrix_of(image)
    to_volume = np.linalg.inv(to_segmentation) @ own
    shift = to_volume[:3, 3]
    ends = np.array([start, np.add(start, mask.shape[::-1])])
    moved = ends @ to_volume[:3, :3].T + shift
    if np.abs(moved - (ends + np.rint(shift))).max() < SAME_LATTICE:
        i, j, k = (np.array(start) + np.rint(shift).astype(int)).tolist()
        return mask, (i, j, k)
    return _resampled(mask, start, own, to_segmentation, _extent(mask, start, to_volume))


def _extent(mask: BoolArray, start: Index, to_volume: Array) -> Extent:
    """Find the volume's voxels that a mask may touch."""
    ends = (np.array(start) - 0.5, np.array(start) + mask.shape[::-1] - 0.5)
    sides = np.array(list(itertools.product((0, 1), repeat=3)))
    corners = np.where(sides, ends[1], ends[0])
    moved = corners @ to_volume[:3, :3].T + to_volume[:3, 3]
    low, high = np.floor(moved.min(axis=0)).astype(int) - 1, np.ceil(moved.max(axis=0)).astype(int) + 1
    return (int(low[0]), int(high[0]), int(low[1]), int(high[1]), int(low[2]), int(high[2]))


def _resampled(mask: BoolArray, start: Index, own: Array, wanted: Array, extent: Extent) -> tuple[BoolArray, Index]:
    """Resample a mask to another lattice, by Slicer's own resampling of labelmaps."""
    import slicer
    from vtk.util.numpy_support import vtk_to_numpy

    (i0, j0, k0), (k, j, i) = start, mask.shape
    cut = (i0, i0 + i - 1, j0, j0 + j - 1, k0, k0 + k - 1)
    drawn = _oriented_image(own, cut, mask.astype(np.uint8))
    reference, found = _oriented_image(wanted, extent), slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(drawn, reference, found)
    i0, _, j0, _, k0, _ = found.GetExtent()
    shape = found.GetDimensions()[::-1]
    return vtk_to_numpy(found.GetPointData().GetScalars()).reshape(shape) != 0, (i0, j0, k0)


def _oriented_image(matrix: Array, extent: Extent, voxels: Array | None = None) -> Any:
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(slicer.util.vtkMatrixFromArray(matrix))
    image.SetExtent(*extent)
    if voxels is None:
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        image.GetPointData().GetScalars().Fill(0)
    else:
        image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(voxels).ravel(), deep=True))
    return image


def _by_slicer(segmentation: Any, segment_id: str, volume: Any) -> tuple[BoolArray, Index]:
    """Under a transform that is not linear: all of the volume, by Slicer's own function."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    names = vtk.vtkStringArray()
    names.InsertNextValue(segment_id)
    labels = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        segmentation, volume, names, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY, labels
    )
    shape = labels.GetDimensions()[::-1]
    return vtk_to_numpy(labels.GetPointData().GetScalars()).reshape(shape) != 0, (0, 0, 0)


def _volume_to_segmentation(volume: Any, segmentation: Any) -> Array | None:
    """Compute the 4x4 matrix from a volume's voxel indices to the segmentation's coordinates; None if not linear."""
    import slicer
    import vtk

    nodes = volume.GetParentTransformNode(), segmentation.GetParentTransformNode()
    if any(node is not None and not node.IsTransformToWorldLinear() for node in nodes):
        return None
    own, between = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(own)
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(*nodes, between)
    return slicer.util.arrayFromVTKMatrix(between) @ slicer.util.arrayFromVTKMatrix(own)


def _matrix_of(image: Any) -> Array:
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _labelmap_name() -> str:
    import slicer

    return str(slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName())
