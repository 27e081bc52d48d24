"""The panel's first part: the volume, and what marks the lesion in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from .binding import NODE_CHANGED, Binding, fill
from .choices import modalityOf, segmentsOf
from .colourvolume import greyVolume, isColour
from .detectionrun import DetectionOutcome
from .installation import ENHANCE, Function
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, WHOLE_VOLUME, Parameters
from .resources import loadPanel
from .results import isOutput
from .roiplace import fitToView
from .segmenteditor import EmbeddedSegmentEditor
from .volumefacts import guessedModality


class InputPanel:
    """Volume, modality, lesion, Segment Editor and "Detect lesion".

    Args:
        logic: The module's logic.
        showStatus: Shows a sentence in the main panel.

    Attributes:
        prepare: Asked before a search to have installed what it needs; False keeps it from starting.
        widget: What the main panel shows.
        ui: Its named children.
    """

    def __init__(self, logic: Any, showStatus: Callable[..., None]) -> None:
        self._logic, self._showStatus = logic, showStatus
        self._parameters: Parameters | None = None
        self._volume: Any = None  # The chosen one, which may have been removed since.
        self._segments: tuple[Any, set[str]] = (None, set())
        self._binding = Binding()
        self.prepare: Callable[[tuple[Function, ...]], bool] = lambda functions: True
        self.widget, self.ui = loadPanel("InputPanel")
        self.editor = EmbeddedSegmentEditor(self.ui.editorCollapsibleButton)
        self._fillChoices()
        self._connect()

    def setParameters(self, parameters: Parameters | None) -> None:
        """Show another scene's choices; None while a scene closes."""
        self._parameters = parameters
        self._binding.setParameters(parameters)
        if parameters is not None and not parameters.inputVolume:
            self._chooseVolume(self.ui.inputVolumeSelector.currentNode(), byUser=False)
        self._volume = parameters.inputVolume if parameters else None
        self.editor.setParameters(parameters)

    def enter(self) -> None:
        """The module is in view again."""
        self.editor.enter()

    def exit(self) -> None:
        """Another module is in view."""
        self.editor.exit()

    def update(self) -> None:
        """Show the choices, and what can be done with them."""
        if self._parameters is not None and isColour(self._parameters.inputVolume):
            self._chooseVolume(self._parameters.inputVolume, byUser=True)  # Its voxels came after it was chosen.
        self._chooseAddedSegment()
        self._binding.show()
        parameters = self._parameters
        if parameters is not None:
            with self._binding.paused():
                self.ui.inputVolumeSelector.setCurrentNode(parameters.inputVolume)
                self._showSegment(parameters)
                self._showModality(parameters)
            self._showKind(parameters.lesionKind)
        self._showDetector(parameters)
        self.ui.inputGroupBox.enabled = not self._logic.isRunning
        self.editor.update()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameters(None)
        self.editor.cleanup()

    def onVolumeChanged(self) -> None:
        """Take the volume over; after the chosen one was removed the selector falls to any other."""
        wasRemoved = self._volume is not None and not slicer.mrmlScene.IsNodePresent(self._volume)
        if self._binding.isListening:
            self._chooseVolume(self.ui.inputVolumeSelector.currentNode(), byUser=not wasRemoved)

    def onRoiAdded(self, roi: Any) -> None:
        """Place a new ROI where the user looks."""
        fitToView(roi, self._parameters.inputVolume if self._parameters else None)

    def onSegmentationChanged(self) -> None:
        """Choose the first segment, as "None" is nobody's lesion."""
        parameters = self._parameters
        if parameters is None:
            return
        self._binding.put("segmentation", self.ui.segmentSelector.currentNode())
        segments = segmentsOf(parameters.segmentation)
        if parameters.segmentId not in segments:
            self._binding.put("segmentId", next(iter(segments), ""))

    def onSegmentChanged(self) -> None:
        """Take the segment over; the selector keeps its old answer when another segmentation has no such segment."""
        node, segmentId = self.ui.segmentSelector.currentNode(), self.ui.segmentSelector.currentSegmentID()
        self._binding.put("segmentId", segmentId if segmentId in segmentsOf(node) else "")

    def onDetect(self) -> None:
        """Let a detector suggest where the lesion is."""
        parameters = self._parameters
        if not self.prepare((ENHANCE,)):
            return
        self._showStatus(_("Looking for the lesion..."))
        self._logic.detect(
            parameters.inputVolume, modalityOf(parameters), parameters.device, self.onDetected, self.onDetectionFailed
        )

    def onDetected(self, outcome: DetectionOutcome) -> None:
        """Choose the ROI that was found, and say that it is a suggestion."""
        parameters = self._parameters
        with slicer.util.NodeModify(parameters.node):
            parameters.roi, parameters.lesionKind = outcome.roi, ROI
        self._showStatus(
            _(
                "A lesion was suggested (probability {probability:.2f}). A reader must check the ROI before it is used."
            ).format(probability=outcome.probability)
        )

    def onDetectionFailed(self, message: str) -> None:
        """Say why nothing was found."""
        self._showStatus(message, isError=True)

    def _fillChoices(self) -> None:
        modalities = {"": _("Automatic"), **_modalities()}
        kinds = {
            SEGMENT: _("One segment"),
            ALL_SEGMENTS: _("All segments, one after another"),
            ROI: _("Region of interest"),
            WHOLE_VOLUME: _("None: the whole volume"),
        }
        fill(self.ui.modalityComboBox, modalities)
        fill(self.ui.lesionKindComboBox, kinds)

    def _connect(self) -> None:
        ui = self.ui
        ui.inputVolumeSelector.connect(NODE_CHANGED, self.onVolumeChanged)
        ui.roiSelector.connect("nodeAddedByUser(vtkMRMLNode*)", self.onRoiAdded)
        self._binding.choice(ui.modalityComboBox, "modality")
        self._binding.choice(ui.lesionKindComboBox, "lesionKind")
        self._binding.node(ui.roiSelector, "roi")
        ui.segmentSelector.connect(NODE_CHANGED, self.onSegmentationChanged)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self.onSegmentChanged)
        ui.detectButton.connect("clicked()", self.onDetect)

    def _chooseVolume(self, volume: Any, byUser: bool) -> None:
        """Choose a volume: a colour one in grey, and an output of a run only where the user wants it."""
        if not byUser and isOutput(volume):
            inputs = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if not isOutput(node)]
            volume = inputs[0] if inputs else None
        if isColour(volume):
            volume = greyVolume(volume)
            said = _("The colour image was converted to grey: '{name}' is what is enhanced and measured.")
            self._showStatus(said.format(name=volume.GetName()))
        self._binding.put("inputVolume", volume)
        with self._binding.paused():
            self.ui.inputVolumeSelector.setCurrentNode(volume)
        self._volume = self._parameters.inputVolume if self._parameters else None

    def _chooseAddedSegment(self) -> None:
        """A segment that is added while drawing is the lesion from now on."""
        parameters = self._parameters
        segmentation = parameters.segmentation if parameters else None
        segments = set(segmentsOf(segmentation))
        before, known = self._segments
        added = segments - known if segmentation is before else set()
        self._segments = (segmentation, segments)
        if self.editor.isOpen and len(added) == 1:
            parameters.segmentId = next(iter(added))

    def _showSegment(self, parameters: Parameters) -> None:
        self.ui.segmentSelector.setCurrentNode(parameters.segmentation)
        self.ui.segmentSelector.setCurrentSegmentID(parameters.segmentId)

    def _showModality(self, parameters: Parameters) -> None:
        """Say what "Automatic" comes to."""
        known = _modalities().get(guessedModality(parameters.inputVolume))
        text = _("Automatic: {modality}").format(modality=known) if known else _("Automatic: not known")
        self.ui.modalityComboBox.setItemText(0, text if parameters.inputVolume else _("Automatic"))

    def _showKind(self, kind: str) -> None:
        ui = self.ui
        for widgets, kinds in (
            ((ui.segmentSelector, ui.segmentSelectorLabel), (SEGMENT, ALL_SEGMENTS)),
            ((ui.roiSelector, ui.roiSelectorLabel, ui.detectButton), (ROI,)),
            ((ui.editorCollapsibleButton,), (SEGMENT, ALL_SEGMENTS)),
        ):
            for widget in widgets:
                widget.visible = kind in kinds

    def _showDetector(self, parameters: Parameters | None) -> None:
        obstacle = _("Select an input volume.")
        if parameters is not None and parameters.inputVolume:
            obstacle = self._logic.models.detectorObstacle(modalityOf(parameters))
        self.ui.detectButton.enabled = not obstacle
        self.ui.detectButton.toolTip = obstacle or _(
            "Let a network suggest where the lesion is. A reader must check it."
        )


def _modalities() -> dict[str, str]:
    return {"CT": _("CT"), "MR": _("MR"), "US": _("Ultrasound")}
