"""What the choices amount to: the lesions to enhance, and what is still missing."""

from __future__ import annotations

import json
from typing import Any

from slicer.i18n import tr as _

from . import slicerradiomics
from .lesionrun import Request, dicomModality
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, Parameters


def modalityOf(parameters: Parameters) -> str:
    """``CT``, ``MR``, ``US`` or ``unknown``: as chosen, as DICOM says, or as the voxels let guess."""
    return parameters.modality or guessedModality(parameters.inputVolume)


def guessedModality(volume: Any) -> str:
    """``CT``, ``MR``, ``US`` or ``unknown``: as DICOM says, or as the voxels let guess."""
    from SuperResRadiomicsLib.io.image import guess_modality

    if volume is None:
        return "unknown"
    lowest = volume.GetImageData().GetScalarRange()[0] if hasVoxels(volume) else 0.0
    return dicomModality(volume) or guess_modality(lowest)


def hasVoxels(volume: Any) -> bool:
    """Whether a volume node is there and holds an image; a node that is just being loaded does not yet."""
    data = volume.GetImageData() if volume else None
    return data is not None and data.GetNumberOfPoints() > 0


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


def featureSettings(parameters: Parameters) -> dict[str, Any]:
    """The settings of the feature panel; SlicerRadiomics cannot be asked by the child process, which has its own."""
    settings = json.loads(parameters.featureSettings)
    return {name: value for name, value in settings.items() if name != "engine" or value != slicerradiomics.NAME}


def requests(parameters: Parameters, modelFolder: str) -> list[Request]:
    """One request for each lesion chosen; a single one for the whole volume."""
    common = {
        "inputVolume": parameters.inputVolume,
        "model": modelFolder,
        "modelName": parameters.model,
        "device": parameters.device,
        "precision": parameters.precision,
        "modality": parameters.modality,
        "margin": parameters.margin,
        "features": featureSettings(parameters),
    }
    kind, segmentation = parameters.lesionKind, parameters.segmentation
    if kind == ALL_SEGMENTS:
        return [
            Request(segmentation=segmentation, segmentId=segmentId, lesionName=name, **common)
            for segmentId, name in segmentsOf(segmentation).items()
        ]
    if kind == SEGMENT:
        return [Request(segmentation=segmentation, segmentId=parameters.segmentId, **common)]
    return [Request(segmentation=None, segmentId="", roi=parameters.roi if kind == ROI else None, **common)]
