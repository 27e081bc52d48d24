"""A Segment Editor inside the panel, for those who have no lesion yet."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from .parameters import SEGMENT, Parameters

SINGLETON_TAG = "SuperResRadiomics"


class EmbeddedSegmentEditor:
    """The editor's widget with a node of its own; made when the section is opened for the first time.

    Args:
        section: ctkCollapsibleButton that the editor goes into.
    """

    def __init__(self, section: Any) -> None:
        self._section = section
        self._parameters: Parameters | None = None
        self._isUp = False
        self.widget: Any = None
        section.connect("contentsCollapsed(bool)", self._onCollapsed)

    def setParameters(self, parameters: Parameters | None) -> None:
        """Work on another scene's choices, or on none while a scene closes."""
        self._parameters = parameters
        if parameters is None:
            self._section.collapsed = True
            self._putDown()

    @property
    def isOpen(self) -> bool:
        """Whether somebody may be drawing."""
        return self._isUp

    def update(self) -> None:
        """Edit what is chosen, while the section is open."""
        self._section.enabled = self._parameters is not None and self._parameters.inputVolume is not None
        if self._isUp and self._parameters is not None:
            self._show(self._parameters)

    def enter(self) -> None:
        """The module is in view again: go on where the section is open."""
        if not self._section.collapsed:
            self._takeUp()

    def exit(self) -> None:
        """Another module is in view: it must not be drawn on, and its keys are its own."""
        self._putDown()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._putDown()
        if self.widget is not None:
            self.widget.setMRMLSegmentEditorNode(None)

    def _onCollapsed(self, collapsed: bool) -> None:
        if collapsed:
            self._putDown()
        else:
            self._takeUp()

    def _takeUp(self) -> None:
        if self._isUp or self._parameters is None or self._parameters.inputVolume is None:
            return
        self.widget = self.widget or self._makeWidget()
        self._prepareSegmentation(self._parameters)
        self._show(self._parameters)
        self.widget.setupViewObservations()
        self.widget.installKeyboardShortcuts()
        self._isUp = True

    def _makeWidget(self) -> Any:
        widget = slicer.qMRMLSegmentEditorWidget()
        widget.segmentationNodeSelectorVisible = False
        widget.sourceVolumeNodeSelectorVisible = False
        widget.maximumNumberOfUndoStates = 10
        widget.setMRMLSegmentEditorNode(self._editorNode())  # Before the scene: it takes the widget's defaults.
        widget.setMRMLScene(slicer.mrmlScene)
        self._section.layout().addWidget(widget)
        return widget

    def _show(self, parameters: Parameters) -> None:
        node = self._editorNode()
        if self.widget.mrmlSegmentEditorNode() is not node:  # The last scene took the old one with it.
            self.widget.setMRMLSegmentEditorNode(node)
        self.widget.setSegmentationNode(parameters.segmentation)
        self.widget.setSourceVolumeNode(parameters.inputVolume)

    def _putDown(self) -> None:
        """No effect must go on drawing when nobody sees its buttons."""
        if self._isUp:
            self.widget.setActiveEffect(None)
            self.widget.uninstallKeyboardShortcuts()
            self.widget.removeViewObservations()
            self._isUp = False

    def _editorNode(self) -> Any:
        node = slicer.mrmlScene.GetSingletonNode(SINGLETON_TAG, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(SINGLETON_TAG)
            node = slicer.mrmlScene.AddNode(node)
        return node

    def _prepareSegmentation(self, parameters: Parameters) -> None:
        """Something to draw into: a segmentation on the volume's grid with one empty segment."""
        if parameters.segmentation is not None:
            return
        volume = parameters.inputVolume
        name = _("{name} lesions").format(name=volume.GetName())
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
        segmentId = segmentation.GetSegmentation().AddEmptySegment("lesion", _("lesion"))
        with slicer.util.NodeModify(parameters.node):
            parameters.segmentation, parameters.segmentId, parameters.lesionKind = segmentation, segmentId, SEGMENT
