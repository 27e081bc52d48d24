"""What the views show, on real layout, slice and composite nodes: images, display, and the place of the lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from Testing.host.cases import OBLIQUE

slicer = pytest.importorskip("slicer")

from Testing.host.comparison import (  # noqa: E402
    DIFFERENCE_TAG,
    MOVED,
    STEP,
    TAGS,
    Case,
    arrangement,
    centre_of,
    composite,
    move_through,
    plane,
    slice_node,
    to_world,
)


def windows(case: Case) -> list[tuple[float, float, str]]:
    displays = [node.GetDisplayNode() for node in (case.original, case.bicubic, case.enhanced)]
    return [(d.GetWindow(), d.GetLevel(), d.GetColorNodeID()) for d in displays]


def test_each_view_shows_its_image(layouts, make_view_panel, case):
    make_view_panel(case).ui.sideBySideButton.click()
    shown = [composite(tag).GetBackgroundVolumeID() for tag in TAGS]
    assert shown == [case.original.GetID(), case.bicubic.GetID(), case.enhanced.GetID()]
    assert not any(composite(tag).GetForegroundVolumeID() or composite(tag).GetLabelVolumeID() for tag in TAGS)


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
    panel._parameters.segmentation = panel._parameters.result.segmentation = None
    panel.update()
    assert not panel.ui.jumpButton.enabled
    panel.ui.sideBySideButton.click()
    assert arrangement(layouts) == 7361
    normal = plane(TAGS[0])[:3, 2]
    assert abs(normal @ (OBLIQUE[:3, 2] / 2.5)) == pytest.approx(1)


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
    panel._parameters.result.segmentId = panel._parameters.segmentId = "empty"
    panel.update()
    for button in (panel.ui.sideBySideButton, panel.ui.jumpButton, panel.ui.differenceButton):
        button.click()
    assert len(statuses) == 3
    assert all("no voxel" in text and isError for text, isError in statuses)
    assert arrangement(layouts) == before
    assert not panel.ui.differenceButton.checked


def test_what_differs_has_a_view_and_colours_of_its_own(layouts, make_view_panel, case):
    """However alike the images look."""
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    difference = panel.view.difference
    assert composite(DIFFERENCE_TAG).GetBackgroundVolumeID() == difference.GetID()
    assert panel._parameters.result.difference is difference
    case.enhanced.GetDisplayNode().SetWindowLevel(80, 30)
    assert difference.GetDisplayNode().GetWindow() == pytest.approx(2 * STEP, rel=0.05)
    np.testing.assert_allclose(plane(DIFFERENCE_TAG), plane(TAGS[2]), atol=1e-9)


def test_the_lesion_fits_once_the_views_have_their_size(layouts, make_view_panel, case):
    """They get it only after the layout was switched; later a user's own zoom stays."""
    panel = make_view_panel(case)
    panel.ui.sideBySideButton.click()
    sizes = {tag: slice_node(tag).GetDimensions() for tag in TAGS}
    field = slice_node(TAGS[0]).GetFieldOfView()[:2]
    for tag in TAGS:
        slicer.app.applicationLogic().GetSliceLogic(slice_node(tag)).ResizeSliceNode(900, 300)
    shown = slice_node(TAGS[0]).GetFieldOfView()
    assert min(shown[:2]) == pytest.approx(min(field), rel=0.05)
    assert shown[0] / shown[1] == pytest.approx(3.0)
    panel.view._opened -= 60
    slice_node(TAGS[0]).SetFieldOfView(30.0, 10.0, shown[2])
    slicer.app.applicationLogic().GetSliceLogic(slice_node(TAGS[0])).ResizeSliceNode(600, 300)
    assert slice_node(TAGS[0]).GetFieldOfView()[1] == pytest.approx(10.0)
    for tag in TAGS:
        slicer.app.applicationLogic().GetSliceLogic(slice_node(tag)).ResizeSliceNode(*sizes[tag][:2])
