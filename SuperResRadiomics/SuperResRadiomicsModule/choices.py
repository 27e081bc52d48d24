"""What the choices amount to: the lesions to enhance, and what is still missing."""

from __future__ import annotations

import json
from typing import Any

from slicer.i18n import tr as _

from . import slicerradiomics
from .installation import ENHANCE, FEATURES, PARAMETER_FILES, WAVELETS, Function
from .lesionrun import Request
from .parameters import ALL_SEGMENTS, REPLACE, ROI, SEGMENT, Parameters
from .results import Result
from .volumefacts import guessedModality, hasVoxels


def modalityOf(parameters: Parameters) -> str:
    """``CT``, ``MR``, ``US`` or ``unknown``: as chosen, as DICOM says, or as the voxels let guess."""
    return parameters.modality or guessedModality(parameters.inputVolume)


def segmentsOf(segmentation: Any) -> dict[str, str]:
    """Names of a segmentation's segments, by id."""
    if segmentation is None:
        return {}
    segments = segmentation.GetSegmentation()
    return {segmentId: segments.GetSegment(segmentId).GetName() for segmentId in segments.GetSegmentIDs()}


def obstacle(parameters: Parameters | None) -> str:
    """What the user has to do before a run can start; empty when nothing."""
    if parameters is None or not hasVoxels(parameters.inputVolume):
        return _("Select an input volume.")
    if modalityOf(parameters) == "unknown":
        return _("Choose the modality: neither DICOM nor the voxels say what the image is.")
    kind, segments = parameters.lesionKind, segmentsOf(parameters.segmentation)
    if kind == SEGMENT and parameters.segmentId not in segments:
        return _("Select the lesion's segment, or draw it below; or enhance the whole volume.")
    if kind == ALL_SEGMENTS and not segments:
        return _("Select a segmentation that holds a segment for each lesion.")
    if kind == ROI and not parameters.roi:
        return _("Select a ROI around the lesion, or let it be detected.")
    if not parameters.model:
        return _("There is no model for this image and task. Choose another task, or add a model's folder.")
    return ""


def whatIsRun(parameters: Parameters) -> tuple[Any, ...]:
    """What tells one choice of scan, lesion and model from another."""
    nodes = (parameters.inputVolume, parameters.segmentation, parameters.roi)
    choices = (parameters.modality, parameters.lesionKind, parameters.segmentId, parameters.model)
    return (*(node.GetID() if node else "" for node in nodes), *choices)


def isOfChosenLesion(result: Result, parameters: Parameters) -> bool:
    """Whether a result is of the lesion that is chosen as input."""
    if result.original is None or result.original is not parameters.inputVolume:
        return False
    kind, segmentation = parameters.lesionKind, result.segmentation
    if kind == ALL_SEGMENTS:
        return segmentation is not None and segmentation is parameters.segmentation
    if kind == SEGMENT:
        return segmentation is parameters.segmentation and result.segmentId == parameters.segmentId != ""
    if kind == ROI:
        return result.roi is not None and result.roi is parameters.roi
    return result.isOfWholeVolume


def featureSettings(parameters: Parameters) -> dict[str, Any]:
    """The settings of the feature panel; SlicerRadiomics cannot be asked by the child process, which has its own."""
    settings = json.loads(parameters.featureSettings)
    return {name: value for name, value in settings.items() if name != "engine" or value != slicerradiomics.NAME}


def neededFunctions(parameters: Parameters) -> tuple[Function, ...]:
    """What a run with these choices needs to have installed."""
    if parameters.lesionKind not in (SEGMENT, ALL_SEGMENTS):
        return (ENHANCE,)
    return (ENHANCE, *featureFunctions(json.loads(parameters.featureSettings)))


def featureFunctions(settings: dict[str, Any]) -> tuple[Function, ...]:
    """What features with these settings need to have installed."""
    functions = [FEATURES]
    if any(name.startswith("Wavelet") for name in settings.get("filters", ())):
        functions.append(WAVELETS)
    if settings.get("parameters", "").lower().endswith((".yaml", ".yml")):
        functions.append(PARAMETER_FILES)
    return tuple(functions)


def drawsSamples(card: Any) -> bool:
    """Whether a model draws several possible images instead of one; ``card`` may be None."""
    from SuperResRadiomicsLib.networks import architectures

    return card is not None and architectures()[card.architecture["name"]].samples


def measurable(card: Any) -> tuple[str, ...]:
    """What a model can be told as measured of the scan: ``blur``, ``noise``; ``card`` may be None."""
    if card is None or card.unit != "HU" or card.refines_slices:
        return ()
    taken = {condition.name for condition in card.conditions}
    return tuple(name for name, condition in (("blur", "blur_px"), ("noise", "noise")) if condition in taken)


def requests(
    parameters: Parameters,
    card: Any,
    samples: int | None = None,
    measured: tuple[str, ...] = (),
    force: bool = False,
) -> list[Request]:
    """One request for each lesion chosen; a single one for the whole volume.

    Args:
        parameters: The choices.
        card: The chosen model's.
        samples: How many samples to draw; None for a model that draws none.
        measured: What the network is told as measured of the scan.
        force: Whether to enhance a scan that is nothing like the model's own.
    """
    common = {
        "inputVolume": parameters.inputVolume,
        "model": str(card.folder),
        "card": card,
        "modelName": parameters.model,
        "device": parameters.device,
        "precision": parameters.precision,
        "modality": parameters.modality,
        "margin": parameters.margin,
        "samples": samples,
        "measured": measured,
        "force": force,
        "features": featureSettings(parameters),
        "replaces": parameters.rerun == REPLACE,
    }
    kind, segmentation = parameters.lesionKind, parameters.segmentation
    if kind == ALL_SEGMENTS:
        return [
            Request(segmentation=segmentation, segmentId=segmentId, **common) for segmentId in segmentsOf(segmentation)
        ]
    if kind == SEGMENT:
        return [Request(segmentation=segmentation, segmentId=parameters.segmentId, **common)]
    return [Request(segmentation=None, segmentId="", roi=parameters.roi if kind == ROI else None, **common)]
