"""A lesion's images and mask as files for the child process, from nodes that are in the scene."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode
from .jobs import JobFailed
from .samples import sampleVoxels

HALF_VOXEL = 0.5
"""Of the finer grid: as near to the region's border a lesion may come that was carried from another grid."""


class LesionOutside(JobFailed):
    """A lesion is not in the region that was enhanced; the text is for the user."""


class ImagesMissing(JobFailed):
    """The scene no longer holds what a feature table was computed from; the text is for the user."""


def imagesOf(table: FeatureNode) -> dict[str, Any]:
    """The volume nodes of a table.

    Raises:
        ImagesMissing: One of them is gone.
    """
    images = table.images
    gone = [name for name, node in images.items() if node is None]
    if gone:
        text = _("The scene no longer holds the {images} image of this table. Super-resolve the lesion again.")
        raise ImagesMissing(text.format(images=_(" and the ").join(gone)))
    return images


def samplesOf(table: FeatureNode) -> np.ndarray | None:
    """The samples of a table's enhanced image, shape (samples, k, j, i); None where its model draws none.

    Raises:
        ImagesMissing: The scene no longer holds them.
    """
    drawn = table.features["header"]["provenance"].get("samples")
    if drawn is None:
        return None
    voxels = sampleVoxels(table.samples, imagesOf(table)["enhanced"], drawn["count"])
    if voxels is None:
        raise ImagesMissing(
            _(
                "The scene no longer holds the samples of this table, of which its features are means. Super-resolve "
                "the lesion again."
            )
        )
    return voxels


def drawnOn(segmentation: Any, segmentId: str, images: dict[str, Any]) -> str:
    """On which image a segment was drawn: ``original``, or ``enhanced`` for the finer grid.

    Told by the voxels of the segment's own labelmap: nearer in volume to the finer grid's or to the
    original's. A segment that is no labelmap (a closed surface) has none, and counts as the original's.
    """
    labelmap = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    segment = segmentation.GetSegmentation().GetSegment(segmentId)
    if segmentation.GetSegmentation().GetSourceRepresentationName() != labelmap or segment is None:
        return "original"
    drawn = _voxelVolume(segment.GetRepresentation(labelmap))
    coarse, fine = (_voxelVolume(images[name]) for name in ("original", "enhanced"))
    return "enhanced" if drawn * drawn < coarse * fine else "original"


def writeLesion(
    table: FeatureNode, segmentation: Any, segmentId: str, folder: Path, withSamples: bool = False
) -> Generator[None, None, dict[str, Any]]:
    """Write the three images and the mask, on the grid that the lesion was drawn on; in short steps.

    Args:
        table: Feature table with the images.
        segmentation: Segmentation node with the lesion.
        segmentId: The lesion's segment.
        folder: Gets the files.
        withSamples: Also write the samples, of which features are the means, where the model drew any.

    Returns:
        The arguments of ``read_lesion`` in the package, as the generator's value.

    Raises:
        ImagesMissing: An image is gone, or the samples are.
        LesionOutside: The lesion is not all in the region that was enhanced.
        SuperResError: A node cannot be used, or the segment has no voxel.
    """
    from SuperResRadiomicsLib.grid import crop_grid, whole
    from SuperResRadiomicsLib.io.handover import hand_over_mask, hand_over_stack
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node, write_volume
    from SuperResRadiomicsLib.io.mrml_segment import segment_part

    images = imagesOf(table)
    provenance = table.features["header"]["provenance"]
    samples = samplesOf(table) if withSamples else None
    side = drawnOn(segmentation, segmentId, images)
    part = yield from segment_part(segmentation, segmentId, images[side])
    _checkInside(part, images[side], provenance)
    boxes = {name: whole(grid_from_volume_node(node)) for name, node in images.items()}
    boxes["original"] = _originalBox(images["original"], provenance)
    grid = crop_grid(grid_from_volume_node(images[side]), boxes[side])
    yield from hand_over_mask(part.within(boxes[side]), grid, folder / "mask.nrrd")
    for name, node in images.items():
        yield from write_volume(node, folder / f"{name}.nrrd", boxes[name])
    names = [*images, "mask"]
    if samples is not None:
        yield from hand_over_stack(samples, grid_from_volume_node(images["enhanced"]), folder / "samples.nrrd")
        names.append("samples")
    return {
        **{name: str(folder / f"{name}.nrrd") for name in names},
        "drawn_on": side,
        "provenance": provenance,
        "modality": provenance["input"]["modality"],
    }


def _originalBox(original: Any, provenance: dict[str, Any]) -> Any:
    """The box of the original around the region that was enhanced, as wide as features may look."""
    from SuperResRadiomicsLib.enhancement.pipeline import context_voxels
    from SuperResRadiomicsLib.enhancement.twin import source_box
    from SuperResRadiomicsLib.grid import Box, grow_box
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node

    grid, region = grid_from_volume_node(original), provenance["region"]
    under = source_box(Box(tuple(region["start"]), tuple(region["stop"])), grid, _fineGrid(provenance), 0)
    return grow_box(under, grid, context_voxels(grid))


def _fineGrid(provenance: dict[str, Any]) -> Any:
    """The grid that all of the original would have been refined to."""
    from SuperResRadiomicsLib.grid import Grid

    described = provenance["grid"]
    return Grid(*(tuple(described[name]) for name in ("size", "spacing_mm", "origin_mm", "direction")))


def _checkInside(part: Any, volume: Any, provenance: dict[str, Any]) -> None:
    """Refuse a lesion that the network did not work on: there the enhanced image is the bicubic one.

    Args:
        part: The lesion on the volume's lattice.
        volume: The volume it is on: the original, or one on the finer grid.
        provenance: Of the enhancement.

    Raises:
        LesionOutside: A voxel of the lesion is not all in the region.
    """
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node

    fine, region = _fineGrid(provenance), provenance["region"]
    grid = grid_from_volume_node(volume)
    faces = np.array([part.box.start, part.box.stop]) - 0.5
    ends = fine.world_to_index(np.array([grid.index_to_world(face) for face in faces])) + 0.5
    low, high = ends.min(axis=0), ends.max(axis=0)
    if (low < np.array(region["start"]) - HALF_VOXEL).any() or (high > np.array(region["stop"]) + HALF_VOXEL).any():
        raise LesionOutside(
            _("The segment '{name}' reaches out of the region that was enhanced. Super-resolve this lesion.").format(
                name=part.name
            )
        )


def _voxelVolume(image: Any) -> float:
    """Volume of a voxel of a volume node or an oriented image, in mm^3."""
    x, y, z = image.GetSpacing()
    return x * y * z
