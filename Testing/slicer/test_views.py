"""The three views: layout, display, lesion, blink and overlays, on real layout, slice and composite nodes."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from Testing.host.cases import OBLIQUE, wait_until

slicer = pytest.importorskip("slicer")

from Testing.host.comparison import MOVED, STEP, TAGS, Case, centre_of, composite, plane, slice_node, to_world  # noqa: E402


def arrangement(layouts: Any) -> int:
    return layouts.layoutLogic().GetLayoutNode().GetViewArrangement()


def windows(case: Case) -> list[tuple[float, float, str]]:
    displays = [node.GetDisplayNode() for node in (case.original, case.bicubic, case.enhanced)]
    return [(d.GetWindow(), d.GetLevel(), d.GetColorNodeID()) for d in displays]


# The layout.


def test_the_layout_is_registered_with_readable_labels_and_views_of_its_own(layouts, make_view_panel):
    make_view_panel()
    node = layouts.layoutLogic().GetLayoutNode()
    root = ElementTree.fromstring(node.GetLayoutDescription(7361))
    assert [view.get("singletontag") for view in root.iter("view")] == list(TAGS)
    labels = [p.text for p in root.iter("property") if p.get("name") == "viewlabel"]
    assert labels == ["Original", "Bicubic", "Enhanced"]
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


# What the views show.


def test_each_view_shows_its_image(layouts, make_view_panel, case):
    make_view_panel(case).ui.sideBySideButton.click()
    shown = [composite(tag).GetBackgroundVolumeID() for tag in TAGS]
    assert shown == [case.original.GetID(), case.bicubic.GetID(), case.enhanced.GetID()]
    assert not any(composite(tag).GetForegroundVolumeID() or composite(tag).GetLabelVolumeID() for tag in TAGS)


def move_through(tag: str, millimetres: float) -> None:
    """Scroll as the view's slider does."""
    logic = slicer.app.applicationLogic().GetSliceLogic(slice_node(tag))
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(logic.GetSliceOffset() + millimetres)
    logic.EndSliceOffsetInteraction()


@pytest.mark.parametrize("tag", TAGS)
def test_the_views_scroll_together(layouts, make_view_panel, moved_case, tag):
    make_view_panel(moved_case).ui.sideBySideButton.click()
    before = plane(tag).copy()
    move_through(tag, 4.0)
    assert (plane(tag)[:3, 3] - before[:3, 3]) @ before[:3, 2] == pytest.approx(4.0)
    for other in TAGS:
        np.testing.assert_allclose(plane(other), plane(tag), atol=1e-9)


def test_the_views_zoom_and_pan_together(layouts, make_view_panel, case):
    make_view_panel(case).ui.sideBySideButton.click()
    node = slice_node(TAGS[1])
    logic = slicer.app.applicationLogic().GetSliceLogic(node)
    for flag, change, get in (
        (node.FieldOfViewFlag, node.SetFieldOfView, node.GetFieldOfView),
        (node.XYZOriginFlag, node.SetXYZOrigin, node.GetXYZOrigin),
    ):
        logic.StartSliceNodeInteraction(flag)
        change(21.0, 22.0, get()[2])
        logic.EndSliceNodeInteraction()
    for tag in TAGS:
        other = slice_node(tag)
        assert other.GetXYZOrigin()[:2] == (21.0, 22.0)
        assert other.GetFieldOfView()[0] == pytest.approx(node.GetFieldOfView()[0])
    assert slice_node("Red").GetXYZOrigin()[:2] == (0.0, 0.0)


def test_window_level_and_colours_are_the_originals(layouts, make_view_panel, case):
    case.original.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
    make_view_panel(case).ui.sideBySideButton.click()
    assert windows(case) == [(900, -300, "vtkMRMLColorTableNodeInvertedGrey")] * 3
    assert not any(node.GetDisplayNode().GetAutoWindowLevel() for node in (case.bicubic, case.enhanced))


def test_opening_leaves_the_originals_display_alone(layouts, make_view_panel, case):
    display = case.original.GetDisplayNode()
    display.SetAutoWindowLevel(True)
    before = (display.GetWindow(), display.GetLevel())
    make_view_panel(case).ui.sideBySideButton.click()
    assert (display.GetAutoWindowLevel(), display.GetWindow(), display.GetLevel()) == (1, *before)


def test_a_window_that_is_changed_changes_in_all_views(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    case.enhanced.GetDisplayNode().SetWindowLevel(350, 40)
    assert [window[:2] for window in windows(case)] == [(350, 40)] * 3
    panel.ui.restoreLayoutButton.click()
    case.enhanced.GetDisplayNode().SetWindowLevel(80, 30)
    assert [window[:2] for window in windows(case)] == [(350, 40), (350, 40), (80, 30)]


def outline_state(case: Case) -> tuple[Any, ...]:
    display, segment = case.lesion.segmentation.GetDisplayNode(), case.lesion.segment_id
    return (
        display.GetVisibility(),
        display.GetVisibility2DOutline(),
        display.GetOpacity2DOutline(),
        display.GetSegmentVisibility(segment),
        display.GetSegmentVisibility2DOutline(segment),
        display.GetSegmentVisibility2DFill(segment),
    )


def test_the_lesion_is_outlined_and_its_display_comes_back(layouts, make_view_panel, case):
    display, segment = case.lesion.segmentation.GetDisplayNode(), case.lesion.segment_id
    display.SetVisibility(False)
    display.SetOpacity2DOutline(0.3)
    display.SetSegmentVisibility2DOutline(segment, False)
    before = outline_state(case)
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    panel.ui.sideBySideButton.click()
    assert outline_state(case) == (1, True, 1.0, True, True, False)
    panel.ui.restoreLayoutButton.click()
    assert outline_state(case) == before


def test_the_views_work_without_a_lesion(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel._parameters.segmentation = None
    panel.update()
    assert not panel.ui.jumpButton.enabled
    panel.ui.sideBySideButton.click()
    assert arrangement(layouts) == 7361
    normal = plane(TAGS[0])[:3, 2]
    assert abs(normal @ (OBLIQUE[:3, 2] / 2.5)) == pytest.approx(1)


# The lesion.


@pytest.mark.parametrize("moved", ["nothing", "everything", "images"])
def test_the_views_are_at_the_lesions_middle(layouts, make_view_panel, case, add_transform, moved):
    """Where the world has the images, whatever the transforms; the segment can stay while the images move a little."""
    matrix = MOVED if moved == "everything" else np.eye(4)
    if moved == "everything":
        add_transform(MOVED, *case.nodes)
    if moved == "images":
        shift = np.eye(4)
        shift[:3, 3] = -OBLIQUE[:3, :3] @ [2, -3, 1]
        add_transform(shift, case.original, case.bicubic, case.enhanced)
    make_view_panel(case).ui.sideBySideButton.click()
    centre = centre_of(case.lesion.mask, matrix @ OBLIQUE)
    for tag in TAGS:
        column, row, height = (np.linalg.inv(plane(tag)) @ [*centre, 1])[:3]
        assert abs(height) <= 2.5 / 2 + 1e-6  # mm: in the original's nearest slice.
        assert (column, row) == pytest.approx((0, 0), abs=1e-6)
    # No slice of the original is blended with its neighbour.
    index = np.linalg.inv(to_world(case.original)) @ [*plane(TAGS[0])[:3, 3], 1]
    assert index[2] == pytest.approx(round(index[2]), abs=1e-6)


def test_the_lesion_fits_into_the_views(layouts, make_view_panel, moved_case):
    make_view_panel(moved_case).ui.sideBySideButton.click()
    width = 2 * 6 * 0.7  # mm: the ellipsoid's axis along i.
    for tag in TAGS:
        across = slice_node(tag).GetFieldOfView()
        assert across[0] == pytest.approx(across[1])
        assert 2 * width < across[0] < 5 * width
    assert len({slice_node(tag).GetFieldOfView()[:2] for tag in TAGS}) == 1


def test_jumping_goes_back_to_the_lesion_and_to_another_one(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    at_lesion = plane(TAGS[2]).copy()
    move_through(TAGS[1], 5.0)
    panel.ui.jumpButton.click()
    np.testing.assert_allclose(plane(TAGS[2]), at_lesion, atol=1e-9)
    other = np.zeros_like(case.lesion.mask)
    other[1, 3:6, 4:8] = True
    segmentation = case.lesion.segmentation
    segmentation.GetSegmentation().AddEmptySegment("other", "other")
    slicer.util.updateSegmentBinaryLabelmapFromArray(other.astype(np.uint8), segmentation, "other", case.original)
    panel._parameters.segmentId = "other"
    panel.update()
    panel.ui.jumpButton.click()
    np.testing.assert_allclose(plane(TAGS[2])[:3, 3], centre_of(other, OBLIQUE), atol=1e-6)


def test_an_empty_segment_is_an_error_that_changes_nothing(layouts, make_view_panel, case, statuses):
    before = arrangement(layouts)
    case.lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    panel = make_view_panel(case)
    panel._parameters.segmentId = "empty"
    panel.update()
    for button in (panel.ui.sideBySideButton, panel.ui.jumpButton, panel.ui.differenceButton):
        button.click()
    assert len(statuses) == 3
    assert all("no voxel" in text and isError for text, isError in statuses)
    assert arrangement(layouts) == before
    assert not panel.ui.differenceButton.checked


# Blink and overlays.


def test_the_blink_shows_the_two_images_in_turn(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.blinkButton.click()
    view = composite("SuperResEnhanced")
    assert arrangement(layouts) == 7361
    assert view.GetForegroundVolumeID() == case.bicubic.GetID()
    seen = [(view.GetForegroundOpacity(), panel.ui.viewNoteLabel.text)]
    for _ in range(2):
        last = view.GetForegroundOpacity()
        wait_until(lambda: view.GetForegroundOpacity() != last, slicer.app.processEvents, seconds=10)  # noqa: B023
        seen.append((view.GetForegroundOpacity(), panel.ui.viewNoteLabel.text))
    assert seen == [(1.0, "Now: bicubic."), (0.0, "Now: enhanced."), (1.0, "Now: bicubic.")]
    panel.ui.blinkButton.click()
    assert not panel.view.isBlinking
    assert view.GetForegroundVolumeID() is None
    assert "Now" not in panel.ui.viewNoteLabel.text


def test_the_blink_is_slow_enough_for_photosensitive_people(module):
    from SuperResRadiomicsModule.blink import INTERVAL_MS

    assert 1000 / (2 * INTERVAL_MS) < 3


def test_closing_the_scene_ends_everything(layouts, make_view_panel, case, scene):
    before = arrangement(layouts)
    panel = make_view_panel(case)
    panel.ui.blinkButton.click()
    scene.Clear(0)
    assert not panel.view.isBlinking
    assert arrangement(layouts) == before
    panel.setParameters(None)
    for name in ("sideBySideButton", "jumpButton", "blinkButton", "differenceButton", "restoreLayoutButton"):
        assert not getattr(panel.ui, name).enabled


@pytest.mark.parametrize("index", range(4))
def test_removing_one_of_the_nodes_ends_the_comparison(layouts, make_view_panel, case, scene, index):
    before = arrangement(layouts)
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    scene.RemoveNode(case.nodes[index])
    assert panel.view.compared is None
    assert arrangement(layouts) == before
    assert panel.ui.sideBySideButton.enabled == (index == 3)


def test_the_difference_is_enhanced_minus_bicubic(layouts, make_view_panel, moved_case, scene):
    case = moved_case
    low, high = (slicer.util.arrayFromVolume(node) for node in (case.bicubic, case.enhanced))
    low[0, 0, 0], high[0, 0, 0] = 32767, -32768  # Would wrap around in 16 bit.
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    node = panel.view.overlay
    expected = np.where(case.fine_mask, STEP, 0.0)
    expected[0, 0, 0] = -65535
    # The images are integers: adding the step rounds.
    np.testing.assert_allclose(slicer.util.arrayFromVolume(node), expected, atol=1)
    np.testing.assert_allclose(to_world(node), to_world(case.enhanced))
    assert "Not for clinical use" in node.GetDescription()
    display = node.GetDisplayNode()
    assert (display.GetLevel(), display.GetAutoWindowLevel()) == (0, 0)
    assert display.GetWindow() == pytest.approx(2 * STEP, rel=0.05)
    assert composite("SuperResEnhanced").GetForegroundVolumeID() == node.GetID()


def test_the_differences_colours_are_symmetric_about_black(module):
    from SuperResRadiomicsModule.overlays import LESS, MORE, differenceColours

    colours = differenceColours()
    np.testing.assert_allclose(colours[[0, -1]], [LESS, MORE])
    np.testing.assert_allclose(colours[:128].sum(axis=1) / sum(LESS), (colours[128:].sum(axis=1) / sum(MORE))[::-1])
    assert colours[127:129].max() < 0.01


def test_the_difference_follows_the_images_in_one_node(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    first = panel.view.overlay
    panel.ui.differenceButton.click()
    assert panel.view.overlay is None
    assert composite("SuperResEnhanced").GetForegroundVolumeID() is None
    slicer.util.arrayFromVolume(case.enhanced)[4, 3, 2] += 17
    panel.ui.differenceButton.click()
    assert panel.view.overlay is first
    assert slicer.util.arrayFromVolume(first)[4, 3, 2] == 17
    assert len(slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")) == 1


def test_the_difference_lies_beside_the_images_in_the_hierarchy(layouts, make_view_panel, case, scene):
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(case.enhanced), study)
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(panel.view.overlay)) == study


def test_removing_the_difference_leaves_the_views_without_overlay(layouts, make_view_panel, case, scene):
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    scene.RemoveNode(panel.view.overlay)
    assert panel.view.overlay is None
    assert not panel.ui.differenceButton.checked
    assert panel.view.compared is not None
    panel.ui.differenceButton.click()
    assert panel.view.overlay is not None


@pytest.mark.parametrize("change", ["spacing", "transform", "size"])
def test_images_on_different_grids_are_not_subtracted(layouts, make_view_panel, case, add_transform, statuses, change):
    if change == "spacing":
        case.bicubic.SetSpacing(0.4, 0.4, 2.5)
    elif change == "transform":
        add_transform(MOVED, case.bicubic)
    else:
        slicer.util.updateVolumeFromArray(case.bicubic, np.zeros((9, 46, 51), np.int16))
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    assert len(statuses) == 1
    assert "not on the same grid" in statuses[0][0]
    assert not panel.ui.differenceButton.checked
    assert panel.view.overlay is None


def test_the_overlay_fades(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    assert not panel.ui.overlayOpacitySlider.enabled
    panel.ui.differenceButton.click()
    assert composite("SuperResEnhanced").GetForegroundOpacity() == pytest.approx(0.6)
    panel.ui.overlayOpacitySlider.setValue(25)
    assert composite("SuperResEnhanced").GetForegroundOpacity() == pytest.approx(0.25)
    assert panel.ui.overlayPercentLabel.text == "25 %"
    assert "orange: higher" in panel.ui.viewNoteLabel.text
    assert "100" in panel.ui.viewNoteLabel.text


def test_blink_and_overlay_end_each_other(layouts, make_view_panel, case):
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    panel.ui.blinkButton.click()
    assert (panel.view.overlay, panel.ui.differenceButton.checked, panel.ui.blinkButton.checked) == (None, False, True)
    panel.ui.overlayOpacitySlider.setValue(10)
    assert composite("SuperResEnhanced").GetForegroundOpacity() == 1.0
    panel.ui.differenceButton.click()
    assert not panel.view.isBlinking
    assert (panel.ui.differenceButton.checked, panel.ui.blinkButton.checked) == (True, False)


def test_uncertainty_is_offered_only_where_there_is_one(layouts, make_view_panel, case, scene):
    panel = make_view_panel(case)
    assert not panel.ui.uncertaintyButton.isVisibleTo(panel.widget)
    panel._parameters.uncertaintyVolume = case.original  # Not on the fine grid.
    panel.update()
    assert not panel.ui.uncertaintyButton.isVisibleTo(panel.widget)
    volume = slicer.modules.volumes.logic().CloneVolume(scene, case.enhanced, "uncertainty")
    slicer.util.updateVolumeFromArray(volume, np.where(case.fine_mask, 8.0, 0.0))
    panel._parameters.uncertaintyVolume = volume
    panel.update()
    assert panel.ui.uncertaintyButton.isVisibleTo(panel.widget)
    panel.ui.uncertaintyButton.click()
    assert composite("SuperResEnhanced").GetForegroundVolumeID() == volume.GetID()
    assert (panel.ui.uncertaintyButton.checked, panel.ui.differenceButton.checked) == (True, False)
    display = volume.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0, pytest.approx(8))
    assert "uncertain by 8" in panel.ui.viewNoteLabel.text
    panel.ui.uncertaintyButton.click()
    assert panel.view.overlay is None


# The panel.


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
