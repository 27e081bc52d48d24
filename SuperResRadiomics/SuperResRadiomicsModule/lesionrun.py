"""One press of the button: from nodes to files, through the child process, to new nodes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode
from .jobs import Job, JobFailed
from .segmentwatch import fingerprint

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
        lesionName: How the outputs' names call the lesion, where there are several.
        features: Arguments of the package's `FeatureSettings`.
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
    lesionName: str = ""
    features: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What a run added to the scene, and what the user should know about it."""

    enhancedVolume: Any = None
    bicubicVolume: Any = None
    featureTable: Any = None
    warnings: list[str] = field(default_factory=list)

    @property
    def nodes(self) -> list[Any]:
        """The nodes that were added."""
        return [node for node in (self.enhancedVolume, self.bicubicVolume, self.featureTable) if node]


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

    def prepare(self) -> dict[str, Any]:
        """Write the inputs.

        Raises:
            SuperResError: The volume, the segment or the ROI cannot be used; nothing was started.
        """
        request = self._request
        mask, box = self._writeInputs()
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
            return self._addOutputs(result)

    def _writeInputs(self) -> tuple[str | None, dict[str, Any] | None]:
        """Write the image and the lesion's mask; returns the mask's file or the lesion's box."""
        from SuperResRadiomicsLib.io.image import write_mask
        from SuperResRadiomicsLib.io.mrml import box_from_roi_node, grid_from_volume_node, mask_from_segment

        request = self._request
        writeVolume(request.inputVolume, self.folder / "image.nrrd")
        if request.segmentation:
            self._drawn = fingerprint(request.segmentation, request.segmentId)
            mask = mask_from_segment(request.segmentation, request.segmentId, request.inputVolume)
            write_mask(mask, grid_from_volume_node(request.inputVolume), self.folder / "mask.nrrd")
            return str(self.folder / "mask.nrrd"), None
        if request.roi:
            box = box_from_roi_node(request.roi, request.inputVolume)
            return None, {"start": box.start, "stop": box.stop}
        return None, None

    def _addOutputs(self, result: dict[str, Any]) -> Outcome:
        outcome = Outcome(warnings=result["warnings"])
        name = " ".join(part for part in (self._request.inputVolume.GetName(), self._request.lesionName) if part)
        model = self._request.modelName
        enhanced = _("{name} enhanced ({model})").format(name=name, model=model)
        outcome.enhancedVolume = self._addVolume(result["files"]["enhanced"], enhanced)
        outcome.bicubicVolume = self._addVolume(result["files"]["bicubic"], _("{name} bicubic").format(name=name))
        if result["features"]:
            outcome.featureTable = self._addTable(result["features"], _("{name} features").format(name=name))
            FeatureNode(outcome.featureTable).setLesion(
                self._request.segmentation, self._request.segmentId, self._drawn
            )
        for node in outcome.nodes:
            self._annotate(node, result["provenance"])
            FeatureNode(node).setImages(self._request.inputVolume, outcome.bicubicVolume, outcome.enhancedVolume)
        return outcome

    def _addVolume(self, fileName: str, name: str) -> Any:
        from SuperResRadiomicsLib.io.mrml import volume_node_from_image
        from SuperResRadiomicsLib.io.reading import read_image

        return volume_node_from_image(read_image(self.folder / fileName), name, self._request.inputVolume)

    def _addTable(self, features: dict[str, Any], name: str) -> Any:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        FeatureNode(node).fill(features, settings=self._request.features or None)
        return node

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
