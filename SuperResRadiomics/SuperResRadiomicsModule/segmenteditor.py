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
        self.widget: Any = None
        section.connect("contentsCollapsed(bool)", self._onCollapsed)

    def setParameters(self, parameters: Parameters | None) -> None:
        """Work on another scene's choices, or on none while a scene closes."""
        self._parameters = parameters
        if parameters is None:
            self._section.collapsed = True
            self._putDown(self.widget)

    def update(self) -> None:
        """Edit what is chosen, while the section is open."""
        self._section.enabled = self._parameters is not None and self._parameters.inputVolume is not None
        if self.widget is not None and self._parameters is not None and not self._section.collapsed:
            self._show(self._parameters)

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._putDown(self.widget)
        if self.widget is not None:
            self.widget.setMRMLSegmentEditorNode(None)

    def _onCollapsed(self, collapsed: bool) -> None:
        if collapsed:
            self._putDown(self.widget)
        elif self._parameters is not None and self._parameters.inputVolume is not None:
            self.widget = self.widget or self._makeWidget()
            self._prepareSegmentation(self._parameters)
            self._show(self._parameters)
            self.widget.setupViewObservations()

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

    def _putDown(self, widget: Any) -> None:
        """No effect must go on drawing when nobody sees its buttons."""
        if widget is not None:
            widget.setActiveEffect(None)
            widget.removeViewObservations()

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
