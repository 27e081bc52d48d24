"""A look at a scan: the child process measures it around the lesion, and proposes what would help it most."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from slicer.i18n import tr as _

from .jobs import Job
from .lesionrun import checkScalar, gridDescription
from .volumefacts import acquiredAxis, guessedModality, sliceAxis, wholeImage

LARGEST_SIDE_PX, MOST_SLICES = 320, 24
"""Of a volume without a lesion no more is looked at than this, in its middle."""


class ScanLook(Job):
    """What would help a scan. The scene is not changed.

    Args:
        inputVolume: Volume node to look at.
        modality: ``CT``, ``MR``, ``US``, or empty: as DICOM or the voxels say.
        segmentation: Segmentation node with the lesion, or None.
        segmentId: The lesion's segment.
        roi: Markups ROI instead of a segment, or None.
        modelFolders: Folders of models' folders to choose from besides those shipped.
    """

    def __init__(
        self,
        inputVolume: Any,
        modality: str = "",
        segmentation: Any = None,
        segmentId: str = "",
        roi: Any = None,
        modelFolders: tuple[Any, ...] = (),
    ) -> None:
        super().__init__("propose")
        self.isBackground = True
        self._inputVolume, self._modality, self._modelFolders = inputVolume, modality, modelFolders
        self._segmentation, self._segmentId, self._roi = segmentation, segmentId, roi

    @property
    def nodes(self) -> list[Any]:
        """The volume, and what marks the lesion."""
        return [node for node in (self._inputVolume, self._segmentation, self._roi) if node]

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the part of the volume that is measured, and what must be known of the whole.

        Raises:
            SuperResError: The volume, the segment or the ROI cannot be used.
        """
        from SuperResRadiomicsLib.grid import box_within
        from SuperResRadiomicsLib.io.mrml import grid_from_volume_node, write_volume

        volume = self._inputVolume
        checkScalar(volume)
        grid = grid_from_volume_node(volume)
        modality = self._modality or guessedModality(volume)
        lesion = yield from self._lesion(grid)
        part = self._part(lesion, grid)
        whole = yield from wholeImage(volume, modality)
        file = self.folder / "image.nrrd"
        yield from write_volume(volume, file, part)
        marked = {}
        if lesion is not None:
            inside = box_within(lesion, part)
            marked = {"box": {"start": list(inside.start), "stop": list(inside.stop)}}
        return {
            "image": str(file),
            **marked,
            "modality": modality,
            "slice_axis": acquiredAxis(volume),
            "whole": {"input": gridDescription(grid), "intensities": whole.figures()},
            "model_folders": [str(folder) for folder in self._modelFolders],
        }

    def _lesion(self, grid: Any) -> Generator[None, None, Any]:
        """The lesion's box in voxels of the volume; None where none is marked."""
        from SuperResRadiomicsLib.io.mrml import box_from_roi_node
        from SuperResRadiomicsLib.io.mrml_segment import segment_part

        if self._segmentation and self._segmentId:
            part = yield from segment_part(self._segmentation, self._segmentId, self._inputVolume)
            return part.inside(grid)
        return box_from_roi_node(self._roi, self._inputVolume) if self._roi else None

    def _part(self, lesion: Any, grid: Any) -> Any:
        """The voxels that are measured: around the lesion, else the middle of the volume."""
        from SuperResRadiomicsLib.grid import Box, grow_box
        from SuperResRadiomicsLib.scan.region import AROUND_VOXELS

        if lesion is not None:
            return grow_box(lesion, grid, [AROUND_VOXELS] * 3)
        across = sliceAxis(self._inputVolume)
        most = [MOST_SLICES if axis == across else LARGEST_SIDE_PX for axis in range(3)]
        start = [max(0, (size - limit) // 2) for size, limit in zip(grid.size, most, strict=True)]
        stop = [first + min(size, limit) for first, size, limit in zip(start, grid.size, most, strict=True)]
        return Box(tuple(start), tuple(stop))


def proposalText(found: dict[str, Any]) -> str:
    """What was measured and what is proposed, as a line for the panel.

    Args:
        found: As from the child's command ``propose``.
    """
    text = _("Scan: {summary}. {title}: {reason}").format(**found)
    if found["what"] != "nothing" and not found["model"]:
        text = " ".join([text, _("There is no model for it.")])
    if found["told"]:
        text = " ".join([text, _("Blur and noise to undo: {told}.").format(told=found["told"])])
    return text
