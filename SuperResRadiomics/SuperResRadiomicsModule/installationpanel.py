"""The panel that says what is installed, installs what is missing, and shows the computing process' log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .installation import FUNCTIONS, Function, ensureInstalled, missingPackages, offlineCommands, overview
from .jobs import Job

UI_FILE = Path(__file__).resolve().parent.parent / "Resources" / "UI" / "InstallationPanel.ui"


class InstallationPanel:
    """Checks the installation in a new child process and shows the text to copy.

    Args:
        logic: The module's logic; its model folders are checked, too.
        showStatus: Shows a sentence in the main panel.
    """

    def __init__(self, logic: Any, showStatus: Callable[..., None]) -> None:
        self._logic = logic
        self._showStatus = showStatus
        self._isChecking = False
        self.widget = slicer.util.loadUI(str(UI_FILE))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.ui.checkInstallationButton.connect("clicked()", self.onCheck)
        self.ui.installButton.connect("clicked()", self.onInstall)
        self.ui.copyDiagnosisButton.connect("clicked()", self.onCopy)
        self.ui.logCollapsibleButton.connect("contentsCollapsed(bool)", self.showLog)
        self._look()

    def ensureInstalled(self, functions: tuple[Function, ...]) -> bool:
        """Ask for what these functions need and install it; to be called before their use.

        Returns:
            Whether they can be used; the main panel has been told why where they cannot.
        """
        needed = {package for function in functions for package in function.packages}
        if needed.isdisjoint(self._missing) and not missingPackages(functions):
            return True  # The rest need not be looked at, which takes a tenth of a second.
        ready = ensureInstalled(functions, self._showStatus)
        self._afterInstallation()
        return ready

    def setParameters(self, parameters: Any) -> None:
        """Nothing of this panel is kept in the scene."""

    def update(self) -> None:
        """Show what was missing when it was last looked at, and what can be done."""
        self.ui.installationStatusLabel.text = self._overview
        self.ui.installButton.enabled = bool(self._missing)
        self.ui.checkInstallationButton.enabled = not self._isChecking
        self.ui.copyDiagnosisButton.enabled = bool(self.ui.diagnosisText.plainText) and not self._isChecking

    def showLog(self) -> None:
        """Show the child process' latest lines, while somebody looks at them."""
        view, text = self.ui.logText, self._logic.logText
        if not self.ui.logCollapsibleButton.collapsed and view.plainText != text:
            view.setPlainText(text)
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum)

    def cleanup(self) -> None:
        """Nothing of this panel is kept in the scene."""

    def onInstall(self) -> None:
        """Ask and install, the optional packages included."""
        ensureInstalled(FUNCTIONS, self._showStatus, includeOptional=True)
        self._afterInstallation()

    def _afterInstallation(self) -> None:
        """A child that runs already may not find what was installed."""
        before = self._missing
        self._look()
        if self._missing != before:
            self._logic.renewProcess()

    def onCheck(self) -> None:
        """Ask the child process what it finds."""
        self.ui.diagnosisText.setPlainText("")
        folders = [str(folder) for folder in self._logic.modelFolders]
        self._isChecking = True
        self.update()
        job = Job("diagnose", model_folders=folders)
        job.isBackground = job.needsNewProcess = True
        self._logic.add(job, self._onAnswer, self._onFailed)

    def onCopy(self) -> None:
        """Put the text on the clipboard."""
        self.ui.diagnosisText.selectAll()
        self.ui.diagnosisText.copy()

    def _onAnswer(self, diagnosis: dict[str, Any]) -> None:
        self._show(diagnosis["text"])

    def _onFailed(self, message: str) -> None:
        self._show(_("The computing process says: {message}").format(message=message))

    def _look(self) -> None:
        """Find out what is missing; too slow to be done at every change of a parameter."""
        self._missing, self._overview = missingPackages(FUNCTIONS), overview()
        self.update()

    def _show(self, text: str) -> None:
        self._isChecking = False
        application = f"{slicer.app.applicationName} {slicer.app.applicationVersion}"
        self._look()
        advice = [_("Without a network:"), *offlineCommands()] if self._missing else []
        self.ui.diagnosisText.setPlainText("\n".join([application, text, "", self._overview, *advice]))
        self.update()
