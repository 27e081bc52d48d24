"""The panel's button: it starts the run, becomes Cancel, and tells how the run goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from .binding import Binding
from .choices import drawsSamples, measurable, neededFunctions, obstacle, requests, whatIsRun
from .installation import Function
from .jobs import Failure
from .lesionrun import Outcome
from .parameters import ALL_SEGMENTS, CARDS_OWN, MEASURED, ROI, SEGMENT, WHOLE_VOLUME, Parameters
from .progress import TimeLeft, describeSeconds
from .resources import loadPanel
from .scanlook import proposalText

ERROR_STYLE = "color: #c00000;"
DOUBLE_CLICK_SECONDS = 0.5
REFUSED = "ScanRefusedError"


class RunPanel:
    """One button, the progress with the time left, and the status; how many samples, where the model draws any.

    Args:
        logic: The module's logic.
        onResults: Given the outcome of every lesion.

    Attributes:
        prepare: Asked before a run to have installed what it needs; False keeps it from starting.
        widget: What the main panel shows.
        ui: Its named children.
    """

    def __init__(self, logic: Any, onResults: Callable[[Outcome], None]) -> None:
        self._logic, self._onResults = logic, onResults
        self._parameters: Parameters | None = None
        self._timeLeft = TimeLeft()
        self._stage = ""
        self._clicked = -DOUBLE_CLICK_SECONDS
        self._lesions = self._done = 0
        self._warnings: list[str] = []
        self._failures: list[Failure] = []
        self.prepare: Callable[[tuple[Function, ...]], bool] = lambda functions: True
        self._binding = Binding()
        self.widget, self.ui = loadPanel("RunPanel")
        self._binding.integer(self.ui.samplesSpinBox, "samples")
        self.ui.runButton.connect("clicked()", self.onClicked)
        self._looked: Any = None
        self._refused: tuple[Any, ...] | None = None  # What the guard refused; only that can be forced, and once.

    def setParameters(self, parameters: Parameters | None) -> None:
        """Run another scene's choices; None while a scene closes."""
        self._parameters = parameters
        self._binding.setParameters(parameters)

    def update(self) -> None:
        """Name the button after what it will do, and say why it cannot."""
        running = self._logic.isRunning
        missing = obstacle(self._parameters)
        self._binding.show()
        self.ui.samplesWidget.visible = self._samples() is not None
        self.ui.samplesWidget.enabled = not running
        self._updateLook()
        self._updateForce()
        button = self.ui.runButton
        button.text = _("Cancel") if running else self._title()
        button.enabled = running or not missing
        button.toolTip = _("End the run; what is finished stays.") if running else missing or self._explanation()
        self.ui.progressBar.visible = running
        self.ui.timeLabel.visible = running

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameters(None)

    def onClicked(self) -> None:
        """Start, or cancel what is running; the second click of a double click does nothing."""
        now = time.monotonic()
        isDouble, self._clicked = now - self._clicked < DOUBLE_CLICK_SECONDS, now
        if isDouble:
            return
        if self._logic.isRunning:
            self.cancel(_("Cancelled; nothing was changed."))
        else:
            self.start()

    def onLook(self) -> None:
        """Have the scan measured around the lesion, and what it has most to gain from chosen."""
        parameters = self._parameters
        if parameters is None:
            return
        self._looked = parameters.inputVolume
        self._showScan(_("Looking at the scan..."))
        kind = parameters.lesionKind
        self._logic.look(
            parameters.inputVolume,
            parameters.modality,
            parameters.segmentation if kind == SEGMENT else None,
            parameters.segmentId,
            parameters.roi if kind == ROI else None,
            self.onLooked,
            self.onLookFailed,
        )

    def onLooked(self, found: dict[str, Any]) -> None:
        """Show what was found, and choose the model for it, which the user can change."""
        parameters = self._parameters
        if parameters is None or parameters.inputVolume is not self._looked:
            return
        self._showScan(proposalText(found))
        if found["model"]:
            parameters.task, parameters.model = found["task"], found["model"]
            parameters.strengths = MEASURED if found["auto"] else CARDS_OWN

    def onLookFailed(self, message: Failure) -> None:
        """Say why nothing is proposed."""
        self._looked = None
        self._showScan("")
        self.showStatus(message, isError=True)

    def start(self) -> None:
        """Enhance the chosen lesions, one after another."""
        parameters = self._parameters
        if not self.prepare(neededFunctions(parameters)):
            return
        card = self._logic.models.cards()[parameters.model]
        force, self._refused = self._isForced(), None
        wanted = requests(parameters, card, self._samples(), self._measured(), force)
        self._lesions, self._done, self._warnings, self._failures = len(wanted), 0, [], []
        self.showStatus("")
        self.onProgress("prepare", 0, 0)
        self._logic.startAll(wanted, self.onProgress, self.onFinished, self._failures.append)

    def cancel(self, reason: str) -> None:
        """End the run and the child process; lesions that are finished stay."""
        lesions, self._lesions = self._lesions, 0  # The end of the jobs is not that of a run.
        self._logic.cancel()
        if lesions and self._done:
            reason = _("Cancelled; {done} of {lesions} lesions were finished.").format(done=self._done, lesions=lesions)
        self.showStatus(reason)

    def onProgress(self, stage: str, done: int, total: int) -> None:
        """Show how far the run is; a bar without end while that is not known."""
        if stage != self._stage or done == 0:
            self._stage = stage
            self._timeLeft.restart()
        seconds = self._timeLeft.seconds(done, total)
        self.ui.progressBar.setRange(0, total)
        self.ui.progressBar.setValue(done)
        self.ui.timeLabel.text = " ".join(
            text for text in (self._stageText(stage), describeSeconds(seconds) if seconds is not None else "") if text
        )

    def onFinished(self, outcome: Outcome) -> None:
        """One lesion is finished."""
        self._done += 1
        self._warnings += [warning for warning in outcome.warnings if warning not in self._warnings]
        self._onResults(outcome)

    def jobsChanged(self) -> None:
        """Tell the end of the run, once nothing is left to do."""
        if self._lesions and not self._logic.isRunning:
            self._lesions = 0
            self._tellEnd()
        self.update()

    def showStatus(self, text: str, isError: bool = False) -> None:
        """Show a sentence; an error also in a dialog."""
        self.ui.statusLabel.text = text
        self.ui.statusLabel.visible = bool(text)
        self.ui.statusLabel.styleSheet = ERROR_STYLE if isError else ""
        if isError:
            slicer.util.errorDisplay(text, windowTitle=_("Super-resolution Radiomics"))

    def _samples(self) -> int | None:
        """How many samples to draw; None where the model draws none."""
        card = self._logic.models.cards().get(self._parameters.model) if self._parameters else None
        return self._parameters.samples if drawsSamples(card) else None

    def _measured(self) -> tuple[str, ...]:
        """What the network is told as measured of the scan."""
        if not self._parameters or self._parameters.strengths != MEASURED:
            return ()
        return measurable(self._logic.models.cards().get(self._parameters.model))

    def _updateLook(self) -> None:
        """Show what was found of a scan no longer once another one is chosen."""
        volume = self._parameters.inputVolume if self._parameters else None
        if self._looked is not None and volume is not self._looked:
            self._looked = None
            self._showScan("")

    def _isForced(self) -> bool:
        """Whether the user wants what was just refused."""
        return self._refused is not None and self.ui.forceCheckBox.checked

    def _updateForce(self) -> None:
        """Offer to force what was refused; another scan, lesion or model has not been."""
        chosen = whatIsRun(self._parameters) if self._parameters else None
        if self._refused != chosen:
            self._refused = None
        box = self.ui.forceCheckBox
        box.visible = self._refused is not None
        box.enabled = not self._logic.isRunning
        if self._refused is None:
            box.checked = False

    def _showScan(self, text: str) -> None:
        self.ui.scanLabel.text = text
        self.ui.scanLabel.visible = bool(text)

    def _tellEnd(self) -> None:
        if not self._failures:
            self.showStatus("\n".join([_("Done."), *self._warnings]))
            return
        reasons = [_wayOut(failure) for failure in dict.fromkeys(self._failures)]
        if any(failure.error == REFUSED for failure in self._failures):
            self._refused = whatIsRun(self._parameters)
        memory = next((failure for failure in self._failures if failure.error == "OutOfMemoryError"), None)
        if memory and self._parameters.device != "cpu" and self._wantsCpu(memory):
            self._parameters.device = "cpu"
            self.start()
            return
        if self._done:
            finished = _("{done} lesions are finished, {failed} are not.").format(
                done=self._done, failed=len(self._failures)
            )
            reasons.insert(0, finished)
        self.showStatus("\n".join(reasons), isError=True)

    def _wantsCpu(self, reason: str) -> bool:
        question = _("{reason}\n\nRun it on the CPU instead? It is slower and needs no GPU memory.")
        return slicer.util.confirmYesNoDisplay(question.format(reason=reason))

    def _stageText(self, stage: str) -> str:
        texts = {
            "prepare": _("Preparing..."),
            "enhance": _("Enhancing..."),
            "detect": _("Looking for the lesion..."),
            "features": _("Computing features..."),
            "stability": _("Checking stability..."),
            "report": _("Writing the page..."),
            "habitats": _("Looking for habitats..."),
        }
        text = texts.get(stage, stage)
        if self._lesions > 1:
            count = _("Lesion {number} of {lesions}:").format(number=self._done + 1, lesions=self._lesions)
            return f"{count} {text}"
        return text

    def _title(self) -> str:
        """What the button does, by the model's task and what there is to enhance."""
        kind = self._parameters.lesionKind if self._parameters else ""
        what = {ALL_SEGMENTS: _("lesions"), WHOLE_VOLUME: _("volume")}.get(kind, _("lesion"))
        task = self._parameters.task if self._parameters else ""
        verb = {"denoise": _("Denoise {what}"), "enhance": _("Enhance {what}")}.get(task, _("Super-resolve {what}"))
        return verb.format(what=what)

    def _explanation(self) -> str:
        return _("Enhance the lesion and compare its features. Not for clinical use.")


def _wayOut(failure: Failure) -> str:
    """Why a lesion was not enhanced; what the guard says of the command line is said of the panel."""
    from SuperResRadiomicsLib.scan.guard import WAY_OUT

    said = _("To enhance it all the same, tick the box above the button and press it again; every output then says so.")
    return failure.replace(WAY_OUT, said) if failure.error == REFUSED else str(failure)
