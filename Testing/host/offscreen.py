"""Pictures of slice views without a display: real slice logic and real displayable managers, drawn by Mesa."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

MANAGERS = ("vtkMRMLSegmentationsDisplayableManager2D", "vtkMRMLColorLegendDisplayableManager")


class SliceView:
    """A window that draws one slice view as the application would, without its widgets.

    Args:
        logic: The view's slice logic.
        managers: Class names of the displayable managers that draw over the image.
    """

    def __init__(self, logic: Any, managers: tuple[str, ...] = MANAGERS[:1]) -> None:
        self._logic = logic
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(*logic.GetSliceNode().GetDimensions()[:2])
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)
        # Displayable managers expect one.
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._addImage()
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.SetRenderer(self._renderer)
        for name in managers:
            manager = getattr(slicer, name)()
            manager.SetMRMLApplicationLogic(logic.GetMRMLApplicationLogic())
            self._group.AddDisplayableManager(manager)
        self._group.SetMRMLDisplayableNode(logic.GetSliceNode())

    def _addImage(self) -> None:
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self._renderer.AddViewProp(actor)

    def picture(self) -> np.ndarray:
        """The view's colours, shape (height, width, 3), the first row at the bottom as in the slice's XY."""
        # Without a volume there is none, and it becomes another one with the volumes.
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self._window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.ReadFrontBufferOff()
        grab.Update()
        width, height, _ = grab.GetOutput().GetDimensions()
        return vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(height, width, -1)[..., :3].copy()

    def position(self, ras: np.ndarray) -> np.ndarray:
        """Where in the picture (column, row) a point of the world is."""
        return (np.linalg.inv(self.xyToRas) @ [*ras, 1])[:2]

    @property
    def mmPerPixel(self) -> float:
        return float(np.linalg.norm(self.xyToRas[:3, 0]))

    @property
    def xyToRas(self) -> np.ndarray:
        return slicer.util.arrayFromVTKMatrix(self._logic.GetSliceNode().GetXYToRAS())


# In a process of its own, since a broken driver ends the process.
TRIAL = """
import vtk
window = vtk.vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(8, 8)
renderer = vtk.vtkRenderer()
renderer.SetBackground(0, 1, 0)
window.AddRenderer(renderer)
window.Render()
grab = vtk.vtkWindowToImageFilter()
grab.SetInput(window)
grab.Update()
print(grab.GetOutput().GetScalarComponentAsDouble(4, 4, 0, 1))
"""


def obstacle() -> str:
    """Why no picture can be drawn on this machine; empty when one can."""
    trial = subprocess.run([sys.executable, "-c", TRIAL], capture_output=True, text=True, check=False)
    return "" if trial.stdout.strip() == "255.0" else "no OpenGL without a display; install Mesa's EGL (libegl-mesa0)"
