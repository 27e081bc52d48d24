"""A detector's look at a volume: from the node to a file, through the child process, to a ROI."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from .jobs import Job, JobFailed
from .lesionrun import checkScalar, undoOnError
from .volumefacts import acquiredAxis, guessedModality


@dataclass(frozen=True)
class DetectionOutcome:
    """What was found.

    Attributes:
        roi: The new markups ROI around the suggested lesion.
        probability: The highest probability of a slice that the lesion was seen in.
        warnings: Sentences for the user.
    """

    roi: Any
    probability: float
    warnings: list[str]


class DetectionRun(Job):
    """The search for a lesion. The scene is changed at the very end only.

    Args:
        inputVolume: Volume node to look at.
        detector: Folder of the detector.
        modality: ``CT``, ``MR``, ``US``, or empty: as DICOM or the voxels say.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
    """

    def __init__(self, inputVolume: Any, detector: str, modality: str = "", device: str = "auto") -> None:
        super().__init__("detect")
        self._inputVolume, self._detector, self._modality, self._device = inputVolume, detector, modality, device

    @property
    def nodes(self) -> list[Any]:
        """The volume."""
        return [self._inputVolume]

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the volume."""
        from SuperResRadiomicsLib.io.mrml import write_volume

        checkScalar(self._inputVolume)
        file = self.folder / "image.nrrd"
        yield from write_volume(self._inputVolume, file)
        modality = self._modality or guessedModality(self._inputVolume)
        return {
            "image": str(file),
            "model": self._detector,
            "modality": modality,
            "slice_axis": acquiredAxis(self._inputVolume),
            "device": self._device,
        }

    def finish(self, result: dict[str, Any]) -> Generator[None, None, DetectionOutcome]:
        """Add a ROI for the found box."""
        from SuperResRadiomicsLib.grid import Box
        from SuperResRadiomicsLib.io.mrml import roi_node_from_box

        yield from ()
        if not slicer.mrmlScene.IsNodePresent(self._inputVolume):
            raise JobFailed(_("The input volume was removed while it was looked at; the result was discarded."))
        lesion = result["lesion"]
        box = Box(tuple(lesion["box"]["start"]), tuple(lesion["box"]["stop"]))
        name = _("{name} suggested lesion").format(name=self._inputVolume.GetName())
        with undoOnError():
            roi = roi_node_from_box(box, name, self._inputVolume)
            roi.SetDescription(result["suggestion"])
        return DetectionOutcome(roi, lesion["probability"], result["warnings"])
