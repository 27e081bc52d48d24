"""Real lesions as nodes, loaded through storage nodes as the application does; the segment comes from its label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer


@dataclass(frozen=True)
class RealCase:
    """A published image with a lesion, and what the module is expected to make of it.

    Attributes:
        name: What the nodes are called.
        folder: Where image and label lie in the test data.
        label: The lesion's value in the label image.
        modality: What the user says it is; empty where the voxels tell.
        model: The model that is chosen first: the one with the best features on held-out lesions.
        window: Window and level of the display.
    """

    name: str
    folder: str
    label: int
    modality: str
    model: str
    window: tuple[float, float]

    def isThere(self, data: Path) -> bool:
        """Whether the test data hold this case."""
        return all(self._file(data, what).is_file() for what in ("image", "label"))

    def load(self, data: Path) -> tuple[Any, Any]:
        """Add the volume, and the segmentation whose only segment is the lesion, to the scene."""
        volume = _read(self._file(data, "image"), "vtkMRMLScalarVolumeNode", self.name)
        volume.CreateDefaultDisplayNodes()
        volume.GetDisplayNode().SetAutoWindowLevel(False)
        volume.GetDisplayNode().SetWindowLevel(*self.window)
        label = _read(self._file(data, "label"), "vtkMRMLLabelMapVolumeNode", f"{self.name} label")
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{self.name} lesion")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        assert slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(label, segmentation)
        slicer.mrmlScene.RemoveNode(label)
        return volume, segmentation

    def _file(self, data: Path, what: str) -> Path:
        return data / self.folder / f"{self.name}_{what}.nrrd"


LUNG = RealCase("lung1", "ct/pyradiomics", 1, "", "ct-gancircle-x2-fidelity", (1500, -500))
BRAIN = RealCase("brain1", "mr/pyradiomics", 1, "MR", "mr-lfsr-x2-appearance", (1000, 500))
"""Both from pyradiomics, BSD-3-Clause."""


def _read(file: Path, class_name: str, name: str) -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(file))
    assert storage.ReadData(node)
    return node
