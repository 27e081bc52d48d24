"""The host behaves as real PythonQt, CTK and qMRML widgets were measured to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

slicer = pytest.importorskip("slicer")

UI = """<ui version="4.0"><class>X</class>
<widget class="qMRMLWidget" name="X"><layout class="QVBoxLayout" name="layout"><item>
<widget class="qMRMLNodeComboBox" name="box"><property name="{property}"><bool>true</bool></property></widget>
</item></layout></widget><connections><connection><sender>X</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
<receiver>box</receiver><slot>{slot}</slot></connection></connections></ui>"""
SET_SCENE = "setMRMLScene(vtkMRMLScene*)"


@pytest.fixture
def qt(module: Any) -> Any:
    return sys.modules["qt"]


@pytest.fixture
def selector(module: Any, scene: Any) -> Any:
    """A volume selector on the scene, and what it signalled."""
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    return box


def add_volume(name: str) -> Any:
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)


def test_properties_are_not_methods(qt):
    label, slider = qt.QLabel("text"), qt.QSlider()
    assert label.text == "text"
    for call in (lambda: label.text(), lambda: slider.value()):
        with pytest.raises(TypeError):
            call()
    slider.setValue(7)
    assert (slider.value, slider.isEnabled()) == (7, True)


def test_unknown_attributes_cannot_be_set(qt):
    button = qt.QPushButton("go")
    button.enabled = False
    assert not button.isEnabled()
    with pytest.raises(AttributeError):
        button.enable = True


def test_names_enumerations_and_lists(qt, selector):
    button = qt.QPushButton("go")
    button.setObjectName("goButton")
    assert button.name == "goButton"
    assert type(qt.QLabel("text").alignment) is int
    assert selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)


def test_slots_may_take_fewer_arguments(qt):
    calls: list[Any] = []
    button = qt.QPushButton("go")
    button.connect("clicked(bool)", lambda: calls.append("none"))
    button.connect("clicked(bool)", lambda checked: calls.append(checked))
    button.click()
    assert calls == ["none", False]


def test_missing_signals_are_refused(qt, selector):
    with pytest.raises(AttributeError):
        qt.QPushButton("go").connect("pushed()", lambda: None)
    with pytest.raises(AttributeError):
        selector.connect("currentNodeChange(vtkMRMLNode*)", lambda node: None)


def test_exceptions_in_slots_reach_the_hook(qt, monkeypatch):
    seen: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(kind))
    button = qt.QPushButton("go")
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert seen == [ZeroDivisionError]


def test_an_empty_scene_is_signalled_four_times(selector, scene):
    nodes: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", nodes.append)
    selector.setMRMLScene(scene)
    assert nodes == [None] * 4


@pytest.mark.parametrize("none_enabled", [True, False])
def test_a_node_that_is_added(selector, scene, none_enabled):
    selector.noneEnabled = none_enabled
    selector.setMRMLScene(scene)
    nodes: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", nodes.append)
    volume = add_volume("added")
    assert selector.currentNode() is (None if none_enabled else volume)
    assert nodes == ([] if none_enabled else [volume])


def test_the_current_node_is_removed(selector, scene):
    first, second = add_volume("first"), add_volume("second")
    selector.setMRMLScene(scene)
    selector.setCurrentNode(second)
    assert selector.currentNodeID == second.GetID()
    nodes: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", nodes.append)
    scene.RemoveNode(second)
    assert selector.currentNode() is first
    assert nodes == [first]


def test_the_segment_selector_has_methods(module, scene):
    selector = slicer.qMRMLSegmentSelectorWidget()
    selector.setMRMLScene(scene)
    assert (selector.currentNodeID(), selector.currentSegmentID()) == ("", "")


def test_a_table_shows_letters_until_its_first_row_is_locked(module, scene):
    view, table = slicer.qMRMLTableView(), scene.AddNewNodeByClass("vtkMRMLTableNode")
    column = table.AddColumn()
    column.SetName("feature")
    view.setMRMLTableNode(table)
    assert view.model().horizontalHeaderItem(0).text() == "A"
    assert view.model().index(0, 0).data() == "feature"
    view.firstRowLocked = True
    assert view.model().horizontalHeaderItem(0).text() == "feature"


def load(tmp_path: Path, **changes: str) -> Any:
    file = tmp_path / "x.ui"
    file.write_text(UI.format(**{"property": "noneEnabled", "slot": SET_SCENE, **changes}))
    return slicer.util.loadUI(str(file))


def test_a_ui_file_is_loaded_and_connected(module, scene, tmp_path):
    volume = add_volume("volume")
    ui = load(tmp_path)
    box = slicer.util.childWidgetVariables(ui).box
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    ui.setMRMLScene(scene)
    box.setCurrentNode(volume)
    assert box.currentNode() is volume


@pytest.mark.parametrize("changes", [{"property": "noneEnable"}, {"slot": "setScene(vtkMRMLScene*)"}])
def test_typing_errors_in_a_ui_file_are_found(module, tmp_path, changes):
    from Testing.host.uiloader import UiError

    with pytest.raises(UiError):
        load(tmp_path, **changes)


def test_stand_ins_keep_to_the_contract(module):
    """What a stand-in offers, the real class offers too; the module cannot come to rely on more."""
    from Testing.host.contract import CONTRACT
    from Testing.host.widgets import STAND_INS

    assert {cls.__name__ for cls in STAND_INS} == set(CONTRACT)
    for cls in STAND_INS:
        widget, contract = cls(), CONTRACT[cls.__name__]
        meta = widget.metaObject()
        own = {meta.property(index).name() for index in range(meta.propertyOffset(), meta.propertyCount())}
        assert own <= contract.properties
        assert set(vars(cls).get("SIGNALS", {})) <= contract.signals
        for slot in contract.slots:
            assert callable(getattr(widget, slot.split("(")[0]))
