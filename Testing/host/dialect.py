"""Makes PySide6 behave like PythonQt, the Qt binding of 3D Slicer's Python.

What differs: Qt properties are attributes, not methods; an attribute that does not
exist cannot be set; enumerations come back as plain integers and string lists as
tuples; ``connect`` takes the signal's signature as text. From here on the host's own
code speaks this dialect too.
"""

from __future__ import annotations

import ctypes
import enum
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

QT_MODULES = (QtCore, QtGui, QtWidgets, QtUiTools)
QT_PROPERTIES: dict[type, set[str]] = {}
"""Names of the properties that each class of PySide6 adds to those of its bases; filled by `install`."""
_get_attribute = QtCore.QObject.__getattribute__


def install() -> None:
    """Change every PySide6 class to the dialect; once per process, before any widget exists."""
    _make_none_immortal()
    for cls in set(_qt_classes()):
        meta = cls.staticMetaObject
        QT_PROPERTIES[cls] = {
            meta.property(index).name() for index in range(meta.propertyOffset(), meta.propertyCount())
        }
        for name in QT_PROPERTIES[cls]:
            setattr(cls, name, _as_attribute(name))
        cls.__setattr__ = _set_attribute
    QtCore.QObject.name = _as_attribute("objectName")
    # PySide6 treats `connect` specially, so replacing the method on the class would be ignored.
    QtCore.QObject.__getattribute__ = _get_attribute_with_connect


def _make_none_immortal() -> None:
    """PySide6 is built for Pythons whose None cannot die and loses a reference whenever it returns one.

    Python 3.11 counts them: after some thousand calls it would end with "deallocating None".
    """
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 2**40


def qt_module() -> ModuleType:
    """The flat module ``qt``: every public name of QtCore, QtGui, QtWidgets and QtUiTools."""
    module = ModuleType("qt")
    for source in QT_MODULES:
        vars(module).update((name, getattr(source, name)) for name in dir(source) if name.startswith("Q"))
    return module


def _qt_classes() -> Iterator[type]:
    for module in QT_MODULES:
        for name in dir(module):
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, QtCore.QObject):
                yield value


def _as_attribute(name: str) -> property:
    def get(self: QtCore.QObject) -> Any:
        value = QtCore.QObject.property(self, name)
        if isinstance(value, enum.Enum):
            return value.value
        return tuple(value) if isinstance(value, list) else value

    return property(get)


def _set_attribute(self: QtCore.QObject, name: str, value: Any) -> None:
    # A stand-in's own state, which PythonQt objects have none of, or PySide6 caching a bound signal.
    if name.startswith("_") or isinstance(value, QtCore.SignalInstance):
        self.__dict__[name] = value
        return
    if isinstance(value, QtCore.QObject) and value.objectName == name:
        # PySide6's QUiLoader hangs children onto the root, which PythonQt does not: keep, but hide them.
        self.__dict__[f"_{name}"] = value
        return
    name = "objectName" if name == "name" else name
    if self.metaObject().indexOfProperty(name) < 0:
        raise AttributeError(f"{self.metaObject().className()} has no property '{name}' to set")
    if not self.setProperty(name, list(value) if isinstance(value, tuple) else value):
        raise TypeError(f"property '{name}' of {self.metaObject().className()} cannot be set to {value!r}")


def _get_attribute_with_connect(self: QtCore.QObject, name: str) -> Any:
    if name in ("connect", "disconnect"):
        return lambda signature, slot: getattr(find_signal(self, signature), name)(slot)
    return _get_attribute(self, name)


def find_signal(sender: QtCore.QObject, signature: str) -> Any:
    """The bound signal of a signature such as ``clicked(bool)``.

    Raises:
        AttributeError: There is no such signal. (PythonQt prints and returns False; tests shall fail.)
    """
    stand_in_signals: dict[str, str] = getattr(type(sender), "SIGNALS", {})
    if signature in stand_in_signals:
        return getattr(sender, stand_in_signals[signature])
    normalized = QtCore.QMetaObject.normalizedSignature(signature).toStdString()
    if sender.metaObject().indexOfSignal(normalized) < 0:
        raise AttributeError(f"{sender.metaObject().className()} has no signal '{signature}'")
    return getattr(sender, signature.split("(")[0])
