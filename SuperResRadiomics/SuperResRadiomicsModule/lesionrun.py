"""One press of the button: from nodes to files, through the child process, to new nodes."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode
from .workerclient import Message, WorkerClient

PROVENANCE_ATTRIBUTE = "SuperResRadiomics.Provenance"
MODALITIES = ("CT", "MR", "US")


@dataclass(frozen=True)
class Request:
    """What to do.

    Attributes:
        inputVolume: Volume node to enhance.
        segmentation: Segmentation node with the lesion; None for the whole volume, without features.
        segmentId: The lesion's segment.
        model: Folder of the model.
        modelName: How the outputs' names call it.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
    """

    inputVolume: Any
    segmentation: Any
    segmentId: str
    model: str
    modelName: str
    device: str = "auto"
    precision: str = "fp32"


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


class RunFailed(Exception):
    """The run ended with an error that is to be shown to the user."""


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


class LesionRun:
    """A run in progress. It owns a temporary folder; the scene is changed at the very end only.

    Args:
        request: What to do.
        client: The child process.
        onProgress: Told the stage (``enhance`` or ``features``) and how many steps are done of how many (0: unknown).

    Raises:
        SuperResError: The volume or the segment cannot be used; nothing was started.
    """

    def __init__(self, request: Request, client: WorkerClient, onProgress: Callable[[str, int, int], None]) -> None:
        self._request = request
        self._client = client
        self._onProgress = onProgress
        self._folder = Path(tempfile.mkdtemp(prefix="SuperResRadiomics-"))
        try:
            self._writeInputs()
            self._pending = self._sendRequest()
        except BaseException:
            self.discardFiles()
            raise

    def handle(self, message: Message) -> Outcome | None:
        """Take one message of the child; returns the outcome with the last one.

        Raises:
            RunFailed: The child reported an error or died.
        """
        event = message["event"]
        if event == "ended":
            raise RunFailed(message["message"])
        if message.get("id") != self._pending:
            return None
        if event == "error":
            raise RunFailed(message["message"])
        if event == "progress":
            self._onProgress(message["stage"], message["done"], message["total"])
            return None
        return self._finish(message["result"])

    def discardFiles(self) -> None:
        """Remove the temporary folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _imageFile(self) -> str:
        return str(self._folder / "image.nrrd")

    @property
    def _maskFile(self) -> str | None:
        return str(self._folder / "mask.nrrd") if self._request.segmentation else None

    @property
    def _modality(self) -> str | None:
        """What DICOM says about the input; the package guesses from the voxels otherwise."""
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(self._request.inputVolume) if hierarchy else 0
        modality = hierarchy.GetItemAttribute(item, "DICOM.Modality") if item else ""
        return modality if modality in MODALITIES else None

    def _writeInputs(self) -> None:
        from SuperResRadiomicsLib.image import write_image, write_mask
        from SuperResRadiomicsLib.mrml import image_from_volume_node, mask_from_segment

        request = self._request
        image = image_from_volume_node(request.inputVolume)
        write_image(image, self._imageFile, compress=False)
        if request.segmentation:
            mask = mask_from_segment(request.segmentation, request.segmentId, request.inputVolume)
            write_mask(mask, image.grid, self._maskFile)

    def _sendRequest(self) -> int:
        request = self._request
        return self._client.request(
            "enhance",
            image=self._imageFile,
            mask=self._maskFile,
            modality=self._modality,
            out=str(self._folder),
            model=request.model,
            device=request.device,
            precision=request.precision,
            features={} if request.segmentation else None,
        )

    def _finish(self, result: dict[str, Any]) -> Outcome:
        """Add all outputs to the scene, or none of them."""
        if not slicer.mrmlScene.IsNodePresent(self._request.inputVolume):
            raise RunFailed(_("The input volume was removed while it was being enhanced; the result was discarded."))
        with undoOnError():
            return self._addOutputs(result)

    def _addOutputs(self, result: dict[str, Any]) -> Outcome:
        outcome = Outcome(warnings=result["warnings"])
        name = self._request.inputVolume.GetName()
        model = self._request.modelName
        enhanced = _("{name} enhanced ({model})").format(name=name, model=model)
        outcome.enhancedVolume = self._addVolume(result["files"]["enhanced"], enhanced)
        outcome.bicubicVolume = self._addVolume(result["files"]["bicubic"], _("{name} bicubic").format(name=name))
        if result["features"]:
            outcome.featureTable = self._addTable(result["features"], _("{name} features").format(name=name))
            FeatureNode(outcome.featureTable).setImages(
                self._request.inputVolume, outcome.bicubicVolume, outcome.enhancedVolume
            )
            FeatureNode(outcome.featureTable).setLesion(self._request.segmentation, self._request.segmentId)
        for node in outcome.nodes:
            self._annotate(node, result["provenance"])
        return outcome

    def _addVolume(self, fileName: str, name: str) -> Any:
        from SuperResRadiomicsLib.image import read_image
        from SuperResRadiomicsLib.mrml import volume_node_from_image

        return volume_node_from_image(read_image(self._folder / fileName), name, self._request.inputVolume)

    def _addTable(self, features: dict[str, Any], name: str) -> Any:
        from SuperResRadiomicsLib.mrml import fill_table_node

        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        fill_table_node(node, features)
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
