"""The extension SlicerRadiomics: is it there, and features by its own command line module.

Its failures are silent: a run that fails leaves the output table as it was, or without the column of the
region. What comes back is therefore checked, and anything odd is an error here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from .featurenode import IMAGES, FeatureNode
from .jobs import JobFailed
from .lesionfiles import drawnOn, imagesOf, samplesOf
from .volumefacts import sliceAxis

NAME = "SlicerRadiomics"
KEY_COLUMNS = 3
"""Image type, feature class and feature name; then one column for each region."""


class SlicerRadiomicsFailed(JobFailed):
    """The extension gave no usable answer; the text is for the user."""


def isInstalled() -> bool:
    """Whether the extension and its command line module are loaded (it has none on macOS)."""
    return hasattr(slicer.modules, "slicerradiomics") and hasattr(slicer.modules, "slicerradiomicscli")


def computeFeatures(
    table: FeatureNode, segmentation: Any, segmentId: str, settings: dict[str, Any]
) -> Generator[None, None, dict[str, Any]]:
    """Let the extension compute the features of the three images, one after the other; Slicer waits for each of them.

    Where the enhanced image is a mean of samples, each sample is measured instead of it.

    Args:
        table: The feature table whose images are meant.
        segmentation: Segmentation node with the lesion.
        segmentId: The lesion's segment.
        settings: Arguments of ``FeatureSettings``, the engine left out.

    Returns:
        What ``compare_lesion`` of the package takes as ``computed``, as the generator's value.

    Raises:
        SlicerRadiomicsFailed: A run gave no or odd values.
        SuperResError, ImagesMissing: The lesion or the images cannot be used.
    """
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node
    from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment
    from SuperResRadiomicsLib.radiomics import FeatureSettings
    from SuperResRadiomicsLib.radiomics.lesion_files import carry_lesion
    from SuperResRadiomicsLib.radiomics.pyradiomics_engine import keyword_arguments

    images, plan = imagesOf(table), FeatureSettings(**settings)
    side = drawnOn(segmentation, segmentId, images)
    grids = {name: grid_from_volume_node(node) for name, node in images.items()}
    drawn = mask_from_segment(segmentation, segmentId, images[side])
    native, fine, _move = carry_lesion(drawn, grids["original"], grids["enhanced"], side == "enhanced")
    masks = {"original": native, "bicubic": fine, "enhanced": fine}
    axis = plan.through_plane(grids["original"], sliceAxis(images["original"]))
    dimension = plan.resolve_dimension(grids["original"])
    samples = samplesOf(table)
    computed: dict[str, Any] = {"engine": NAME, "version": _version()}
    for name in IMAGES:
        choices = keyword_arguments(plan.plan(grids[name], dimension, axis, name))
        if name == "enhanced" and samples is not None:
            computed["samples"] = []
            for voxels in samples:
                with _sampleNode(voxels, images[name]) as node:
                    computed["samples"].append(runOnce(node, masks[name], list(plan.classes), choices))
                yield
        else:
            computed[name] = runOnce(images[name], masks[name], list(plan.classes), choices)
            yield
    return computed


@contextlib.contextmanager
def _sampleNode(voxels: np.ndarray, like: Any) -> Iterator[Any]:
    """A sample as a volume of its own, for a moment."""
    matrix = vtk.vtkMatrix4x4()
    like.GetIJKToRASMatrix(matrix)
    node = slicer.util.addVolumeFromArray(voxels, matrix, "sample")
    node.SetAndObserveTransformNodeID(like.GetTransformNodeID())
    try:
        yield node
    finally:
        display = node.GetDisplayNode()
        for each in (node, display):
            if each is not None:
                slicer.mrmlScene.RemoveNode(each)


def runOnce(image: Any, mask: np.ndarray, classes: list[str], settings: dict[str, Any]) -> dict[str, float]:
    """Features of one image by the extension's logic, by pyradiomics' keys.

    Args:
        image: Volume node.
        mask: bool [k, j, i] on its grid.
        classes: pyradiomics' names of feature classes.
        settings: pyradiomics' settings.

    Raises:
        SlicerRadiomicsFailed: No or odd values came back.
    """
    from SlicerRadiomics import SlicerRadiomicsLogic

    labelmap = _labelmapNode(mask, image)
    output = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    logic = SlicerRadiomicsLogic()
    logic.runSync = True
    try:
        logic.runCLI(image, labelmap, output, classes, settings, {"Original": {}})
        return _checked(output, classes)
    finally:
        display = labelmap.GetDisplayNode()
        for node in (output, labelmap, display):
            if node is not None:
                slicer.mrmlScene.RemoveNode(node)


def _labelmapNode(mask: np.ndarray, image: Any) -> Any:
    """A temporary labelmap on the volume's grid, under its transform."""
    matrix = vtk.vtkMatrix4x4()
    image.GetIJKToRASMatrix(matrix)
    node = slicer.util.addVolumeFromArray(mask.astype(np.uint8), matrix, "mask", "vtkMRMLLabelMapVolumeNode")
    node.SetAndObserveTransformNodeID(image.GetTransformNodeID())
    return node


def _checked(output: Any, classes: list[str]) -> dict[str, float]:
    columns = output.GetNumberOfColumns()
    if columns != KEY_COLUMNS + 1:
        text = _("SlicerRadiomics returned {columns} columns instead of {expected}: its run failed. ")
        text += _("See the application's log, or choose another engine.")
        raise SlicerRadiomicsFailed(text.format(columns=columns, expected=KEY_COLUMNS + 1))
    values = {}
    for row in range(output.GetNumberOfRows()):
        image, featureClass, feature, value = (output.GetCellText(row, column) for column in range(columns))
        if image.lower() != "diagnostics":
            values[f"{image}_{featureClass}_{feature}"] = _number(value, feature)
    returned = {key.split("_")[1] for key in values}
    missing = [name for name in classes if name not in returned]
    if missing:
        text = _("SlicerRadiomics returned no features of the class {classes}. Choose another engine.")
        raise SlicerRadiomicsFailed(text.format(classes=", ".join(missing)))
    return values


def _number(text: str, feature: str) -> float:
    try:
        return float(text)
    except ValueError:
        said = _("SlicerRadiomics returned '{text}' for {feature}, which is no number. Choose another engine.")
        raise SlicerRadiomicsFailed(said.format(text=text, feature=feature)) from None


def _version() -> str:
    try:
        import radiomics
    except ImportError:
        return _("not known")
    return str(radiomics.__version__)
