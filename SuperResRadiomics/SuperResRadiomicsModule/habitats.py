"""Habitats of a lesion: found by the child process, shown as a segmentation; how far they are found again is said."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from .featurejobs import FeatureJob
from .featurenode import FeatureNode
from .lesionfiles import writeLesion

HABITATS_ROLE = "SuperResRadiomics.Habitats"
HABITATS_ATTRIBUTE = "SuperResRadiomics.Habitats"
COLOURS = (
    (0.90, 0.62, 0.0), (0.34, 0.71, 0.91), (0.0, 0.62, 0.45), (0.94, 0.89, 0.26), (0.0, 0.45, 0.70), (0.8, 0.47, 0.65),
)  # fmt: skip
"""Okabe and Ito's, for the six habitats that there may be."""


class HabitatSearch(FeatureJob):
    """The lesion of a table is divided into habitats, on the original image.

    Args:
        table: The table.
    """

    def __init__(self, table: FeatureNode) -> None:
        super().__init__("divide_lesion", table)
        self._given = {"features": table.features, "settings": table.settings}
        self._read: Any = None

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask."""
        table = self.table
        lesion = yield from writeLesion(table, table.segmentation, table.segmentId, self.folder)
        return {"lesion": lesion, "out": str(self.folder), **self._given}

    def finish(self, result: dict[str, Any]) -> Generator[None, None, str]:
        """Read the labels, then show them."""
        from SuperResRadiomicsLib.io.mrml import read_image_data

        self._read = yield from read_image_data(self.folder / result["file"])
        return (yield from super().finish(result))

    def takeOver(self, result: dict[str, Any]) -> str:
        """Put the habitats into the scene, in the place of earlier ones."""
        described = result["described"]
        earlier = self.table.node.GetNodeReference(HABITATS_ROLE)
        if earlier is not None:
            removeWithDisplay(earlier)
        node = self._segmentation(described["count"])
        node.SetAttribute(HABITATS_ATTRIBUTE, json.dumps(described))
        self.table.node.SetNodeReferenceID(HABITATS_ROLE, node.GetID())
        return habitatsText(described)

    def _segmentation(self, count: int) -> Any:
        """A segmentation with a segment for each habitat, on the voxels of the original."""
        from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
        from SuperResRadiomicsLib.io.mrml import volume_node_from_data

        original = self.table.images["original"]
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        node.SetName(_("{name}: habitats").format(name=self.table.node.GetName()))
        node.SetDescription(NOT_FOR_CLINICAL_USE)
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(original)
        node.SetAndObserveTransformNodeID(original.GetTransformNodeID())
        box = volume_node_from_data(*self._read, original)
        try:
            labels = slicer.util.arrayFromVolume(box)
            for number in range(1, count + 1):
                name = _("habitat {number}").format(number=number)
                segmentId = node.GetSegmentation().AddEmptySegment("", name, COLOURS[number - 1])
                mask = (labels == number).astype(np.uint8)
                slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segmentId, box)
        finally:
            removeWithDisplay(box)
        return node


def removeWithDisplay(node: Any) -> None:
    """Remove a node and how it was displayed from the scene."""
    displays = [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    for each in (node, *displays):
        slicer.mrmlScene.RemoveNode(each)


def habitatsText(described: dict[str, Any]) -> str:
    """How many habitats there are, how large, and how far they are found again."""
    if described["count"] == 1:
        return _("One habitat only: the lesion's maps show no parts that differ.")
    voxels = ", ".join(f"{each['voxels']:,}" for each in described["habitats"])
    said = _("{count} habitats of {voxels} voxels.").format(count=described["count"], voxels=voxels)
    recovery = described["recovery"]
    if recovery is None:
        return f"{said} {_('Whether they are found again is not known: do not interpret them.')}"
    found = _("Found again under perturbation: {recovery}.").format(recovery=_(recovery))
    if recovery == "poor":
        found = f"{found} {_('Do not interpret them.')}"
    return f"{said} {found}"
