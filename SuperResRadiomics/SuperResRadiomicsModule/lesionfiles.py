"""A lesion's images and mask as files for the child process, from nodes that are in the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode
from .jobs import JobFailed


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


def writeLesion(table: FeatureNode, segmentation: Any, segmentId: str, folder: Path) -> dict[str, Any]:
    """Write the three images and the mask, on the grid that the lesion was drawn on.

    Returns:
        The arguments of ``read_lesion`` in the package.

    Raises:
        ImagesMissing: An image is gone.
        SuperResError: A node cannot be used, or the segment has no voxel.
    """
    from SuperResRadiomicsLib.io.image import write_image, write_mask
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node, image_from_volume_node, mask_from_segment

    images = imagesOf(table)
    provenance = table.features["header"]["provenance"]
    side = drawnOn(segmentation, segmentId, images)
    mask = mask_from_segment(segmentation, segmentId, images[side])
    write_mask(mask, grid_from_volume_node(images[side]), folder / "mask.nrrd")
    for name, node in images.items():
        write_image(image_from_volume_node(node), folder / f"{name}.nrrd", compress=False)
    return {
        **{name: str(folder / f"{name}.nrrd") for name in (*images, "mask")},
        "drawn_on": side,
        "provenance": provenance,
        "modality": provenance["input"]["modality"],
    }


def _voxelVolume(image: Any) -> float:
    """Volume of a voxel of a volume node or an oriented image, in mm^3."""
    x, y, z = image.GetSpacing()
    return x * y * z
