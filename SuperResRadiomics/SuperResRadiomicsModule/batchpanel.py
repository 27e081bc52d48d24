"""The panel's last part: the command lines for this case and for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from .choices import drawsSamples, obstacle
from .commands import commandLines, hints
from .parameters import Parameters
from .resources import loadPanel


class BatchPanel:
    """Shows the commands that do what the present choices would do, to be copied.

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
        self.widget, self.ui = loadPanel("BatchPanel")
        self.ui.copyButton.connect("clicked()", self.onCopy)
        self.ui.batchCollapsibleButton.connect("contentsCollapsed(bool)", self.update)

    def setParameters(self, parameters: Parameters | None) -> None:
        """Show another scene's choices; None while a scene closes."""
        self._parameters = parameters

    def update(self) -> None:
        """Write the commands anew, while somebody looks at them."""
        if self.ui.batchCollapsibleButton.collapsed:
            return
        missing = obstacle(self._parameters)
        self.ui.commandText.setPlainText("" if missing else "\n".join(self._commands()))
        self.ui.hintLabel.text = missing or hints(self._parameters)
        self.ui.copyButton.enabled = not missing

    def _commands(self) -> list[str]:
        card = self._logic.models.cards().get(self._parameters.model)
        return commandLines(self._parameters, self._parameters.samples if drawsSamples(card) else None)

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameters(None)

    def onCopy(self) -> None:
        """Put the commands into the clipboard."""
        qt.QApplication.clipboard().setText(self.ui.commandText.plainText)
        self._showStatus(_("The commands were copied."))
