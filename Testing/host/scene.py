"""A MRML scene with the module logics that Slicer's Python helpers reach for, on slicer-core."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import slicer
import slicer.util
import vtk

# The colors logic comes first: display nodes of volumes look for its nodes.
LOGICS = {
    "Colors": "vtkMRMLColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Plots": "vtkSlicerPlotsLogic",
}

IN_HIERARCHY = ("vtkMRMLDisplayableNode", "vtkMRMLTableNode")
"""Nodes that get an item in the subject hierarchy."""


class Module:
    """What ``slicer.modules.<name>`` is: here a path and a logic."""

    def __init__(self, path: str = "", logic: Any = None) -> None:
        self.path = path
        self.panel: Any = None
        self._logic = logic

    def logic(self) -> Any:
        return self._logic

    def widgetRepresentation(self) -> Any:
        return self.panel


def boot() -> Any:
    """Make ``slicer.mrmlScene`` and ``slicer.modules``; returns the application logic."""
    window = vtk.vtkOutputWindow()
    window.SetDisplayModeToAlwaysStdErr()
    vtk.vtkOutputWindow.SetInstance(window)
    scene = slicer.vtkMRMLScene()
    slicer.mrmlScene = scene
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())  # In the application the Colors module does.
    application = slicer.vtkMRMLApplicationLogic()
    application.SetMRMLScene(scene)
    slicer.modules = SimpleNamespace()
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logic)
        setattr(slicer.modules, name.lower(), Module(logic=logic))
    reset(scene)
    scene.AddObserver(scene.NodeAddedEvent, _add_hierarchy_item)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _remove_hierarchy_item)
    return application


def reset(scene: Any) -> None:
    """An empty scene with the nodes that the application always keeps."""
    scene.Clear(0)
    slicer.modules.colors.logic().AddDefaultColorNodes()
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _add_hierarchy_item(scene: Any, event: Any, node: Any) -> None:
    """In the application the subject hierarchy's plugins give every data node an item."""
    hierarchy = scene.GetSubjectHierarchyNode()
    if hierarchy is not None and not node.GetHideFromEditors() and any(node.IsA(name) for name in IN_HIERARCHY):
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _remove_hierarchy_item(scene: Any, event: Any, node: Any) -> None:
    hierarchy = scene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
    if item:
        hierarchy.RemoveItem(item, False, False)


def content(scene: Any) -> dict[str, str]:
    """Everything in a scene that could change, by node id; two equal contents are the same scene."""
    return {node.GetID(): _described(node) for node in slicer.util.getNodesByClass("vtkMRMLNode")}


def _described(node: Any) -> str:
    """The node as it is printed, without addresses and counters that change on their own."""
    lines = str(node).splitlines()
    return "\n".join(line for line in lines if not re.search(r"0x|Modified Time|Reference Count|MTime", line))
