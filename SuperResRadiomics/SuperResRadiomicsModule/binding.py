"""Keeps widgets and the parameter node the same, in both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .parameters import Parameters

NODE_CHANGED = "currentNodeChanged(vtkMRMLNode*)"


class Binding:
    """The widgets of a panel, each bound to a property of `Parameters` by name.

    What the user changes is written to the parameter node at once; `show` writes the node's content
    to the widgets, during which nothing is written back.
    """

    def __init__(self) -> None:
        self._parameters: Parameters | None = None
        self._shown: list[Callable[[Parameters], None]] = []
        self._paused = False

    def setParameters(self, parameters: Parameters | None) -> None:
        """Bind to another parameter node, or to none."""
        self._parameters = parameters

    def choice(self, box: Any, name: str) -> None:
        """Bind a QComboBox, whose items carry the values as data."""
        box.connect("currentIndexChanged(int)", lambda: self.put(name, box.currentData or ""))
        self._shown.append(lambda parameters: box.setCurrentIndex(box.findData(getattr(parameters, name))))

    def node(self, selector: Any, name: str) -> None:
        """Bind a node selector."""
        selector.connect(NODE_CHANGED, lambda: self.put(name, selector.currentNode()))
        self._shown.append(lambda parameters: selector.setCurrentNode(getattr(parameters, name)))

    def number(self, box: Any, name: str) -> None:
        """Bind a QDoubleSpinBox."""
        box.connect("valueChanged(double)", lambda: self.put(name, box.value))
        self._shown.append(lambda parameters: box.setValue(getattr(parameters, name)))

    def integer(self, box: Any, name: str) -> None:
        """Bind a QSpinBox."""
        box.connect("valueChanged(int)", lambda: self.put(name, box.value))
        self._shown.append(lambda parameters: box.setValue(getattr(parameters, name)))

    @property
    def isListening(self) -> bool:
        """Whether a change of a widget is the user's, or the scene's, and not our own."""
        return self._parameters is not None and not self._paused

    def put(self, name: str, value: Any) -> None:
        """Write one value to the parameter node, unless the widgets are just being filled from it."""
        if self._parameters is not None and not self._paused and getattr(self._parameters, name) != value:
            setattr(self._parameters, name, value)

    def show(self) -> None:
        """Write the parameter node's content to the widgets."""
        if self._parameters is None:
            return
        with self.paused():
            for show in self._shown:
                show(self._parameters)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While widgets are filled: nothing is written to the parameter node."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before


def fill(box: Any, choices: dict[str, str]) -> None:
    """Fill a QComboBox with labels by value; nothing happens where they are there already."""
    there = {box.itemData(index): box.itemText(index) for index in range(box.count)}
    if list(there.items()) == list(choices.items()):
        return
    box.clear()
    for value, label in choices.items():
        box.addItem(label, value)
