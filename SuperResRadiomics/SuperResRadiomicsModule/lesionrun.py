"""One press of the button: from nodes to files, through the child process, to new nodes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurenode import FeatureNode, readTable
from .jobs import Job, JobFailed
from .results import Result, addResult, allResults, freeName, nameOf
from .samples import addSamples, samplesData
from .segmentwatch import fingerprintSteps
from .volumefacts import acquiredAxis, guessedModality, hasVoxels, sliceAxis, wholeImage

PIXELS_SEEN = 64
"""As far around a region networks look; the child refuses a model that looks further."""
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
        samples: How many samples to draw; None for a model that draws none.
        measured: What the network is told as measured of the scan: ``blur``, ``noise``.
        features: Arguments of the package's `FeatureSettings`.
        force: Whether to enhance a scan that the model's guard refuses; every output then says so.
        replaces: Whether earlier results of the same lesion and model go.
        card: The model's card, where it was read already.
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
    samples: int | None = None
    measured: tuple[str, ...] = ()
    features: dict[str, Any] = field(default_factory=dict)
    force: bool = False
    replaces: bool = False
    card: Any = None

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
        """Write the lesion with its surroundings, and what must be known of the whole volume.

        Raises:
            SuperResError: The volume, the segment or the ROI cannot be used; nothing was started.
        """
        request = self._request
        modality = request.modality or guessedModality(request.inputVolume)
        lesion = yield from self._writeLesion(modality)
        return {
            "image": str(self.folder / "image.nrrd"),
            **lesion,
            "modality": modality,
            "slice_axis": acquiredAxis(request.inputVolume),
            "out": str(self.folder),
            "model": request.model,
            "device": request.device,
            "precision": request.precision,
            "options": self._options(),
            "features": request.features if request.segmentation else None,
        }

    def _options(self) -> dict[str, Any]:
        """What the package's ``enhance`` is asked for besides."""
        request = self._request
        samples = {} if request.samples is None else {"samples": request.samples}
        forced = {"force": True} if request.force else {}
        return {"margin_mm": request.margin, **samples, **dict.fromkeys(request.measured, "auto"), **forced}

    def finish(self, result: dict[str, Any]) -> Generator[None, None, Outcome]:
        """Add all outputs to the scene, or none of them.

        Raises:
            JobFailed: The input is no longer there.
            ImageError: A file of the child process cannot be read.
        """
        from SuperResRadiomicsLib.io.mrml import read_image_data

        images = {}
        for name in ("enhanced", "bicubic", "sd"):
            if name in result["files"]:
                images[name] = yield from read_image_data(self.folder / result["files"][name])
        samples = yield from self._readSamples(result)
        if result["features"]:
            readTable(result["features"])
            yield
        if not slicer.mrmlScene.IsNodePresent(self._request.inputVolume):
            raise JobFailed(_("The input volume was removed while it was being enhanced; the result was discarded."))
        with undoOnError():
            added = self._addOutputs(result, images, samples)
        if self._request.replaces:
            for other in allResults():
                if other != added and other.isLike(added):
                    other.remove()
        added.rename(freeName(nameOf(added), added))
        return Outcome(added, result["warnings"])

    def _writeLesion(self, modality: str) -> Generator[None, None, dict[str, Any]]:
        """Write the image and what marks the lesion in it; returns how the child is told of them."""
        from SuperResRadiomicsLib.grid import box_within, crop_grid
        from SuperResRadiomicsLib.io.handover import hand_over_mask
        from SuperResRadiomicsLib.io.mrml import box_from_roi_node, grid_from_volume_node, write_volume
        from SuperResRadiomicsLib.io.mrml_segment import segment_part

        request = self._request
        volume = request.inputVolume
        checkScalar(volume)
        file = self.folder / "image.nrrd"
        grid = grid_from_volume_node(volume)
        if request.segmentation:
            # Before the mask: an edit in between makes the table look old, never new.
            self._drawn = yield from fingerprintSteps(request.segmentation, request.segmentId)
            part = yield from segment_part(request.segmentation, request.segmentId, volume)
            cut = surroundings(part.inside(grid), grid, request)
            yield from hand_over_mask(part.within(cut), crop_grid(grid, cut), self.folder / "mask.nrrd")
            lesion: dict[str, Any] = {"mask": str(self.folder / "mask.nrrd")}
        elif request.roi:
            box = box_from_roi_node(request.roi, volume)
            cut = surroundings(box, grid, request)
            box = box_within(box, cut)
            lesion = {"box": {"start": list(box.start), "stop": list(box.stop)}}
        else:
            yield from write_volume(volume, file)
            return {}
        whole = yield from wholeImage(volume, modality)
        yield from write_volume(volume, file, cut)
        return {**lesion, "whole": {"input": gridDescription(grid), "intensities": whole.figures()}}

    def _readSamples(self, result: dict[str, Any]) -> Generator[None, None, Any]:
        """The samples as vtkImageData; None where the model draws none or a single one, which is the enhanced image."""
        from SuperResRadiomicsLib.io.image_stack import read_voxels

        if result["provenance"].get("samples", {}).get("count", 0) < 2 or "samples" not in result["files"]:
            return None
        voxels = read_voxels(self.folder / result["files"]["samples"])
        yield
        return (yield from samplesData(voxels))

    def _addOutputs(self, result: dict[str, Any], images: dict[str, Any], samples: Any) -> Result:
        from SuperResRadiomicsLib.io.mrml import volume_node_from_data

        request = self._request
        added = addResult(request.inputVolume.GetName(), request.lesionName, request.modelName)
        added.original, added.segmentation, added.roi = request.inputVolume, request.segmentation, request.roi
        added.segmentId = request.segmentId
        added.settings = {**self._options(), "device": request.device, "precision": request.precision}
        added.enhanced = volume_node_from_data(*images["enhanced"], request.inputVolume)
        added.bicubic = volume_node_from_data(*images["bicubic"], request.inputVolume)
        if "sd" in images:
            added.uncertainty = volume_node_from_data(*images["sd"], request.inputVolume)
        if samples is not None:
            added.samples = addSamples(samples, added.enhanced)
        if result["features"]:
            added.table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
            table = FeatureNode(added.table)
            table.fill(result["features"], settings=request.features or None)
            table.setLesion(request.segmentation, request.segmentId, self._drawn)
            table.setSamples(added.samples)
        provenance = json.dumps(result["provenance"])
        for node in added.outputs.values():
            self._annotate(node, provenance)
            FeatureNode(node).setImages(*added.images)
        return added

    def _annotate(self, node: Any, provenance: str) -> None:
        """Say on the node itself what it is and how it was made, and put it beside its source."""
        from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE

        node.SetDescription(NOT_FOR_CLINICAL_USE)
        node.SetAttribute(PROVENANCE_ATTRIBUTE, provenance)
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        if hierarchy is None:
            return
        source, item = (hierarchy.GetItemByDataNode(of) for of in (self._request.inputVolume, node))
        if source and item:
            hierarchy.SetItemParent(item, hierarchy.GetItemParent(source))


def checkScalar(node: Any) -> None:
    """Refuse what cannot be enhanced, before anything is done.

    Raises:
        ImageError: The node holds no voxels, or several values a voxel.
    """
    from SuperResRadiomicsLib.errors import ImageError

    if not hasVoxels(node):
        raise ImageError("The input volume holds no voxels. Choose a volume that is loaded.")
    count = node.GetImageData().GetNumberOfScalarComponents()
    if count > 1:
        raise ImageError(f"The input volume has {count} values in each voxel. Choose a scalar volume.")


def surroundings(lesion: Any, grid: Any, request: Request) -> Any:
    """The box of a volume that a lesion's enhancement and its features see; whole slices where the network needs them.

    Args:
        lesion: The lesion's box.
        grid: The volume's grid.
        request: What to do.
    """
    from SuperResRadiomicsLib.enhancement.pipeline import context_voxels
    from SuperResRadiomicsLib.grid import expand_box, grow_box
    from SuperResRadiomicsLib.models import load_card
    from SuperResRadiomicsLib.networks import architectures

    card = request.card or load_card(request.model)
    architecture = architectures()[card.architecture["name"]]
    kept = [max(PIXELS_SEEN, context) for context in context_voxels(grid)]
    across = sliceAxis(request.inputVolume)
    if not architecture.finite_receptive_field:
        kept = list(grid.size)
    kept[across] = context_voxels(grid)[across] + 2  # Where a factor is no integer, regions are rounded outwards.
    return grow_box(expand_box(lesion, grid, request.margin), grid, kept)


def gridDescription(grid: Any) -> dict[str, Any]:
    """A grid as the provenance gives it."""
    return {
        "size": list(grid.size),
        "spacing_mm": list(grid.spacing),
        "origin_mm": list(grid.origin),
        "direction": list(grid.direction),
    }
