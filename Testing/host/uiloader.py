"""Loads a .ui file with the stand-ins, refusing what the real widgets would not know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from .contract import CONTRACT
from .dialect import QT_PROPERTIES, find_signal
from .widgets import STAND_INS

NOT_OF_THE_CLASS = {"buddy"}  # Qt's own loader takes care of these.
CLASSES = {cls.__name__: cls for cls in STAND_INS}


class UiError(Exception):
    """The .ui file names a class, property, signal or slot that the real widgets do not have."""


class UiLoader:
    """What ``qt.QUiLoader`` is for the module."""

    def load(self, file: QtCore.QFile) -> QtWidgets.QWidget:
        root = ElementTree.fromstring(bytes(file.readAll()))
        _check_properties(root)
        # QUiLoader cannot connect signals with MRML types between Python widgets.
        connections = root.find("connections")
        if connections is not None:
            root.remove(connections)
        loader = QtUiTools.QUiLoader()
        for cls in STAND_INS:
            loader.registerCustomWidget(cls)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        widget = loader.load(buffer)
        for connection in connections if connections is not None else ():
            _connect(widget, connection)
        # The loader sets a section's properties before it has children to hide.
        for section in (widget, *widget.findChildren(QtWidgets.QWidget)):
            if isinstance(section, CLASSES["ctkCollapsibleButton"]):
                section._hideCollapsed()
        return widget


def _check_properties(root: ElementTree.Element) -> None:
    """QUiLoader would turn a misspelt property into a dynamic one, silently."""
    for element in root.iter("widget"):
        class_name = element.get("class", "")
        known = _known_properties(class_name)
        for given in element.findall("property"):
            if given.get("stdset") != "0" and given.get("name") not in known | NOT_OF_THE_CLASS:
                raise UiError(f"{class_name} has no property '{given.get('name')}'")


def _known_properties(class_name: str) -> set[str]:
    cls = CLASSES.get(class_name) or getattr(QtWidgets, class_name, None)
    if cls is None:
        raise UiError(f"the class '{class_name}' is not known to the host")
    return {name for base in cls.__mro__ for name in _own_properties(base)}


def _own_properties(cls: type) -> Iterable[str]:
    return CONTRACT[cls.__name__].properties if cls.__name__ in CONTRACT else QT_PROPERTIES.get(cls, ())


def _connect(widget: QtWidgets.QWidget, connection: ElementTree.Element) -> None:
    sender, signal, receiver, slot = (connection.findtext(tag, "") for tag in ("sender", "signal", "receiver", "slot"))
    target = _named(widget, receiver)
    contract = CONTRACT.get(type(target).__name__)
    if contract and slot not in contract.slots:
        raise UiError(f"{type(target).__name__} has no slot '{slot}'")
    find_signal(_named(widget, sender), signal).connect(getattr(target, slot.split("(")[0]))


def _named(widget: QtWidgets.QWidget, name: str) -> Any:
    found = widget if widget.objectName == name else widget.findChild(QtCore.QObject, name)
    if found is None:
        raise UiError(f"a connection names '{name}', which does not exist")
    return found
