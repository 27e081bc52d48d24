"""The headless host: slicer-core's scene, PySide6 in PythonQt's dialect, and a module loaded into both.

It is not the Slicer application. There are no view widgets, no module manager and no extension
system, and the widgets are stand-ins; whatever is missing fails loudly.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from . import dialect

dialect.install()

import slicer  # noqa: E402
from PySide6 import QtCore, QtWidgets  # noqa: E402

from . import layout, scene, scripted, uiloader, widgets  # noqa: E402


class Application:
    """What ``slicer.app`` is for the module."""

    applicationName = "host"
    applicationVersion = "0"
    temporaryPath = tempfile.gettempdir()

    def __init__(self, logic: Any) -> None:
        self._logic = logic
        self._folder = tempfile.TemporaryDirectory(prefix="host-settings-")
        file = str(Path(self._folder.name) / "settings.ini")
        self._settings = QtCore.QSettings(file, QtCore.QSettings.Format.IniFormat)
        self._layouts: layout.LayoutManager | None = None
        self._hasWindow = False
        self._startup_slots: list[Callable[[], None]] = []

    def connect(self, signature: str, slot: Callable[[], None]) -> None:
        if signature != "startupCompleted()":
            raise AttributeError(f"the host's application has no signal '{signature}'")
        self._startup_slots.append(slot)

    def complete_startup(self) -> None:
        """The application tells once that all modules are loaded."""
        for slot in self._startup_slots:
            slot()

    def testingEnabled(self) -> bool:
        return True

    def applicationLogic(self) -> Any:
        return self._logic

    def layoutManager(self) -> Any:
        return self._layouts if self._hasWindow else None

    def openWindow(self) -> None:
        """From here on there is a layout manager."""
        self._layouts = self._layouts or layout.LayoutManager(slicer.mrmlScene, self._logic)
        self._hasWindow = True

    def closeWindow(self) -> None:
        """From here on there is none."""
        self._hasWindow = False

    def userSettings(self) -> Any:
        """Settings of this process alone: nothing of the person who runs the tests."""
        return self._settings

    def processEvents(self) -> None:
        QtWidgets.QApplication.processEvents()

    def translate(self, context: str, text: str) -> str:
        return text


class ModulePanel(widgets.qMRMLWidget):
    """The panel that Slicer gives a module's widget as parent."""

    isEntered = widgets.stored("bool", "isEntered", False)

    def reload(self) -> None:
        """Make the module's widget, from the script as it was loaded last."""
        widget = getattr(sys.modules[self._moduleName], f"{self._moduleName}Widget")(self)
        setattr(slicer.modules, f"{self._moduleName}Widget", widget)
        widget.setup()


def boot() -> None:
    """Publish ``qt``, ``ctk`` and what Slicer adds to ``slicer``; once per process."""
    slicer.qtApplication = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["host"])
    qt = dialect.qt_module()
    qt.QUiLoader = uiloader.UiLoader
    _publish("qt", qt)
    _publish("ctk", ModuleType("ctk"))
    for cls in widgets.STAND_INS:
        setattr(sys.modules["ctk"] if cls.__name__.startswith("ctk") else slicer, cls.__name__, cls)
    slicer.app = Application(scene.boot())
    _publish("slicer.i18n", _module("slicer.i18n", tr=lambda text: text, translate=slicer.app.translate))
    _publish("slicer.ScriptedLoadableModule", _module("slicer.ScriptedLoadableModule", **vars(scripted.NAMESPACE)))


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


def _publish(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    if name.startswith("slicer."):
        setattr(slicer, name.removeprefix("slicer."), module)


def load_module(path: Path) -> ModuleType:
    """Load a scripted module's file as Slicer does when it starts."""
    name = path.stem
    sys.path.append(str(path.parent))  # The application adds the folder of every scripted module.
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    setattr(slicer.modules, name.lower(), scene.Module(str(path)))
    getattr(module, name)(SimpleNamespace(path=str(path)))
    return module


def open_panel(module: ModuleType) -> Any:
    """Make the module's widget and enter it, as a click on the module's name does."""
    panel = ModulePanel()
    panel._moduleName = module.__name__
    QtWidgets.QVBoxLayout(panel)
    panel.setMRMLScene(slicer.mrmlScene)
    getattr(slicer.modules, module.__name__.lower()).panel = panel
    panel.reload()
    panel.isEntered = True
    widget = getattr(slicer.modules, f"{module.__name__}Widget")
    widget.enter()
    return widget
