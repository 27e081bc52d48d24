"""The results in the scene: each lesion that was enhanced is one object with all of its nodes, saved with the scene."""

from __future__ import annotations

import datetime
import json
from typing import Any

import slicer
from slicer.i18n import tr as _

MARK = "SuperResRadiomics.Result"
"""Attribute of the nodes that stand for results."""
OUTPUTS = ("enhanced", "bicubic", "uncertainty", "samples", "difference", "table")
"""What belongs to a result and goes with it."""
INPUTS = ("original", "segmentation", "roi")
"""What it was made from."""


def _node(role: str) -> Any:
    def get(self: Result) -> Any:
        return self.node.GetNodeReference(role)

    def put(self: Result, value: Any) -> None:
        self.node.SetNodeReferenceID(role, value.GetID() if value else None)

    return property(get, put)


def _text(name: str) -> Any:
    def get(self: Result) -> str:
        return self.node.GetParameter(name)

    def put(self: Result, value: str) -> None:
        self.node.SetParameter(name, value)

    return property(get, put)


class Result:
    """Typed access to the node that stands for a result.

    Attributes:
        node: vtkMRMLScriptedModuleNode.
        original: Volume that was enhanced, or None where a node is gone.
        segmentation: Segmentation with the lesion.
        roi: ROI around the lesion.
        enhanced: Enhanced volume.
        bicubic: Its bicubic twin.
        uncertainty: Standard deviation of each enhanced value over the samples, where the model draws any.
        samples: The samples as one volume with a value for each of them in a voxel, where there are several.
        difference: Enhanced minus bicubic, once it was looked at.
        table: Table node with the features, where there is a segment.
        segmentId: The lesion's segment.
        volumeName: How the volume was called at the time.
        lesionName: How the lesion was called; empty for a whole volume.
        model: Name of the model.
        time: When the run ended, ISO 8601.
    """

    original, segmentation, roi = (_node(role) for role in INPUTS)
    enhanced, bicubic, uncertainty, samples, difference, table = (_node(role) for role in OUTPUTS)
    segmentId = _text("SegmentID")
    volumeName = _text("VolumeName")
    lesionName = _text("LesionName")
    model = _text("Model")
    time = _text("Time")

    def __init__(self, node: Any) -> None:
        self.node = node

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    @property
    def name(self) -> str:
        """What the list calls the result."""
        return str(self.node.GetName())

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked for, by name."""
        found: dict[str, Any] = json.loads(self.node.GetParameter("Settings") or "{}")
        return found

    @settings.setter
    def settings(self, settings: dict[str, Any]) -> None:
        self.node.SetParameter("Settings", json.dumps(settings))

    @property
    def outputs(self) -> dict[str, Any]:
        """The nodes that belong to the result, those that are still there, by role."""
        found = {role: self.node.GetNodeReference(role) for role in OUTPUTS}
        return {role: node for role, node in found.items() if node}

    @property
    def images(self) -> tuple[Any, Any, Any]:
        """Original, bicubic and enhanced volume."""
        return self.original, self.bicubic, self.enhanced

    @property
    def isOfWholeVolume(self) -> bool:
        """Whether no lesion was marked."""
        return not self.segmentId and not self.node.GetNodeReferenceID("roi")

    def isLike(self, other: Result) -> bool:
        """Whether both are of the same lesion and by the same model."""
        lesions = [(one.original, one.segmentation, one.segmentId, one.roi, one.model) for one in (self, other)]
        return lesions[0] == lesions[1] and self.original is not None

    def title(self) -> str:
        """The result's name and time, for a list."""
        clock = self.time[11:16]
        return _("{name}, {time}").format(name=self.name, time=clock) if clock else self.name

    def rename(self, name: str) -> None:
        """Rename the result and its nodes."""
        self.node.SetName(name)
        titles = {
            "enhanced": _("enhanced"),
            "bicubic": _("bicubic"),
            "uncertainty": _("standard deviation of the samples"),
            "samples": _("samples (possible images)"),
            "difference": _("enhanced minus bicubic"),
            "table": _("features"),
        }
        for role, node in self.outputs.items():
            node.SetName(f"{name}: {titles[role]}")

    def remove(self) -> None:
        """Remove the result and its nodes from the scene; its inputs stay."""
        scene = slicer.mrmlScene
        scene.StartState(scene.BatchProcessState)
        try:
            for node in (*self.outputs.values(), self.node):
                scene.RemoveNode(node)
        finally:
            scene.EndState(scene.BatchProcessState)


def resultOf(node: Any) -> Result | None:
    """The result that a node stands for; None for any other node."""
    return Result(node) if node is not None and node.GetAttribute(MARK) else None


def allResults() -> list[Result]:
    """The results in the scene, the latest first."""
    found = [resultOf(node) for node in slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")]
    return [result for result in reversed(found) if result is not None]


def isOutput(volume: Any) -> bool:
    """Whether a volume belongs to a result: it is never chosen as input by itself."""
    return any(volume is node for result in allResults() for node in result.outputs.values())


def addResult(volumeName: str, lesionName: str, model: str) -> Result:
    """Add the node of a new result, with a name that no other has."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    node.SetAttribute(MARK, "1")
    result = Result(node)
    result.volumeName, result.lesionName, result.model = volumeName, lesionName, model
    result.time = datetime.datetime.now().isoformat(timespec="seconds")
    node.SetName(freeName(nameOf(result), result))
    return result


def nameOf(result: Result) -> str:
    """How a result is called at first: volume, lesion and model."""
    what = " ".join(part for part in (result.volumeName, result.lesionName) if part)
    return _("{what} ({model})").format(what=what, model=result.model)


def removeEmpty() -> None:
    """Remove results all of whose nodes the user has removed elsewhere."""
    for result in allResults():
        if not result.outputs:
            slicer.mrmlScene.RemoveNode(result.node)


def freeName(name: str, result: Result) -> str:
    """A name for a result: the given one, or with a number behind it where another result has it."""
    taken = {other.name for other in allResults() if other != result}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
