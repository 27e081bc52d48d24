"""Blink, difference and uncertainty in the views."""

from __future__ import annotations

import numpy as np
import pytest

from Testing.host.cases import wait_until

slicer = pytest.importorskip("slicer")

from Testing.host.comparison import MOVED, STEP, arrangement, composite, to_world  # noqa: E402


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


def test_a_large_difference_is_made_in_turns_for_all_who_wait(layouts, make_view_panel, case, monkeypatch):
    """One press opens the views, whose fourth waits for the difference, and lays it over the third."""
    from SuperResRadiomicsModule import comparisonview

    monkeypatch.setattr(comparisonview, "MOST_AT_ONCE", 0)
    panel = make_view_panel(case)
    panel.ui.differenceButton.click()
    assert panel.view.overlay is None
    wait_until(lambda: panel.view.overlay is not None, slicer.app.processEvents)
    assert panel.view.difference is panel.view.overlay
    assert composite("SuperResDifference").GetBackgroundVolumeID() == panel.view.overlay.GetID()
    expected = np.where(case.fine_mask, STEP, 0.0)
    np.testing.assert_allclose(slicer.util.arrayFromVolume(panel.view.overlay), expected, atol=1)


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
    panel.widget.collapsed = False
    assert not panel.ui.uncertaintyButton.isVisibleTo(panel.widget)
    panel._parameters.result.uncertainty = case.original  # Not on the fine grid.
    panel.update()
    assert not panel.ui.uncertaintyButton.isVisibleTo(panel.widget)
    volume = slicer.modules.volumes.logic().CloneVolume(scene, case.enhanced, "uncertainty")
    slicer.util.updateVolumeFromArray(volume, np.where(case.fine_mask, 8.0, 0.0))
    panel._parameters.result.uncertainty = volume
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
