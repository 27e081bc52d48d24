"""What the real CTK and qMRML widgets offer, by name; the stand-ins and the .ui are checked against it.

Names only, from Slicer 5.13; of each class what the module uses or may want to use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WidgetContract:
    """Properties, signals and slots of one widget class, without those of its Qt base class."""

    properties: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()


SET_SCENE = "setMRMLScene(vtkMRMLScene*)"

CONTRACT = {
    "qMRMLWidget": WidgetContract(signals=frozenset({"mrmlSceneChanged(vtkMRMLScene*)"}), slots=frozenset({SET_SCENE})),
    "ctkCollapsibleButton": WidgetContract(
        properties=frozenset({"collapsed"}), signals=frozenset({"contentsCollapsed(bool)"})
    ),
    "qMRMLNodeComboBox": WidgetContract(
        properties=frozenset(
            {"addEnabled", "currentNodeID", "editEnabled", "hideChildNodeTypes", "nodeTypes", "noneDisplay"}
            | {"noneEnabled", "removeEnabled", "renameEnabled", "selectNodeUponCreation", "showChildNodeTypes"}
            | {"showHidden"}
        ),
        signals=frozenset(
            {"currentNodeChanged(vtkMRMLNode*)", "currentNodeChanged(bool)", "nodeAddedByUser(vtkMRMLNode*)"}
        ),
        slots=frozenset({SET_SCENE, "setCurrentNode(vtkMRMLNode*)", "setCurrentNodeID(QString)", "addNode()"}),
    ),
    "qMRMLSegmentSelectorWidget": WidgetContract(
        properties=frozenset(
            {"noneEnabled", "editEnabled", "segmentationNodeSelectorVisible", "multiSelection", "horizontalLayout"}
            | {"selectNodeUponCreation"}
        ),
        signals=frozenset({"currentNodeChanged(vtkMRMLNode*)", "currentSegmentChanged(QString)"}),
        slots=frozenset({SET_SCENE, "setCurrentNode(vtkMRMLNode*)", "setCurrentSegmentID(QString)"}),
    ),
    "qMRMLSegmentEditorWidget": WidgetContract(
        properties=frozenset(
            {"segmentationNodeSelectorVisible", "sourceVolumeNodeSelectorVisible", "maximumNumberOfUndoStates"}
        ),
        slots=frozenset(
            {SET_SCENE, "setMRMLSegmentEditorNode(vtkMRMLSegmentEditorNode*)", "setSegmentationNode(vtkMRMLNode*)"}
            | {"setSourceVolumeNode(vtkMRMLNode*)", "setActiveEffect(qSlicerSegmentEditorAbstractEffect*)"}
            | {"setupViewObservations()", "removeViewObservations()"}
            | {"installKeyboardShortcuts()", "uninstallKeyboardShortcuts()"}
        ),
    ),
    "qMRMLTableView": WidgetContract(
        properties=frozenset({"transposed", "firstRowLocked", "firstColumnLocked"}),
        slots=frozenset({"setMRMLTableNode(vtkMRMLNode*)"}),
    ),
}
