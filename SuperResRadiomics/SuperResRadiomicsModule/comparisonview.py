"""Original, bicubic and enhanced image side by side at the lesion, and what differs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.util import VTKObservationMixin

from .blink import Blink
from .lesionplace import LesionOutline, LesionPlace, lesionPlace
from .overlays import differenceSteps, differenceVolume, hideLegend, onSameGrid, redrawLegend, showLegend
from .shareddisplay import SharedDisplay
from .turns import Turns
from .viewlayout import BICUBIC, DIFFERENCE, ENHANCED, ORIGINAL, VIEW_GROUP, VIEWS, ComparisonLayout, viewLabels

# The lesion with as much of its surroundings on each side.
FIELD_PER_LESION = 3.0
SMALLEST_FIELD_MM = 20.0
MOST_AT_ONCE, MOST_BY_ITSELF = 200_000, 50_000_000
"""Voxels whose difference is made at once, and without being asked for."""
MAPPED = {ORIGINAL: "original", BICUBIC: "bicubic", ENHANCED: "enhanced"}
"""Which image's map lies over which view."""
SECONDS_TO_SETTLE = 3.0
"""So long after opening the views may still get their size."""


@dataclass(frozen=True)
class Compared:
    """What is compared.

    Attributes:
        original: Volume node.
        bicubic: The original interpolated to the finer grid.
        enhanced: The original super-resolved, on the same grid.
        segmentation: Segmentation node with the lesion, or None.
        segmentId: The lesion's segment; empty for none.
    """

    original: Any
    bicubic: Any
    enhanced: Any
    segmentation: Any = None
    segmentId: str = ""

    @property
    def nodes(self) -> list[Any]:
        """Every node that is there."""
        return [node for node in (self.original, self.bicubic, self.enhanced, self.segmentation) if node]

    @property
    def hasLesion(self) -> bool:
        """Whether there is a segment to look at."""
        return bool(self.segmentation and self.segmentation.GetSegmentation().GetSegment(self.segmentId))

    def lesionPlace(self) -> LesionPlace:
        """Where the lesion is.

        Raises:
            MaskError: The segment has no voxel inside the original.
        """
        return lesionPlace(self.segmentation, self.segmentId, self.original)


class ComparisonView(VTKObservationMixin):
    """The views and what can be done in them; it leaves no trace once it is closed.

    The enhanced view also blinks and carries the overlay: both are its foreground, so one ends the other.

    Args:
        onBlink: Told at each turn whether the enhanced image shows (else the bicubic one does).
        onDifference: Given the volume of differences once its view shows it.
    """

    def __init__(
        self,
        onBlink: Callable[[bool], None] = lambda enhanced: None,
        onDifference: Callable[[Any], None] = lambda volume: None,
    ) -> None:
        VTKObservationMixin.__init__(self)
        self.layout = ComparisonLayout()
        self._blink = Blink(lambda foreground: onBlink(not foreground))
        self._onDifference = onDifference
        self._turns = Turns()
        self._awaited: list[Callable[[Any], None]] = []  # Told of the difference that is being made.
        self._outline: LesionOutline | None = None
        self._display: SharedDisplay | None = None
        self._overlay: Any = None
        self._maps: tuple[Any, ...] = ()
        self._compared: Compared | None = None
        self._difference: Any = None
        self._place: LesionPlace | None = None
        self._sizes: dict[str, Any] = {}
        self._opened = 0.0

    @property
    def difference(self) -> Any:
        """The volume of differences that has a view of its own, or None."""
        return self._difference

    @property
    def compared(self) -> Compared | None:
        """What is shown now; None when the views are closed."""
        return self._compared

    @property
    def isBlinking(self) -> bool:
        """Whether the enhanced view blinks."""
        return self._blink.isRunning

    @property
    def overlay(self) -> Any:
        """The volume node laid over the enhanced image, or None."""
        return self._overlay

    def open(self, compared: Compared, place: LesionPlace | None = None) -> None:
        """Switch to the views, fill them, and go to the lesion.

        Args:
            compared: What to show.
            place: Where the lesion is; looked for without it.

        Raises:
            MaskError: The segment has no voxel inside the original.
        """
        if place is None and compared.hasLesion:
            place = compared.lesionPlace()
        self._letGo()
        self._compared = compared
        self.layout.show()
        volumes = {ORIGINAL: compared.original, BICUBIC: compared.bicubic, ENHANCED: compared.enhanced}
        self._display = SharedDisplay(list(volumes.values()))
        if place is not None:
            self._outline = LesionOutline(compared.segmentation, compared.segmentId)
        for tag, logic in self.layout.sliceLogics().items():
            fillView(logic, volumes.get(tag))
        if onSameGrid(compared.enhanced, compared.bicubic) and _size(compared) <= MOST_BY_ITSELF:
            self.makeDifference(compared, self._showDifference)
        self._align(compared.original)
        self._place, self._opened = place, time.monotonic()
        if place is not None:
            self.goTo(place)
        self._watchSizes()

    def makeDifference(self, compared: Compared, onDone: Callable[[Any], None]) -> None:
        """Subtract bicubic from enhanced: that of a small lesion at once, else in short turns.

        Args:
            compared: Whose images.
            onDone: Given the volume.

        Raises:
            OverlayFailed: They are not on the same grid.
        """
        if _size(compared) <= MOST_AT_ONCE:
            onDone(differenceVolume(compared.enhanced, compared.bicubic))
        else:
            self._awaited.append(onDone)
            if not self._turns.isBusy:
                steps = differenceSteps(compared.enhanced, compared.bicubic)
                self._turns.start(steps, self._tellDifference, isLater=True)

    def _tellDifference(self, volume: Any) -> None:
        awaited, self._awaited = self._awaited, []
        for onDone in awaited:
            onDone(volume)

    def _showDifference(self, volume: Any) -> None:
        logic = self.layout.sliceLogics().get(DIFFERENCE)
        if logic is not None:
            fillView(logic, volume)
        self._difference = volume
        showLegend(volume, viewLabels()[DIFFERENCE])
        self._onDifference(volume)

    def close(self) -> None:
        """Bring the earlier layout and the earlier display of the lesion back."""
        self._letGo()
        self.layout.restore()

    def goTo(self, place: LesionPlace) -> None:
        """Show the lesion's middle slice with the lesion in the middle; in the user's own views when those are on."""
        logics = self.layout.sliceLogics()
        if not (self.layout.isShown and logics):
            SliceNode = slicer.vtkMRMLSliceNode
            SliceNode.JumpAllSlices(slicer.mrmlScene, *place.centre, SliceNode.CenteredJumpSlice)
            return
        for logic in logics.values():
            centreOn(logic.GetSliceNode(), place)
        # Halfway between two slices of the original the views would show a blend of both.
        logics[ORIGINAL].SnapSliceOffsetToIJK()
        self._copyPlane(logics)

    def startBlink(self, compared: Compared) -> None:
        """Show bicubic and enhanced image in turn, in the enhanced view."""
        self.hideOverlay()
        composite = self._enhancedComposite()
        if composite is not None:
            composite.SetForegroundVolumeID(compared.bicubic.GetID())
            self._blink.start(composite)

    def stopBlink(self) -> None:
        """Show the enhanced image only."""
        if self._blink.isRunning:
            self._blink.stop()
            self._clearForeground()

    def showOverlay(self, volume: Any, title: str, opacity: float) -> None:
        """Lay a volume, coloured already, over the enhanced image, with its legend."""
        self.stopBlink()
        self.hideOverlay()
        composite = self._enhancedComposite()
        if composite is not None:
            self._overlay = volume
            composite.SetForegroundVolumeID(volume.GetID())
            composite.SetForegroundOpacity(opacity)
            showLegend(volume, title)

    @property
    def maps(self) -> tuple[Any, ...]:
        """The maps of a feature that lie over the images; empty where there are none."""
        return self._maps

    def showMaps(self, volumes: dict[str, Any], title: str, opacity: float) -> None:
        """Lay a map over each of the three images, with one legend.

        Args:
            volumes: Volume nodes by ``original``, ``bicubic`` and ``enhanced``, coloured alike.
            title: Of the legend.
            opacity: Of all.
        """
        self.showOverlay(volumes["enhanced"], title, opacity)
        if self._overlay is None:
            return
        self._maps = tuple(volumes[name] for name in MAPPED.values())
        for tag, name in MAPPED.items():
            composite = self._composite(tag)
            composite.SetForegroundVolumeID(volumes[name].GetID())
            composite.SetForegroundOpacity(opacity)

    def setOverlayOpacity(self, opacity: float) -> None:
        """Fade the overlay: 0 hides it, 1 shows it fully."""
        if self._overlay is None:
            return
        for tag in MAPPED if self._maps else (ENHANCED,):
            composite = self._composite(tag)
            if composite is not None:
                composite.SetForegroundOpacity(opacity)

    def hideOverlay(self) -> None:
        """Show the enhanced image only."""
        if self._overlay is None:
            return
        overlay, self._overlay = self._overlay, None
        self._clearForeground()
        if overlay is self._difference:  # It goes on being shown in its own view.
            redrawLegend(overlay)
        else:
            hideLegend(overlay)

    def _watchSizes(self) -> None:
        """The views get their size only after the layout was switched: the lesion is fitted into them again."""
        self._sizes = {}
        for tag, logic in self.layout.sliceLogics().items():
            node = logic.GetSliceNode()
            self._sizes[tag] = node.GetDimensions()[:2]
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onViewModified)

    def _onViewModified(self, node: Any, event: Any) -> None:
        tag, size = node.GetSingletonTag(), node.GetDimensions()[:2]
        if self._sizes.get(tag) == size:
            return
        self._sizes[tag] = size
        if self._place is not None and time.monotonic() - self._opened < SECONDS_TO_SETTLE:
            self.goTo(self._place)

    def _letGo(self) -> None:
        self._turns.cancel()
        self._awaited = []
        self.removeObservers()
        self.stopBlink()
        self.hideOverlay()
        if self._difference is not None and slicer.mrmlScene.IsNodePresent(self._difference):
            hideLegend(self._difference)
        self._difference = self._place = None
        for holder in (self._outline, self._display):
            if holder is not None:
                holder.release()
        self._outline = self._display = self._compared = None

    def _enhancedComposite(self) -> Any:
        return self._composite(ENHANCED)

    def _composite(self, tag: str) -> Any:
        logic = self.layout.sliceLogics().get(tag)
        return logic.GetSliceCompositeNode() if logic else None

    def _clearForeground(self) -> None:
        for tag in MAPPED if self._maps else (ENHANCED,):
            composite = self._composite(tag)
            if composite is not None:
                composite.SetForegroundVolumeID(None)
                composite.SetForegroundOpacity(0.0)
        self._maps = ()

    def _align(self, volume: Any) -> None:
        """Cut all views along the original's own slices, so that nothing is interpolated across them."""
        logics = self.layout.sliceLogics()
        for logic in logics.values():
            logic.GetSliceNode().RotateToVolumePlane(volume)
            logic.FitSliceToBackground()
        if logics:
            self._copyPlane(logics)

    def _copyPlane(self, logics: dict[str, Any]) -> None:
        """Cut all views where the original's is cut."""
        plane = logics[ORIGINAL].GetSliceNode().GetSliceToRAS()
        for tag in VIEWS[1:]:
            node = logics[tag].GetSliceNode()
            node.GetSliceToRAS().DeepCopy(plane)
            node.UpdateMatrices()


def _size(compared: Compared) -> int:
    """Voxels of the finer images."""
    return int(compared.enhanced.GetImageData().GetNumberOfPoints())


def fillView(logic: Any, volume: Any) -> None:
    """Show one volume in a view, or none, linked with the views of its group."""
    composite = logic.GetSliceCompositeNode()
    with slicer.util.NodeModify(composite):
        composite.SetBackgroundVolumeID(volume.GetID() if volume else None)
        composite.SetForegroundVolumeID(None)
        composite.SetLabelVolumeID(None)
        composite.SetForegroundOpacity(0.0)
        composite.SetLinkedControl(True)
        composite.SetHotLinkedControl(True)
    # A scene file keeps the group as "true" only.
    logic.GetSliceNode().SetViewGroup(VIEW_GROUP)


def centreOn(sliceNode: Any, place: LesionPlace) -> None:
    """Put a lesion in the middle of a view, with its surroundings."""
    sliceNode.JumpSliceByCentering(*place.centre)
    axes = slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())[:3, :2]
    halfSize = np.abs((place.corners - place.centre) @ axes).max(axis=0)
    field = np.maximum(2 * halfSize * FIELD_PER_LESION, SMALLEST_FIELD_MM)
    dimensions = np.array(sliceNode.GetDimensions()[:2])
    pixel = (field / dimensions).max()
    sliceNode.SetFieldOfView(*(pixel * dimensions), sliceNode.GetFieldOfView()[2])
    sliceNode.UpdateMatrices()
