"""The panel's first part: the volume, and what marks the lesion in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from .binding import NODE_CHANGED, Binding, fill
from .choices import guessedModality, modalityOf, segmentsOf
from .detectionrun import DetectionOutcome
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, WHOLE_VOLUME, Parameters
from .resources import loadPanel
from .segmenteditor import EmbeddedSegmentEditor


class InputPanel:
    """Volume, modality, lesion, Segment Editor and "Detect lesion".

    Args:
        logic: The module's logic.
        showStatus: Shows a sentence in the main panel.

    Attributes:
        widget: What the main panel shows.
        ui: Its named children.
    """

    def __init__(self, logic: Any, showStatus: Callable[..., None]) -> None:
        self._logic, self._showStatus = logic, showStatus
        self._parameters: Parameters | None = None
        self._binding = Binding()
        self.widget, self.ui = loadPanel("InputPanel")
        self.editor = EmbeddedSegmentEditor(self.ui.editorCollapsibleButton)
        self._fillChoices()
        self._connect()

    def setParameters(self, parameters: Parameters | None) -> None:
        """Show another scene's choices; None while a scene closes."""
        self._parameters = parameters
        self._binding.setParameters(parameters)
        if parameters is not None and not parameters.inputVolume:
            parameters.inputVolume = self.ui.inputVolumeSelector.currentNode()
        self.editor.setParameters(parameters)

    def update(self) -> None:
        """Show the choices, and what can be done with them."""
        self._binding.show()
        parameters = self._parameters
        if parameters is not None:
            with self._binding.paused():
                self._showSegment(parameters)
                self._showModality(parameters)
            self._showKind(parameters.lesionKind)
        self._showDetector(parameters)
        self.ui.inputCollapsibleButton.enabled = not self._logic.isRunning
        self.editor.update()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameters(None)
        self.editor.cleanup()

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
        self._binding.node(ui.inputVolumeSelector, "inputVolume")
        self._binding.choice(ui.modalityComboBox, "modality")
        self._binding.choice(ui.lesionKindComboBox, "lesionKind")
        self._binding.node(ui.roiSelector, "roi")
        ui.segmentSelector.connect(NODE_CHANGED, self.onSegmentationChanged)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self.onSegmentChanged)
        ui.detectButton.connect("clicked()", self.onDetect)

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
