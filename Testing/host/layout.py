"""A layout manager for the host: real layout, slice and composite nodes, without widgets.

``slicer.app.layoutManager()`` answers None until a test opens the window, as in a Slicer without one. As in the
application there is one manager at most, and it lives as long as the process: the application logic keeps hold of it.
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk

VIEW_SIZE = (300, 300)


class LayoutManager:
    """What ``slicer.app.layoutManager()`` is for the module, over nodes only.

    Args:
        scene: The MRML scene.
        application: The application logic, which is told of every view's slice logic.
    """

    def __init__(self, scene: Any, application: Any) -> None:
        self._scene, self._application = scene, application
        self._logics = vtk.vtkCollection()
        application.SetSliceLogics(self._logics)
        self._layoutLogic = slicer.vtkMRMLLayoutLogic()
        self._layoutLogic.SetMRMLApplicationLogic(application)
        self._layoutLogic.SetMRMLScene(scene)
        node = self._layoutLogic.GetLayoutNode()
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._makeViews)
        node.SetViewArrangement(node.SlicerLayoutFourUpView)

    def layoutLogic(self) -> Any:
        return self._layoutLogic

    def _makeViews(self, caller: Any, event: Any) -> None:
        """The application makes a widget for every view of the layout, with a slice logic in it."""
        nodes = self._layoutLogic.GetViewNodes()
        for index in range(nodes.GetNumberOfItems()):
            node = nodes.GetItemAsObject(index)
            if node.IsA("vtkMRMLSliceNode") and self._application.GetSliceLogic(node) is None:
                self._logics.AddItem(self._sliceLogic(node))

    def _sliceLogic(self, node: Any) -> Any:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._application)
        logic.SetMRMLScene(self._scene)
        logic.SetSliceNode(node)  # Adds the composite node.
        logic.ResizeSliceNode(*VIEW_SIZE)
        return logic
