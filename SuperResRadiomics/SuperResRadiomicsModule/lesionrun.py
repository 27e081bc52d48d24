"""One press of the button: from nodes to files, through the child process, to new nodes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode
from .jobs import Job, JobFailed
from .results import Result, addResult, allResults, freeName, nameOf
from .segmentwatch import fingerprintSteps

PROVENANCE_ATTRIBUTE = "SuperResRadiomics.Provenance"


@dataclass(frozen=True)
class Request:
    """What to do.

    Attributes:
        inputVolume: Volume node to enhance.
        segmentation: Segmentation node with the lesion, or None.
        segmentId: The lesion's segment.
        model: Folder of the model.
        modelName: How the outputs' names call it.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        roi: Markups ROI instead of a segment; without either the whole volume is enhanced. Features need a segment.
        modality: ``CT``, ``MR``, ``US``, or empty: as DICOM or the voxels say.
        margin: Margin around the lesion in mm.
        features: Arguments of the package's `FeatureSettings`.
        replaces: Whether earlier results of the same lesion and model go.
    """

    inputVolume: Any
    segmentation: Any
    segmentId: str
    model: str
    modelName: str
    device: str = "auto"
    precision: str = "fp32"
    roi: Any = None
    modality: str = ""
    margin: float = 10.0
    features: dict[str, Any] = field(default_factory=dict)
    replaces: bool = False

    @property
    def lesionName(self) -> str:
        """How the lesion is called; empty for a whole volume."""
        if self.segmentation:
            return str(self.segmentation.GetSegmentation().GetSegment(self.segmentId).GetName())
        return str(self.roi.GetName()) if self.roi else ""


@dataclass
class Outcome:
    """What a run added to the scene, and what the user should know about it.

    Attributes:
        result: The result, with its nodes.
        warnings: Sentences for the user.
    """

    result: Result
    warnings: list[str] = field(default_factory=list)


@contextlib.contextmanager
def undoOnError() -> Iterator[None]:
    """Remove every node that was added to the scene when the block fails."""
    before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    try:
        yield
    except BaseException:
        for node in slicer.util.getNodesByClass("vtkMRMLNode"):
            if node.GetID() not in before:
                slicer.mrmlScene.RemoveNode(node)
        raise


class LesionRun(Job):
    """The enhancement of one lesion. It owns a temporary folder; the scene is changed at the very end only.

    Args:
        request: What to do.
    """

    def __init__(self, request: Request) -> None:
        super().__init__("enhance")
        self._request = request
        self._drawn = ""  # Fingerprint of the segment, which may be edited while the run goes on.

    @property
    def nodes(self) -> list[Any]:
        """The input: without it the run is cancelled."""
        request = self._request
        return [node for node in (request.inputVolume, request.segmentation, request.roi) if node]

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the inputs.

        Raises:
            SuperResError: The volume, the segment or the ROI cannot be used; nothing was started.
        """
        request = self._request
        mask, box = yield from self._writeInputs()
        return {
            "image": str(self.folder / "image.nrrd"),
            "mask": mask,
            "box": box,
            "modality": request.modality or dicomModality(request.inputVolume) or None,
            "out": str(self.folder),
            "model": request.model,
            "device": request.device,
            "precision": request.precision,
            "options": {"margin_mm": request.margin},
            "features": request.features if request.segmentation else None,
        }

    def finish(self, result: dict[str, Any]) -> Outcome:
        """Add all outputs to the scene, or none of them.

        Raises:
            JobFailed: The input is no longer there.
        """
        if not slicer.mrmlScene.IsNodePresent(self._request.inputVolume):
            raise JobFailed(_("The input volume was removed while it was being enhanced; the result was discarded."))
        with undoOnError():
            added = self._addOutputs(result)
        if self._request.replaces:
            for other in allResults():
                if other != added and other.isLike(added):
                    other.remove()
        added.rename(freeName(nameOf(added), added))
        return Outcome(added, result["warnings"])

    def _writeInputs(self) -> Generator[None, None, tuple[str | None, dict[str, Any] | None]]:
        """Write the image and the lesion's mask; returns the mask's file or the lesion's box."""
        from SuperResRadiomicsLib.grid import whole
        from SuperResRadiomicsLib.io.image import write_mask
        from SuperResRadiomicsLib.io.mrml import box_from_roi_node, grid_from_volume_node
        from SuperResRadiomicsLib.io.mrml_segment import segment_part

        request = self._request
        writeVolume(request.inputVolume, self.folder / "image.nrrd")
        yield
        if request.segmentation:
            self._drawn = yield from fingerprintSteps(request.segmentation, request.segmentId)
            part = yield from segment_part(request.segmentation, request.segmentId, request.inputVolume)
            grid = grid_from_volume_node(request.inputVolume)
            write_mask(part.within(whole(grid)), grid, self.folder / "mask.nrrd")
            return str(self.folder / "mask.nrrd"), None
        if request.roi:
            box = box_from_roi_node(request.roi, request.inputVolume)
            return None, {"start": box.start, "stop": box.stop}
        return None, None

    def _addOutputs(self, result: dict[str, Any]) -> Result:
        request = self._request
        added = addResult(request.inputVolume.GetName(), request.lesionName, request.modelName)
        added.original, added.segmentation, added.roi = request.inputVolume, request.segmentation, request.roi
        added.segmentId = request.segmentId
        added.settings = {"margin_mm": request.margin, "device": request.device, "precision": request.precision}
        added.enhanced = self._addVolume(result["files"]["enhanced"])
        added.bicubic = self._addVolume(result["files"]["bicubic"])
        if result["features"]:
            added.table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
            table = FeatureNode(added.table)
            table.fill(result["features"], settings=request.features or None)
            table.setLesion(request.segmentation, request.segmentId, self._drawn)
        for node in added.outputs.values():
            self._annotate(node, result["provenance"])
            FeatureNode(node).setImages(*added.images)
        return added

    def _addVolume(self, fileName: str) -> Any:
        from SuperResRadiomicsLib.io.mrml import volume_node_from_image
        from SuperResRadiomicsLib.io.reading import read_image

        return volume_node_from_image(read_image(self.folder / fileName), "", self._request.inputVolume)

    def _annotate(self, node: Any, provenance: dict[str, Any]) -> None:
        """Say on the node itself what it is and how it was made, and put it beside its source."""
        from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE

        node.SetDescription(NOT_FOR_CLINICAL_USE)
        node.SetAttribute(PROVENANCE_ATTRIBUTE, json.dumps(provenance))
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        if hierarchy is None:
            return
        source, item = (hierarchy.GetItemByDataNode(of) for of in (self._request.inputVolume, node))
        if source and item:
            hierarchy.SetItemParent(item, hierarchy.GetItemParent(source))


def writeVolume(node: Any, file: Path) -> None:
    """Write a volume's voxels for the child process, without the node's name, which can be a patient's.

    Raises:
        ImageError: The node holds no voxels, or several values a voxel.
    """
    from SuperResRadiomicsLib.io.image import write_image
    from SuperResRadiomicsLib.io.mrml import image_from_volume_node

    write_image(image_from_volume_node(node), str(file), compress=False)


def dicomModality(volume: Any) -> str:
    """What DICOM says about a volume: ``CT``, ``MR``, ``US``, or empty."""
    from SuperResRadiomicsLib.models import MODALITIES

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(volume) if hierarchy else 0
    modality = hierarchy.GetItemAttribute(item, "DICOM.Modality") if item else ""
    return modality if modality in MODALITIES else ""
