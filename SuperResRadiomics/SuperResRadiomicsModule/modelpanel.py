"""The panel's second part: which network, where it runs, and what its card says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from .binding import Binding, fill
from .cardtext import cardText, spacingWarnings, taskTitles
from .choices import measurable, modalityOf
from .memoryline import MemoryLine
from .parameters import CARDS_OWN, KEEP, MEASURED, REPLACE, Parameters
from .resources import loadPanel
from .volumefacts import hasVoxels


class ModelPanel:
    """Task, model and its card, margin, device, precision and the memory that a run will take.

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
        self._devices: dict[str, str] = {}
        self.widget, self.ui = loadPanel("ModelPanel")
        self._memory = MemoryLine(lambda text: setattr(self.ui.memoryText, "text", text))
        precisions = {"fp32": _("32 bit"), "bf16": _("16 bit (bfloat16)"), "fp16": _("16 bit (float16)")}
        fill(self.ui.precisionComboBox, precisions)
        reruns = {KEEP: _("keep the earlier result"), REPLACE: _("replace the earlier result")}
        fill(self.ui.rerunComboBox, reruns)
        strengths = {CARDS_OWN: _("the model's defaults"), MEASURED: _("as measured of the scan")}
        fill(self.ui.strengthsComboBox, strengths)
        self._fillDevices("auto")
        self._connect()

    def setParameters(self, parameters: Parameters | None) -> None:
        """Show another scene's choices; None while a scene closes."""
        self._parameters = parameters
        self._binding.setParameters(parameters)

    def update(self) -> None:
        """Offer the models that fit the image, and show the chosen one's card."""
        parameters = self._parameters
        if parameters is not None:
            with self._binding.paused():
                self._offerModels(parameters)
                self._fillDevices(parameters.device)
            self._binding.show()
            self._showCard(parameters)
        self.ui.lookButton.enabled = parameters is not None and hasVoxels(parameters.inputVolume)
        self.ui.modelCollapsibleButton.enabled = not self._logic.isRunning

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._memory.cleanup()
        self.setParameters(None)

    def onAddModel(self) -> None:
        """Ask for a model's folder and check its card."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of a model"))
        if folder:
            self.addModel(folder)

    def addModel(self, folder: str) -> None:
        """Add a model's folder to the list and choose it; what is wrong with its card is shown."""
        from SuperResRadiomicsLib.errors import SuperResError

        try:
            card = self._logic.models.add(folder)
        except SuperResError as error:
            self._showStatus(str(error), isError=True)
            return
        parameters = self._parameters
        fits = parameters is not None and modalityOf(parameters) in (card.modality, "unknown")
        if fits and not card.detects:
            parameters.task = card.task
            parameters.model = card.folder.name
        self._showStatus(_("The model '{name}' was added.").format(name=card.name))
        self.update()

    def onFindDevices(self) -> None:
        """Ask the child process what it can compute on."""
        self._showStatus(_("Looking for devices..."))
        self._logic.ask("devices", self.onDevices, self.onDevicesFailed)

    def onDevices(self, result: dict[str, Any]) -> None:
        """Offer the devices that were found, instead of those that there may be."""
        self._devices = result["names"]
        self._showStatus(_("Found: {names}.").format(names=", ".join(self._devices.values())))
        self.update()

    def onDevicesFailed(self, message: str) -> None:
        """Say why the devices are not known."""
        self._showStatus(message, isError=True)

    def _connect(self) -> None:
        ui = self.ui
        for box, name in (
            (ui.taskComboBox, "task"),
            (ui.modelComboBox, "model"),
            (ui.deviceComboBox, "device"),
            (ui.precisionComboBox, "precision"),
            (ui.rerunComboBox, "rerun"),
            (ui.strengthsComboBox, "strengths"),
        ):
            self._binding.choice(box, name)
        self._binding.number(ui.marginSpinBox, "margin")
        ui.addModelButton.connect("clicked()", self.onAddModel)
        ui.findDevicesButton.connect("clicked()", self.onFindDevices)

    def _fillDevices(self, chosen: str) -> None:
        """The found devices; until they were looked for, those that there may be."""
        found = self._devices or {"cpu": _("CPU"), "cuda:0": _("NVIDIA GPU (CUDA)"), "mps": _("Apple GPU (MPS)")}
        devices = {"auto": _("Automatic: the fastest there is"), **found}
        if chosen not in devices:
            devices[chosen] = _("{device} (not found)").format(device=chosen)
        fill(self.ui.deviceComboBox, devices)

    def _offerModels(self, parameters: Parameters) -> None:
        """Fill the lists, and choose the best model where the chosen one is not among those that fit."""
        from SuperResRadiomicsLib.models import best_for_features

        fitting = self._logic.models.fitting(modalityOf(parameters))
        titles = taskTitles()
        present = {card.task for card in fitting.values()}
        tasks = {task: title for task, title in titles.items() if task in present}
        fill(self.ui.taskComboBox, tasks)
        if parameters.task not in tasks and tasks:
            parameters.task = next(iter(tasks))
        models = {name: card for name, card in fitting.items() if card.task == parameters.task}
        fill(self.ui.modelComboBox, {name: card.display_name for name, card in models.items()})
        if parameters.model not in models:
            best = best_for_features(models.values())
            parameters.model = next((name for name, card in models.items() if card is best), "")

    def _showCard(self, parameters: Parameters) -> None:
        card = self._logic.models.cards().get(parameters.model)
        self.ui.cardLabel.text = cardText(card) if card else ""
        volume = parameters.inputVolume
        shown = card is not None and hasVoxels(volume)
        self._memory.update(parameters, card)
        self.ui.strengthsComboBox.enabled = bool(measurable(card))
        warnings = spacingWarnings(volume, card) if shown else []
        self.ui.spacingLabel.text = "\n".join(_("Warning: {text}").format(text=warning) for warning in warnings)
        self.ui.spacingLabel.visible = bool(warnings)
