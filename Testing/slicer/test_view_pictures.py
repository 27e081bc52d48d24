"""Pictures of the three views: outline, images and overlay lie where the lesion is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from Testing.host.cases import OBLIQUE

slicer = pytest.importorskip("slicer")

from Testing.host.comparison import MOVED, TAGS, Case, to_world  # noqa: E402


@pytest.fixture(scope="session")
def can_render() -> None:
    from Testing.host.offscreen import obstacle

    reason = obstacle()
    if reason:
        pytest.skip(f"THE SLICE VIEWS WERE NOT DRAWN: {reason}")


@pytest.fixture
def views(can_render: None, layouts: Any, make_view_panel: Callable[..., Any], moved_case: Case) -> Callable[[], Any]:
    """Opens the views of the oblique case under a transform; returns the panel and the views to draw."""

    def make() -> tuple[Any, dict[str, Any]]:
        from Testing.host.offscreen import SliceView

        display = moved_case.lesion.segmentation.GetDisplayNode()
        display.SetSegmentOverrideColor(moved_case.lesion.segment_id, 1.0, 0.0, 0.0)
        panel = make_view_panel(moved_case)
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


def bright_centre(view: Any, volume: Any) -> np.ndarray:
    """Centre (i, j) of what is bright in a view, in voxels of a volume."""
    return indices_of(view, view.picture()[..., 0] > 127, volume)[:, :2].mean(axis=0)


def test_fine_and_coarse_image_show_the_lesion_in_the_same_place(views, moved_case):
    """Half a coarse pixel is what a wrong half-voxel rule would be off by."""
    _, drawn = views()
    moved_case.lesion.segmentation.GetDisplayNode().SetVisibility(False)
    k = round(indices_of(drawn[TAGS[0]], np.ones((1, 1), bool), moved_case.original)[0, 2])
    truth = np.argwhere(moved_case.lesion.mask[k]).mean(axis=0)[::-1]
    centres = [bright_centre(drawn[tag], moved_case.original) for tag in TAGS]
    np.testing.assert_allclose(centres, [truth] * 3, atol=0.25)
    np.testing.assert_allclose(centres, [centres[0]] * 3, atol=0.1)
    # And the check notices half a pixel.
    shifted = to_world(moved_case.original) @ [0.5, 0, 0, 1] - to_world(moved_case.original) @ [0, 0, 0, 1]
    unmoved = np.linalg.inv(MOVED[:3, :3]) @ shifted[:3]
    moved_case.bicubic.SetOrigin(*(np.array(moved_case.bicubic.GetOrigin()) + unmoved))
    assert bright_centre(drawn[TAGS[1]], moved_case.original)[0] - centres[0][0] == pytest.approx(0.5, abs=0.15)


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


def test_the_difference_has_a_legend_where_it_is_shown(can_render, layouts, make_view_panel, moved_case):
    """In its own view always, over the enhanced image while it is laid over it."""
    from Testing.host.offscreen import MANAGERS, SliceView

    panel = make_view_panel(moved_case)
    panel.view.layout.show()  # As in the application, the views are there before there is a legend.
    drawn = {tag: SliceView(logic, MANAGERS) for tag, logic in panel.view.layout.sliceLogics().items()}
    panel.ui.sideBySideButton.click()
    legends = {tag: [] for tag in drawn}
    for _ in range(3):  # Shown, hidden, shown.
        panel.ui.differenceButton.click()
        for tag, view in drawn.items():
            right = view.picture()[:, 270:].astype(int)
            legends[tag].append(bool(((right[..., 0] - right[..., 2]) > 100).any()))
    nowhere, there = [False] * 3, [True] * 3
    assert legends == {
        "SuperResOriginal": nowhere,
        "SuperResBicubic": nowhere,
        "SuperResEnhanced": [True, False, True],
        "SuperResDifference": there,
    }
