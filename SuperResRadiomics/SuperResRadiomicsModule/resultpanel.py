"""The panel's answer: the results there are, and what was found for the one that is shown."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import slicer
from slicer.i18n import tr as _

from .binding import fill
from .choices import isOfChosenLesion
from .featurenode import FeatureNode
from .featuresummary import answerText, measurementsText
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, WHOLE_VOLUME, Parameters
from .resources import loadPanel
from .results import Result, allResults, removeEmpty


class ResultPanel:
    """The list of results, and the sentence that says what was found.

    What is shown is always of the lesion that is chosen as input: another input brings its own latest result, or none,
    and choosing a result chooses its volume and lesion.

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
        self._lesion: tuple[Any, ...] | None = None  # The chosen one when it was last looked at.
        self._answered = ""
        self._updating = False
        self.widget, self.ui = loadPanel("ResultPanel")
        self.ui.resultComboBox.connect("currentIndexChanged(int)", self._onChosen)
        self.ui.renameButton.connect("clicked(bool)", self._onRename)
        self.ui.resultNameLineEdit.connect("returnPressed()", self._onRenamed)
        self.ui.deleteButton.connect("clicked()", self.onDelete)

    def setParameters(self, parameters: Parameters | None) -> None:
        """Show another scene's results; None while a scene closes."""
        self._parameters = parameters
        self._lesion = None

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameters(None)

    def update(self) -> None:
        """Show the result of the chosen lesion."""
        self._updating = True
        try:
            self._follow()
            results = allResults() if self._parameters else []
            fill(self.ui.resultComboBox, {result.node.GetID(): result.title() for result in results})
            shown = self._parameters.result if self._parameters else None
            self.ui.resultComboBox.setCurrentIndex(self.ui.resultComboBox.findData(shown.node.GetID()) if shown else -1)
            self.widget.visible = bool(results)
            for button in (self.ui.renameButton, self.ui.deleteButton):
                button.enabled = shown is not None and not self._logic.isRunning
            self._showAnswer(shown)
        finally:
            self._updating = False

    def choose(self, result: Result) -> None:
        """Show a result, with its volume and lesion as input where they are still there."""
        parameters = self._parameters
        with slicer.util.NodeModify(parameters.node):
            if result.original is not None and not isOfChosenLesion(result, parameters):
                self._chooseLesion(result)
            parameters.result = result
            self._lesion = _chosenLesion(parameters)

    def onDelete(self) -> None:
        """Delete the result that is shown, after a question."""
        result = self._parameters.result
        question = _("Delete '{name}' with its images and its table? The input stays.").format(name=result.name)
        if slicer.util.confirmOkCancelDisplay(question, _("Delete a result")):
            result.remove()
            self._showLatest()
            self._showStatus(_("The result was deleted."))

    def _follow(self) -> None:
        """Another lesion was chosen as input, or the result is gone: show what belongs to it."""
        parameters = self._parameters
        if parameters is None:
            return
        removeEmpty()
        lesion = _chosenLesion(parameters)
        isOther = self._lesion is not None and lesion != self._lesion
        self._lesion = lesion
        result = parameters.result
        if result is None or (isOther and not isOfChosenLesion(result, parameters)):
            self._showLatest()

    def _showLatest(self) -> None:
        parameters = self._parameters
        fitting = [result for result in allResults() if isOfChosenLesion(result, parameters)]
        latest = fitting[0] if fitting else None
        if parameters.result != latest:
            parameters.result = latest

    def _chooseLesion(self, result: Result) -> None:
        parameters = self._parameters
        parameters.inputVolume = result.original
        if result.segmentation is not None:
            isOneOfAll = parameters.lesionKind == ALL_SEGMENTS and parameters.segmentation is result.segmentation
            parameters.lesionKind = ALL_SEGMENTS if isOneOfAll else SEGMENT
            parameters.segmentation, parameters.segmentId = result.segmentation, result.segmentId
        elif result.roi is not None:
            parameters.lesionKind, parameters.roi = ROI, result.roi
        elif result.isOfWholeVolume:
            parameters.lesionKind = WHOLE_VOLUME

    def _showAnswer(self, result: Result | None) -> None:
        """Say what was found, whose it is, and by which model."""
        content = f"{result.name}\n{FeatureNode(result.table).content if result.table else ''}" if result else ""
        if content == self._answered and content:
            return
        self._answered = content
        ui = self.ui
        ui.measurementsLabel.text = ""
        if result is None:
            ui.answerLabel.text = _("The chosen lesion has not been enhanced yet.")
        elif result.table is None:
            ui.answerLabel.text = _("Enhanced. Features need a lesion that is marked by a segment.")
        else:
            table = FeatureNode(result.table).table
            ui.answerLabel.text = answerText(table)
            ui.measurementsLabel.text = measurementsText(table)
        ui.answerLabel.toolTip = _whose(result) if result else ""
        ui.measurementsLabel.visible = bool(ui.measurementsLabel.text)

    def _onChosen(self) -> None:
        if self._updating or self._parameters is None:
            return
        chosen = self.ui.resultComboBox.currentData
        for result in allResults():
            if result.node.GetID() == chosen:
                self.choose(result)

    def _onRename(self, on: bool) -> None:
        edit = self.ui.resultNameLineEdit
        edit.visible = on
        if on and self._parameters.result is not None:
            edit.text = self._parameters.result.name
            edit.selectAll()
            edit.setFocus()

    def _onRenamed(self) -> None:
        name, result = self.ui.resultNameLineEdit.text.strip(), self._parameters.result
        self.ui.renameButton.checked = self.ui.resultNameLineEdit.visible = False
        if name and result is not None:
            result.rename(name)
            self.update()


def _chosenLesion(parameters: Parameters) -> tuple[Any, ...]:
    """What tells one choice of a lesion from another."""
    nodes = (parameters.inputVolume, parameters.segmentation, parameters.roi)
    return (*(node.GetID() if node else "" for node in nodes), parameters.lesionKind, parameters.segmentId)


def _whose(result: Result) -> str:
    """Volume, lesion, model and time, as rich text for a tooltip."""
    rows = {
        _("Volume"): result.volumeName,
        _("Lesion"): result.lesionName or _("whole volume"),
        _("Model"): result.model,
        _("Time"): result.time.replace("T", " "),
    }
    rows |= {name: str(value) for name, value in result.settings.items()}
    return "<br>".join(f"<b>{escape(name)}</b>: {escape(text)}" for name, text in rows.items())
