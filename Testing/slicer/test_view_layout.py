"""The layout of the views: registered, switched to, and left again; the buttons that do it."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from Testing.host.cases import OBLIQUE

slicer = pytest.importorskip("slicer")

from Testing.host.comparison import (  # noqa: E402
    DIFFERENCE_TAG,
    TAGS,
    arrangement,
    centre_of,
    composite,
    move_through,
    plane,
    slice_node,
)


def test_the_layout_is_registered_with_readable_labels_and_views_of_its_own(layouts, make_view_panel):
    make_view_panel()
    node = layouts.layoutLogic().GetLayoutNode()
    root = ElementTree.fromstring(node.GetLayoutDescription(7361))
    assert [view.get("singletontag") for view in root.iter("view")] == [*TAGS, DIFFERENCE_TAG]
    labels = [p.text for p in root.iter("property") if p.get("name") == "viewlabel"]
    assert labels == ["Original", "Bicubic", "Enhanced", "Enhanced minus bicubic"]
    assert arrangement(layouts) == node.SlicerLayoutFourUpView


def test_registering_again_is_harmless(layouts, make_view_panel, case, capfd):
    """After a reload, and by a second panel."""
    make_view_panel()
    make_view_panel(case).ui.sideBySideButton.click()
    assert "already" not in capfd.readouterr().err
    assert arrangement(layouts) == 7361


def test_the_earlier_layout_comes_back(layouts, make_view_panel, case):
    node = layouts.layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutOneUpRedSliceView)
    panel = make_view_panel(case)
    assert not panel.ui.restoreLayoutButton.enabled
    panel.ui.sideBySideButton.click()
    panel.ui.sideBySideButton.click()
    assert arrangement(layouts) == 7361
    assert panel.ui.restoreLayoutButton.enabled
    panel.ui.restoreLayoutButton.click()
    assert arrangement(layouts) == node.SlicerLayoutOneUpRedSliceView
    assert not panel.ui.restoreLayoutButton.enabled


def test_a_layout_that_the_user_chooses_meanwhile_stays(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    panel.ui.blinkButton.click()
    node = layouts.layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutConventionalView)
    assert panel.view.compared is None
    assert not panel.view.isBlinking
    assert not panel.ui.blinkButton.checked
    panel.cleanup()
    assert arrangement(layouts) == node.SlicerLayoutConventionalView


def test_the_users_own_views_stay_where_they_are(layouts, make_view_panel, case):
    slice_node("Red").RotateToVolumePlane(case.original)  # Only views of one orientation follow each other.
    before = plane("Red").copy(), composite("Red").GetBackgroundVolumeID()
    composite("Red").SetLinkedControl(True)
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    slice_node("SuperResOriginal").SetViewGroup(0)  # As from a scene file, which does not tell the group.
    panel.ui.sideBySideButton.click()
    move_through("SuperResOriginal", 4.0)
    np.testing.assert_array_equal(plane("Red"), before[0])
    assert composite("Red").GetBackgroundVolumeID() == before[1]
    composite("Red").SetLinkedControl(False)
    slice_node("Red").SetOrientationToAxial()


def test_without_a_window_the_views_are_not_offered(make_view_panel, case, scene):
    assert slicer.app.layoutManager() is None
    panel = make_view_panel(case)
    for button in (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton):
        assert not button.enabled
        assert "no window" in button.toolTip
    assert not panel.ui.restoreLayoutButton.enabled
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "view")
    panel.ui.jumpButton.click()
    place = slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())[:3, 3]
    assert place == pytest.approx(centre_of(case.lesion.mask, OBLIQUE))


def test_buttons_say_what_they_do_or_need(layouts, make_view_panel, case):
    panel = make_view_panel()
    buttons = (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton)
    assert all("Super-resolve a lesion first" in button.toolTip and not button.enabled for button in buttons)
    assert "segment" in panel.ui.jumpButton.toolTip
    panel = make_view_panel(case)
    buttons = (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton, panel.ui.jumpButton)
    assert all(button.enabled and button.toolTip for button in buttons)


def test_the_keyboard_goes_through_the_controls_in_order(module):
    from SuperResRadiomicsModule.viewpanel import UI_FILE

    root = ElementTree.parse(UI_FILE).getroot()
    controls = [w.get("name") for w in root.iter("widget") if w.get("class") in ("QPushButton", "QSlider")]
    assert [stop.text for stop in root.iter("tabstop")] == controls


def test_the_views_open_by_themselves_after_the_first_run_only(layouts, panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion())
    before = arrangement(layouts)
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    slicer.app.processEvents()
    assert arrangement(layouts) == 7361
    panel.viewPanel.ui.restoreLayoutButton.click()
    assert arrangement(layouts) == before
    panel.runPanel._clicked = -1.0
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    slicer.app.processEvents()
    assert arrangement(layouts) == before, "a user who closed them is left alone"


@pytest.mark.filterwarnings("error")  # Of volumes with one display node in common: it is observed once.
def test_the_views_follow_the_result_that_is_chosen(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    other = case.result()
    other.enhanced = case.bicubic
    panel._parameters.result = other
    panel.update()
    assert composite("SuperResEnhanced").GetBackgroundVolumeID() == case.bicubic.GetID()
    panel._parameters.result = None
    panel.update()
    assert arrangement(layouts) != 7361, "no other lesion's images stay"
