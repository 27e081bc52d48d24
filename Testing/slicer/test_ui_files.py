"""Every .ui file can be used by keyboard and screen reader, in a light and in a dark theme."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

UI_FILES = sorted((Path(__file__).resolve().parents[2] / "SuperResRadiomics" / "Resources" / "UI").glob("*.ui"))
OPERATED = re.compile(
    r"(Button|CheckBox|ComboBox|SpinBox|LineEdit|TextEdit|Slider|SliderWidget|RangeWidget|Selector\w*|TableView)$"
)
COLOURS = ("color", "palette", "brush")


def operated(root: ElementTree.Element) -> list[ElementTree.Element]:
    """The widgets that a user presses, chooses from or types into; never the outermost, which no tab order may name."""
    return [widget for widget in root.iterfind("widget//widget") if OPERATED.search(widget.get("class", ""))]


def text_of(widget: ElementTree.Element, name: str) -> str:
    for given in widget.findall("property"):
        if given.get("name") == name:
            return "".join(given.itertext()).strip()
    return ""


def flaws(root: ElementTree.Element) -> list[str]:
    """What is wrong with the root of a .ui file, a sentence each."""
    widgets = operated(root)
    found = []
    for widget in widgets:
        name = widget.get("name")
        if not (text_of(widget, "text") or text_of(widget, "accessibleName")):
            found.append(f"{name} has neither text nor accessible name")
        # A collapsible button's text is a title, and its content has tooltips.
        if not (text_of(widget, "toolTip") or widget.get("class") == "ctkCollapsibleButton"):
            found.append(f"{name} has no tooltip")
    names = {widget.get("name") for widget in widgets}
    stops = [stop.text for stop in root.iter("tabstop")]
    if len(names) > 1 and (set(stops) != names or len(stops) != len(names)):
        found.append(f"the tab order lacks or wrongly names {sorted(names ^ set(stops))}")
    if any(element.tag in COLOURS for element in root.iter()):
        found.append("a colour is set")
    if any("color" in text_of(widget, "styleSheet") for widget in root.iter("widget")):
        found.append("a style sheet sets a colour")
    return found


@pytest.mark.parametrize("path", UI_FILES, ids=lambda path: path.stem)
def test_keyboard_names_tooltips_and_themes(path):
    assert not flaws(ElementTree.parse(path).getroot())


GOOD = """<ui><widget class="QWidget" name="W">
<widget class="QComboBox" name="box"><property name="toolTip"><string>t</string></property>
<property name="accessibleName"><string>Box</string></property></widget>
<widget class="QPushButton" name="go"><property name="toolTip"><string>t</string></property>
<property name="text"><string>Go</string></property></widget></widget>
<tabstops><tabstop>box</tabstop><tabstop>go</tabstop></tabstops></ui>"""


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("<string>Box</string>", "<string/>", "box has neither"),
        ("<string>Go</string>", "<string/>", "go has neither"),
        ("<string>t</string>", "", "box has no tooltip"),
        ("<tabstop>go</tabstop>", "", "tab order"),
        ("<tabstop>go</tabstop>", "<tabstop>og</tabstop>", "tab order"),
        ("<tabstop>go</tabstop>", "<tabstop>go</tabstop><tabstop>W</tabstop>", "tab order"),
        ("<widget class", '<property name="styleSheet"><string>color: red</string></property><widget class', "style"),
        ("<widget class", '<property name="palette"><palette/></property><widget class', "a colour"),
    ],
)
def test_flaws_are_found(old, new, flaw):
    assert not flaws(ElementTree.fromstring(GOOD))
    head, outermost, rest = GOOD.partition('name="W">')
    changed = head + outermost + rest.replace(old, new, 1)
    assert any(flaw in found for found in flaws(ElementTree.fromstring(changed)))
