"""The three views: layout, display, lesion, blink and overlays, on real layout, slice and composite nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from Testing.host.cases import OBLIQUE, Lesion, ijk_to_ras, rotation, wait_until

slicer = pytest.importorskip("slicer")

MOVED = ijk_to_ras(rotation((5.0, 40.0, -10.0)), (1, 1, 1), (10.0, 20.0, -30.0))
TAGS = ("SuperResOriginal", "SuperResBicubic", "SuperResEnhanced")
STEP = 100.0
"""By how much the enhanced image is brighter than the bicubic one inside the lesion."""


@dataclass
class Case:
    """Three images of one lesion, as a run leaves them."""

    lesion: Lesion
    bicubic: Any
    enhanced: Any
    fine_mask: np.ndarray

    @property
    def original(self) -> Any:
        return self.lesion.volume

    @property
    def nodes(self) -> tuple[Any, ...]:
        return self.original, self.bicubic, self.enhanced, self.lesion.segmentation


@pytest.fixture
def layouts(module: Any, scene: Any) -> Iterator[Any]:
    """A layout manager, as in a Slicer with a main window, with the application's usual layout."""
    slicer.app.openWindow()
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutFourUpView)
    yield slicer.app.layoutManager()
    slicer.app.closeWindow()


@pytest.fixture
def case(make_lesion: Callable[..., Lesion]) -> Case:
    """A bright lesion with its bicubic and its enhanced twin on the grid that is twice as fine in the plane."""
    from SuperResRadiomicsLib.grid import refine, resample
    from SuperResRadiomicsLib.image import Image
    from SuperResRadiomicsLib.mrml import image_from_volume_node, volume_node_from_image

    lesion = make_lesion()
    lesion.volume.GetDisplayNode().SetAutoWindowLevel(False)
    lesion.volume.GetDisplayNode().SetWindowLevel(900, -300)
    image = image_from_volume_node(lesion.volume)
    fine = refine(image.grid, (2.0, 2.0, 1.0))
    bicubic = resample(image.voxels, image.grid, fine, "bicubic")
    mask = np.repeat(np.repeat(lesion.mask, 2, axis=1), 2, axis=2)
    nodes = [
        volume_node_from_image(Image(voxels.astype(np.int16), fine), name, lesion.volume)
        for name, voxels in (("bicubic", bicubic), ("enhanced", bicubic + STEP * mask))
    ]
    return Case(lesion, *nodes, mask)


@pytest.fixture
def moved_case(case: Case, add_transform: Callable[..., Any]) -> Case:
    """The same under a parent transform."""
    add_transform(MOVED, *case.nodes)
    return case


@pytest.fixture
def statuses() -> list[tuple[str, bool]]:
    """What the panel told the main panel."""
    return []


@pytest.fixture
def make_panel(module: Any, statuses: list[Any]) -> Iterator[Callable[..., Any]]:
    """Makes the view panel with the parameters of a case."""
    from SuperResRadiomicsModule.viewpanel import ViewPanel

    panels = []

    def make(case: Case | None = None) -> Any:
        logic = module.SuperResRadiomicsLogic()
        panel = ViewPanel(logic, lambda text, isError=False: statuses.append((text, isError)))
        panels.append(panel)
        parameters = module.Parameters(logic.getParameterNode())
        if case is not None:
            parameters.inputVolume = parameters.originalVolume = case.original
            parameters.bicubicVolume, parameters.enhancedVolume = case.bicubic, case.enhanced
            parameters.segmentation, parameters.segmentId = case.lesion.segmentation, case.lesion.segment_id
        panel.setParameters(parameters)
        return panel

    yield make
    for panel in panels:
        panel.cleanup()
        assert not panel.Observations
        assert not panel.view.isBlinking


def arrangement(layouts: Any) -> int:
    return layouts.layoutLogic().GetLayoutNode().GetViewArrangement()


def slice_node(tag: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceNode")


def composite(tag: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceCompositeNode")


def plane(tag: str) -> np.ndarray:
    return slicer.util.arrayFromVTKMatrix(slice_node(tag).GetSliceToRAS())


def windows(case: Case) -> list[tuple[float, float, str]]:
    displays = [node.GetDisplayNode() for node in (case.original, case.bicubic, case.enhanced)]
    return [(d.GetWindow(), d.GetLevel(), d.GetColorNodeID()) for d in displays]


def centre_of(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """World position of the centre of a mask [k, j, i]."""
    return (matrix @ [*np.argwhere(mask).mean(axis=0)[::-1], 1])[:3]


# The layout.


def test_the_layout_is_registered_with_readable_labels_and_views_of_its_own(layouts, make_panel):
    make_panel()
    node = layouts.layoutLogic().GetLayoutNode()
    root = ElementTree.fromstring(node.GetLayoutDescription(7361))
    assert [view.get("singletontag") for view in root.iter("view")] == list(TAGS)
    labels = [p.text for p in root.iter("property") if p.get("name") == "viewlabel"]
    assert labels == ["Original", "Bicubic", "Enhanced"]
    assert arrangement(layouts) == node.SlicerLayoutFourUpView


def test_registering_again_is_harmless(layouts, make_panel, case, capfd):
    """After a reload, and by a second panel."""
    make_panel()
    make_panel(case).ui.sideBySideButton.click()
    assert "already" not in capfd.readouterr().err
    assert arrangement(layouts) == 7361


def test_the_earlier_layout_comes_back(layouts, make_panel, case):
    node = layouts.layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutOneUpRedSliceView)
    panel = make_panel(case)
    assert not panel.ui.restoreLayoutButton.enabled
    panel.ui.sideBySideButton.click()
    panel.ui.sideBySideButton.click()
    assert arrangement(layouts) == 7361
    assert panel.ui.restoreLayoutButton.enabled
    panel.ui.restoreLayoutButton.click()
    assert arrangement(layouts) == node.SlicerLayoutOneUpRedSliceView
    assert not panel.ui.restoreLayoutButton.enabled


def test_a_layout_that_the_user_chooses_meanwhile_stays(layouts, make_panel, case):
    panel = make_panel(case)
    panel.ui.sideBySideButton.click()
    panel.ui.blinkButton.click()
    node = layouts.layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutConventionalView)
    assert panel.view.compared is None
    assert not panel.view.isBlinking
    assert not panel.ui.blinkButton.checked
    panel.cleanup()
    assert arrangement(layouts) == node.SlicerLayoutConventionalView


def test_the_users_own_views_stay_where_they_are(layouts, make_panel, case):
    before = plane("Red").copy(), composite("Red").GetBackgroundVolumeID()
    make_panel(case).ui.sideBySideButton.click()
    move_through("SuperResOriginal", 4.0)
    np.testing.assert_array_equal(plane("Red"), before[0])
    assert composite("Red").GetBackgroundVolumeID() == before[1]


def test_without_a_window_the_views_are_not_offered(make_panel, case, scene):
    assert slicer.app.layoutManager() is None
    panel = make_panel(case)
    for button in (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton):
        assert not button.enabled
        assert "no window" in button.toolTip
    assert not panel.ui.restoreLayoutButton.enabled
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "view")
    panel.ui.jumpButton.click()
    assert view.GetSliceOffset() == pytest.approx(centre_of(case.lesion.mask, OBLIQUE)[2])


# What the views show.


def test_each_view_shows_its_image(layouts, make_panel, case):
    make_panel(case).ui.sideBySideButton.click()
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
def test_the_views_scroll_together(layouts, make_panel, moved_case, tag):
    make_panel(moved_case).ui.sideBySideButton.click()
    before = plane(tag).copy()
    move_through(tag, 4.0)
    assert (plane(tag)[:3, 3] - before[:3, 3]) @ before[:3, 2] == pytest.approx(4.0)
    for other in TAGS:
        np.testing.assert_allclose(plane(other), plane(tag), atol=1e-9)


def test_window_level_and_colours_are_the_originals(layouts, make_panel, case):
    case.original.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
    make_panel(case).ui.sideBySideButton.click()
    assert windows(case) == [(900, -300, "vtkMRMLColorTableNodeInvertedGrey")] * 3
    assert not any(node.GetDisplayNode().GetAutoWindowLevel() for node in (case.bicubic, case.enhanced))


def test_opening_leaves_the_originals_display_alone(layouts, make_panel, case):
    display = case.original.GetDisplayNode()
    display.SetAutoWindowLevel(True)
    before = (display.GetWindow(), display.GetLevel())
    make_panel(case).ui.sideBySideButton.click()
    assert (display.GetAutoWindowLevel(), display.GetWindow(), display.GetLevel()) == (1, *before)


def test_a_window_that_is_changed_changes_in_all_views(layouts, make_panel, case):
    panel = make_panel(case)
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


def test_the_lesion_is_outlined_and_its_display_comes_back(layouts, make_panel, case):
    display, segment = case.lesion.segmentation.GetDisplayNode(), case.lesion.segment_id
    display.SetVisibility(False)
    display.SetOpacity2DOutline(0.3)
    display.SetSegmentVisibility2DOutline(segment, False)
    before = outline_state(case)
    panel = make_panel(case)
    panel.ui.sideBySideButton.click()
    panel.ui.sideBySideButton.click()
    assert outline_state(case) == (1, True, 1.0, True, True, False)
    panel.ui.restoreLayoutButton.click()
    assert outline_state(case) == before


def test_the_views_work_without_a_lesion(layouts, make_panel, case):
    panel = make_panel(case)
    panel._parameters.segmentation = None
    panel.update()
    assert not panel.ui.jumpButton.enabled
    panel.ui.sideBySideButton.click()
    assert arrangement(layouts) == 7361
    normal = plane(TAGS[0])[:3, 2]
    assert abs(normal @ (OBLIQUE[:3, 2] / 2.5)) == pytest.approx(1)


# The lesion.


@pytest.mark.parametrize("moved", ["nothing", "everything", "images"])
def test_the_views_are_at_the_lesions_middle(layouts, make_panel, case, add_transform, moved):
    """Where the world has the images, whatever the transforms; the segment can stay while the images move a little."""
    matrix = MOVED if moved == "everything" else np.eye(4)
    if moved == "everything":
        add_transform(MOVED, *case.nodes)
    if moved == "images":
        shift = np.eye(4)
        shift[:3, 3] = -OBLIQUE[:3, :3] @ [2, -3, 1]
        add_transform(shift, case.original, case.bicubic, case.enhanced)
    make_panel(case).ui.sideBySideButton.click()
    centre = centre_of(case.lesion.mask, matrix @ OBLIQUE)
    for tag in TAGS:
        column, row, height = (np.linalg.inv(plane(tag)) @ [*centre, 1])[:3]
        assert abs(height) <= 2.5 / 2 + 1e-6  # mm: in the original's nearest slice.
        assert (column, row) == pytest.approx((0, 0), abs=1e-6)
    # No slice of the original is blended with its neighbour.
    index = np.linalg.inv(to_world(case.original)) @ [*plane(TAGS[0])[:3, 3], 1]
    assert index[2] == pytest.approx(round(index[2]), abs=1e-6)


def to_world(volume: Any) -> np.ndarray:
    """IJK to the world's RAS, by VTK's own means."""
    matrix = slicer.vtkMRMLTransformNode
    local, parent = (slicer.util.vtkMatrixFromArray(np.eye(4)) for _ in range(2))
    volume.GetIJKToRASMatrix(local)
    matrix.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, parent)
    return slicer.util.arrayFromVTKMatrix(parent) @ slicer.util.arrayFromVTKMatrix(local)


def test_the_lesion_fits_into_the_views(layouts, make_panel, moved_case):
    make_panel(moved_case).ui.sideBySideButton.click()
    width = 2 * 6 * 0.7  # mm: the ellipsoid's axis along i.
    for tag in TAGS:
        across = slice_node(tag).GetFieldOfView()
        assert across[0] == pytest.approx(across[1])
        assert 2 * width < across[0] < 5 * width
    assert len({slice_node(tag).GetFieldOfView()[:2] for tag in TAGS}) == 1


def test_jumping_goes_back_to_the_lesion_and_to_another_one(layouts, make_panel, case):
    panel = make_panel(case)
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


def test_an_empty_segment_is_an_error_that_changes_nothing(layouts, make_panel, case, statuses):
    before = arrangement(layouts)
    case.lesion.segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    panel = make_panel(case)
    panel._parameters.segmentId = "empty"
    panel.update()
    for button in (panel.ui.sideBySideButton, panel.ui.jumpButton, panel.ui.differenceButton):
        button.click()
    assert len(statuses) == 3
    assert all("no voxel" in text and isError for text, isError in statuses)
    assert arrangement(layouts) == before
    assert not panel.ui.differenceButton.checked


# Blink and overlays.


def test_the_blink_shows_the_two_images_in_turn(layouts, make_panel, case):
    panel = make_panel(case)
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


def test_closing_the_scene_ends_everything(layouts, make_panel, case, scene):
    before = arrangement(layouts)
    panel = make_panel(case)
    panel.ui.blinkButton.click()
    scene.Clear(0)
    assert not panel.view.isBlinking
    assert arrangement(layouts) == before
    panel.setParameters(None)
    for name in ("sideBySideButton", "jumpButton", "blinkButton", "differenceButton", "restoreLayoutButton"):
        assert not getattr(panel.ui, name).enabled


@pytest.mark.parametrize("index", range(4))
def test_removing_one_of_the_nodes_ends_the_comparison(layouts, make_panel, case, scene, index):
    before = arrangement(layouts)
    panel = make_panel(case)
    panel.ui.differenceButton.click()
    scene.RemoveNode(case.nodes[index])
    assert panel.view.compared is None
    assert arrangement(layouts) == before
    assert panel.ui.sideBySideButton.enabled == (index == 3)


def test_the_difference_is_enhanced_minus_bicubic(layouts, make_panel, moved_case, scene):
    case = moved_case
    low, high = (slicer.util.arrayFromVolume(node) for node in (case.bicubic, case.enhanced))
    low[0, 0, 0], high[0, 0, 0] = 32767, -32768  # Would wrap around in 16 bit.
    panel = make_panel(case)
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


def test_the_difference_follows_the_images_in_one_node(layouts, make_panel, case):
    panel = make_panel(case)
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


def test_the_difference_lies_beside_the_images_in_the_hierarchy(layouts, make_panel, case, scene):
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(case.enhanced), study)
    panel = make_panel(case)
    panel.ui.differenceButton.click()
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(panel.view.overlay)) == study


@pytest.mark.parametrize("change", ["spacing", "transform", "size"])
def test_images_on_different_grids_are_not_subtracted(layouts, make_panel, case, add_transform, statuses, change):
    if change == "spacing":
        case.bicubic.SetSpacing(0.4, 0.4, 2.5)
    elif change == "transform":
        add_transform(MOVED, case.bicubic)
    else:
        slicer.util.updateVolumeFromArray(case.bicubic, np.zeros((9, 46, 51), np.int16))
    panel = make_panel(case)
    panel.ui.differenceButton.click()
    assert len(statuses) == 1
    assert "not on the same grid" in statuses[0][0]
    assert not panel.ui.differenceButton.checked
    assert panel.view.overlay is None


def test_the_overlay_fades(layouts, make_panel, case):
    panel = make_panel(case)
    assert not panel.ui.overlayOpacitySlider.enabled
    panel.ui.differenceButton.click()
    assert composite("SuperResEnhanced").GetForegroundOpacity() == pytest.approx(0.6)
    panel.ui.overlayOpacitySlider.setValue(25)
    assert composite("SuperResEnhanced").GetForegroundOpacity() == pytest.approx(0.25)
    assert panel.ui.overlayPercentLabel.text == "25 %"
    assert "orange: higher" in panel.ui.viewNoteLabel.text
    assert "100" in panel.ui.viewNoteLabel.text


def test_blink_and_overlay_end_each_other(layouts, make_panel, case):
    panel = make_panel(case)
    panel.ui.differenceButton.click()
    panel.ui.blinkButton.click()
    assert (panel.view.overlay, panel.ui.differenceButton.checked, panel.ui.blinkButton.checked) == (None, False, True)
    panel.ui.overlayOpacitySlider.setValue(10)
    assert composite("SuperResEnhanced").GetForegroundOpacity() == 1.0
    panel.ui.differenceButton.click()
    assert not panel.view.isBlinking
    assert (panel.ui.differenceButton.checked, panel.ui.blinkButton.checked) == (True, False)


def test_uncertainty_is_offered_only_where_there_is_one(layouts, make_panel, case, scene):
    panel = make_panel(case)
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


def test_buttons_say_what_they_do_or_need(layouts, make_panel, case):
    panel = make_panel()
    buttons = (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton)
    assert all("Super-resolve a lesion first" in button.toolTip and not button.enabled for button in buttons)
    assert "segment" in panel.ui.jumpButton.toolTip
    panel = make_panel(case)
    buttons = (panel.ui.sideBySideButton, panel.ui.blinkButton, panel.ui.differenceButton, panel.ui.jumpButton)
    assert all(button.enabled and button.toolTip for button in buttons)


def test_the_keyboard_goes_through_the_controls_in_order(module):
    from SuperResRadiomicsModule.viewpanel import UI_FILE

    root = ElementTree.parse(UI_FILE).getroot()
    controls = [w.get("name") for w in root.iter("widget") if w.get("class") in ("QPushButton", "QSlider")]
    assert [stop.text for stop in root.iter("tabstop")] == controls


# Pictures, drawn by the application's own slice logic and displayable managers.


@pytest.fixture(scope="session")
def can_render() -> None:
    from Testing.host.offscreen import obstacle

    if obstacle():
        pytest.skip(f"THE SLICE VIEWS WERE NOT DRAWN: {obstacle()}")


@pytest.fixture
def views(can_render: None, layouts: Any, make_panel: Callable[..., Any], moved_case: Case) -> Callable[[], Any]:
    """Opens the views of the oblique case under a transform; returns the panel and the views to draw."""

    def make() -> tuple[Any, dict[str, Any]]:
        from Testing.host.offscreen import SliceView

        display = moved_case.lesion.segmentation.GetDisplayNode()
        display.SetSegmentOverrideColor(moved_case.lesion.segment_id, 1.0, 0.0, 0.0)
        panel = make_panel(moved_case)
        panel.ui.sideBySideButton.click()
        return panel, {tag: SliceView(logic) for tag, logic in panel.view.layout.sliceLogics().items()}

    return make


def indices_of(view: Any, pixels: np.ndarray, volume: Any) -> np.ndarray:
    """Voxel indices (i, j, k) of a volume, as real numbers, at the places of picture pixels, boolean [row, column]."""
    rows, columns = np.nonzero(pixels)
    ras = view.xyToRas @ np.stack([columns, rows, np.zeros(len(rows)), np.ones(len(rows))])
    return (np.linalg.inv(to_world(volume)) @ ras)[:3].T


def is_red(picture: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    return (red > 120) & (red - green > 80) & (red - blue > 80)


def is_orange(picture: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    return (red - green > 30) & (green - blue > 30)


def touches_the_rim(indices: np.ndarray, mask: np.ndarray, reach: float) -> np.ndarray:
    """Whether a place lies no farther than so many voxels from both the inside and the outside of a mask [k, j, i]."""
    steps = [(a, b, 0) for a in (-reach, 0, reach) for b in (-reach, 0, reach)]
    values = np.array([mask[tuple(np.rint(indices + step).astype(int).T[::-1])] for step in steps])
    return values.any(axis=0) & ~values.all(axis=0)


@pytest.mark.parametrize("tag", TAGS)
def test_the_outline_is_drawn_along_the_lesions_rim(views, moved_case, tag):
    _, drawn = views()
    red = is_red(drawn[tag].picture())
    places = indices_of(drawn[tag], red, moved_case.original)
    assert touches_the_rim(places, moved_case.lesion.mask, reach=0.6).mean() > 0.97
    # All around: in every direction from the centre.
    middle = places.mean(axis=0)
    angles = np.degrees(np.arctan2(*(places - middle)[:, :2].T))
    assert len(np.unique((angles // 10).astype(int))) == 36
    # And the inside is not filled.
    assert red.sum() < 0.25 * (drawn[tag].picture().size / 3) / 4


def test_the_outline_moves_with_the_segmentation(views, moved_case):
    """The check above notices a segment that is somewhere else."""
    _, drawn = views()
    shift = np.eye(4)
    shift[:3, 3] = OBLIQUE[:3, :3] @ [2, 0, 0]
    transform = moved_case.lesion.segmentation.GetParentTransformNode()
    moved = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(shift))
    moved.SetAndObserveTransformNodeID(transform.GetID())
    moved_case.lesion.segmentation.SetAndObserveTransformNodeID(moved.GetID())
    places = indices_of(drawn[TAGS[0]], is_red(drawn[TAGS[0]].picture()), moved_case.original)
    assert touches_the_rim(places, moved_case.lesion.mask, reach=0.6).mean() < 0.8
    assert touches_the_rim(places - [2, 0, 0], moved_case.lesion.mask, reach=0.6).mean() > 0.97


def test_fine_and_coarse_image_show_the_lesion_in_the_same_place(views, moved_case):
    """Half a coarse pixel is what a wrong half-voxel rule would be off by."""
    panel, drawn = views()
    moved_case.lesion.segmentation.GetDisplayNode().SetVisibility(False)
    k = round(indices_of(drawn[TAGS[0]], np.ones((1, 1), bool), moved_case.original)[0, 2])
    truth = np.argwhere(moved_case.lesion.mask[k]).mean(axis=0)[::-1]
    centres = []
    for tag in TAGS:
        bright = drawn[tag].picture()[..., 0] > 127
        centres.append(indices_of(drawn[tag], bright, moved_case.original)[:, :2].mean(axis=0))
    np.testing.assert_allclose(centres, [truth] * 3, atol=0.25)
    np.testing.assert_allclose(centres, [centres[0]] * 3, atol=0.1)


def test_the_difference_is_drawn_where_the_lesion_is(views, moved_case):
    panel, drawn = views()
    moved_case.lesion.segmentation.GetDisplayNode().SetVisibility(False)
    view = drawn["SuperResEnhanced"]
    plain = view.picture()
    panel.ui.differenceButton.click()
    orange = is_orange(view.picture())
    inside = drawn_mask(view, moved_case.fine_mask, moved_case.enhanced, orange.shape)
    assert 2 * (orange & inside).sum() / (orange.sum() + inside.sum()) > 0.97
    # Elsewhere the image is dimmed, and grey, but for the rim that the display interpolates.
    outside = ~(orange | inside)
    assert np.isclose(view.picture()[outside], plain[outside] * 0.4, atol=2).mean() > 0.99
    assert not is_orange(drawn["SuperResBicubic"].picture()).any()


def drawn_mask(view: Any, mask: np.ndarray, volume: Any, shape: tuple[int, int]) -> np.ndarray:
    """Which pixels of a picture lie in a mask's voxels, by arithmetic."""
    indices = np.rint(indices_of(view, np.ones(shape, bool), volume)).astype(int)
    within = ((indices >= 0) & (indices < mask.shape[::-1])).all(axis=1)
    inside = np.zeros(len(indices), bool)
    inside[within] = mask[tuple(indices[within].T[::-1])]
    return inside.reshape(shape)
