"""Where the module's own files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

UI_FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "UI"


def uiPath(name: str) -> str:
    """Path of a .ui file of this module."""
    return str(UI_FOLDER / f"{name}.ui")


def loadPanel(name: str) -> tuple[Any, Any]:
    """Load a panel's .ui and give it the scene; returns the widget and its named children."""
    widget = slicer.util.loadUI(uiPath(name))
    widget.setMRMLScene(slicer.mrmlScene)
    return widget, slicer.util.childWidgetVariables(widget)
