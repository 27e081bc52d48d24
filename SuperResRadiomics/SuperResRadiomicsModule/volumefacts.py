"""What is known of a volume: its modality, and figures of all its voxels, looked at once and in short steps."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import slicer

_surveys: dict[str, tuple[Any, ...]] = {}
"""The figures by the volume's id, with what they were found for."""


def hasVoxels(volume: Any) -> bool:
    """Whether a volume node is there and holds an image; a node that is just being loaded does not yet."""
    data = volume.GetImageData() if volume else None
    return data is not None and data.GetNumberOfPoints() > 0


def dicomModality(volume: Any) -> str:
    """What DICOM says about a volume: ``CT``, ``MR``, ``US``, or empty."""
    from SuperResRadiomicsLib.models import MODALITIES

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(volume) if hierarchy else 0
    modality = hierarchy.GetItemAttribute(item, "DICOM.Modality") if item else ""
    return modality if modality in MODALITIES else ""


def guessedModality(volume: Any) -> str:
    """``CT``, ``MR``, ``US`` or ``unknown``: as DICOM says, or as the voxels let guess."""
    from SuperResRadiomicsLib.io.image import guess_modality

    if volume is None:
        return "unknown"
    lowest = volume.GetImageData().GetScalarRange()[0] if hasVoxels(volume) else 0.0
    return dicomModality(volume) or guess_modality(lowest)


def acquiredAxis(volume: Any) -> int | None:
    """The axis (2: k) across a volume's slices as they were acquired; None where the scene does not tell.

    The application's DICOM readers stack slices along k, also where voxels are thinner than wide.
    """
    return 2 if volume.GetAttribute("DICOM.instanceUIDs") else None


def sliceAxis(volume: Any) -> int:
    """The same, or what the package guesses from the spacing."""
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node
    from SuperResRadiomicsLib.io.plane import slice_axis

    return slice_axis(grid_from_volume_node(volume), acquiredAxis(volume))


def wholeImage(volume: Any, modality: str) -> Generator[None, None, Any]:
    """The package's ``WholeImage`` of a volume, found in short steps; the next time it is known.

    Raises:
        ImageError: A voxel is not a number, or infinite.
    """
    from SuperResRadiomicsLib.errors import ImageError
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node
    from SuperResRadiomicsLib.io.survey import survey

    grid = grid_from_volume_node(volume)
    state = (slicer.mrmlScene, volume.GetImageData().GetMTime(), modality, grid)
    known = _surveys.get(volume.GetID())
    if known is not None and known[0] == state:
        return known[1]
    found = yield from survey(slicer.util.arrayFromVolume(volume), grid, modality)
    if not np.isfinite([found.lowest, found.highest, found.mean]).all():
        raise ImageError("The volume holds NaN or infinite values. Replace them, or choose another volume.")
    _surveys[volume.GetID()] = (state, found)
    return found
