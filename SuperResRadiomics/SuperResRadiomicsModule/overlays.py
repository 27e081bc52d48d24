"""Volumes to lay over an image: where enhanced and bicubic differ, and how uncertain the enhanced values are."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import vtk_to_numpy

from .shareddisplay import displayNode

DIFFERENCE_ROLE = "SuperResRadiomics.Difference"
DIFFERENCE_COLOURS, UNCERTAINTY_COLOURS = "SuperResRadiomicsDifference", "SuperResRadiomicsUncertainty"
MAP_COLOURS = "SuperResRadiomicsMap"
COLOUR_COUNT = 256
# Blue for less and orange for more, told apart with any colour vision; from black, as half laid over an image black
# dims it and leaves its grey.
LESS, MORE = (0.25, 0.55, 1.00), (1.00, 0.55, 0.05)
UNCERTAIN = (1.00, 0.90, 0.20)
VIRIDIS = ((0.27, 0.00, 0.33), (0.23, 0.32, 0.55), (0.13, 0.57, 0.55), (0.37, 0.79, 0.38), (0.99, 0.91, 0.14))
"""Equally spaced colours of the scale of this name (CC0), which grows lighter throughout."""
# The few largest values would make all others invisible.
LIMIT_PERCENTILE = 99.0


VOXELS_PER_STEP = 1_000_000
VOXELS_LOOKED_AT = 250_000
"""At least so many decide on where the colours end."""


class OverlayFailed(Exception):
    """The overlay cannot be made; the message is for the user."""


def differenceVolume(enhanced: Any, bicubic: Any) -> Any:
    """The volume enhanced - bicubic, in the images' unit; made anew at each call, always in the same node.

    Raises:
        OverlayFailed: The two are not on the same grid.
    """
    from SuperResRadiomicsLib.io.steps import run_steps

    return run_steps(differenceSteps(enhanced, bicubic))


def differenceSteps(enhanced: Any, bicubic: Any) -> Generator[None, None, Any]:
    """The same in short steps, for volumes as large as a whole scan."""
    if not onSameGrid(enhanced, bicubic):
        raise OverlayFailed(
            _(
                "'{first}' and '{second}' are not on the same grid, so they cannot be subtracted. "
                "Super-resolve the lesion again."
            ).format(first=enhanced.GetName(), second=bicubic.GetName())
        )
    first, second = map(slicer.util.arrayFromVolume, (enhanced, bicubic))
    data = vtk.vtkImageData()
    data.SetDimensions(*first.shape[::-1])
    data.AllocateScalars(vtk.VTK_FLOAT, 1)
    difference = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(first.shape)
    slices = max(1, VOXELS_PER_STEP // first[0].size)
    for start in range(0, len(first), slices):
        part = slice(start, start + slices)
        # As integers they would wrap around.
        np.subtract(first[part], second[part], out=difference[part], dtype=np.float32)
        yield
    node = enhanced.GetNodeReference(DIFFERENCE_ROLE) or _addVolumeBeside(enhanced, DIFFERENCE_ROLE)
    copyGeometry(enhanced, node)
    node.SetAndObserveImageData(data)
    limit = _limit(difference)
    _setColours(node, DIFFERENCE_COLOURS, differenceColours(), -limit, limit)
    return node


def showAsUncertainty(volume: Any) -> None:
    """Colour a volume of uncertainties (standard deviations, say): black where 0, brighter the larger."""
    limit = _limit(slicer.util.arrayFromVolume(volume))
    _setColours(volume, UNCERTAINTY_COLOURS, uncertaintyColours(), 0.0, limit)


def colourMap(volume: Any, low: float, high: float, outside: float) -> None:
    """Colour a map of a feature from ``low`` to ``high``; voxels with the value ``outside`` let the image through."""
    _setColours(volume, MAP_COLOURS, mapColours(), low, high)
    display = displayNode(volume)
    with slicer.util.NodeModify(display):
        display.SetInterpolate(False)  # Between the lesion and what is outside there is nothing to interpolate.
        display.SetLowerThreshold(outside / 2)
        display.SetUpperThreshold(-outside)
        display.SetApplyThreshold(True)


def showLegend(volume: Any, title: str) -> None:
    """Draw the colours with their values in the views that show the volume."""
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(volume)
    if legend is not None:
        legend.SetTitleText(title)
        legend.SetVisibility(True)
        redrawLegend(volume)


def hideLegend(volume: Any) -> None:
    """Draw the colours no longer."""
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(volume)
    if legend is not None:
        legend.SetVisibility(False)


def redrawLegend(volume: Any) -> None:
    """Draw the colours in those views that show the volume now; they do not notice when that changes."""
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(volume)
    if legend is not None:
        legend.Modified()


def onSameGrid(first: Any, second: Any) -> bool:
    """Whether two volumes have the same voxels in the same places, parent transforms included."""
    matrices = [vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()]
    for volume, matrix in zip((first, second), matrices, strict=True):
        volume.GetIJKToRASMatrix(matrix)
    return (
        first.GetImageData().GetDimensions() == second.GetImageData().GetDimensions()
        and np.allclose(*(slicer.util.arrayFromVTKMatrix(matrix) for matrix in matrices), rtol=0, atol=1e-4)
        and first.GetTransformNodeID() == second.GetTransformNodeID()
    )


def copyGeometry(source: Any, target: Any) -> None:
    """Give a volume node the place of another one."""
    matrix = vtk.vtkMatrix4x4()
    source.GetIJKToRASMatrix(matrix)
    target.SetIJKToRASMatrix(matrix)
    target.SetAndObserveTransformNodeID(source.GetTransformNodeID())


def overlayLimit(volume: Any) -> float:
    """The value at which an overlay has its full colour."""
    display = displayNode(volume)
    return display.GetLevel() + display.GetWindow() / 2


def differenceColours() -> np.ndarray:
    """RGB from the most negative to the most positive difference, shape (256, 3), symmetric and black in the middle."""
    position = np.linspace(-1, 1, COLOUR_COUNT)[:, None]
    return np.abs(position) * np.where(position < 0, LESS, MORE)


def uncertaintyColours() -> np.ndarray:
    """RGB from certain to uncertain, shape (256, 3), black at 0."""
    return np.linspace(0, 1, COLOUR_COUNT)[:, None] * UNCERTAIN


def mapColours() -> np.ndarray:
    """RGB from low to high, shape (256, 3)."""
    position, places = np.linspace(0, 1, COLOUR_COUNT), np.linspace(0, 1, len(VIRIDIS))
    channels = [np.interp(position, places, channel) for channel in np.transpose(VIRIDIS)]
    return np.stack(channels, axis=1)


def _limit(values: np.ndarray) -> float:
    """Where the colours end: among the voxels that are not 0, since all outside the enhanced region are.

    Of a large volume every so many voxels are looked at.
    """
    values = values.reshape(-1)[:: max(1, values.size // VOXELS_LOOKED_AT)]
    changed = values[values != 0]
    sizes = np.abs(changed[np.isfinite(changed)])
    return float(np.percentile(sizes, LIMIT_PERCENTILE)) if sizes.size else 1.0


def _addVolumeBeside(source: Any, role: str) -> Any:
    """Add the volume that a source refers to by a role, beside it in the subject hierarchy."""
    from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE

    name = _("{name} minus bicubic").format(name=source.GetName())
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAutoWindowLevel(False)  # It would take longer than the subtraction.
    node.SetDescription(NOT_FOR_CLINICAL_USE)
    source.SetNodeReferenceID(role, node.GetID())
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    if hierarchy is not None:
        item = hierarchy.GetItemByDataNode(source)
        if item:
            hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), hierarchy.GetItemParent(item))
    return node


def _setColours(volume: Any, tableName: str, colours: np.ndarray, low: float, high: float) -> None:
    display = displayNode(volume)
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(low, high)
        display.SetAndObserveColorNodeID(_colourTable(tableName, colours).GetID())


def _colourTable(name: str, colours: np.ndarray) -> Any:
    """The scene's colour table of a name; it is made when there is none."""
    table = slicer.mrmlScene.GetFirstNode(name, "vtkMRMLColorTableNode")
    if table is not None:
        return table
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    table.SetTypeToUser()
    table.SetNumberOfColors(len(colours))
    for index, colour in enumerate(colours):
        table.SetColor(index, str(index), *(float(part) for part in colour))
    table.GetLookupTable().SetRange(0, len(colours) - 1)
    return table
