"""Maps of a feature on the host: computed by the child, put into the scene on one scale, shown over the views."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from Testing.host.comparison import composite

pytest.importorskip("numba")


@pytest.fixture
def shown(measured):
    """The maps of contrast, as the views are given them."""
    given = []
    measured.panel.onMaps = given.append
    measured.panel.view.select("original_glcm_Contrast")
    measured.ui.mapButton.click()
    measured.wait()
    assert not measured.said[-1][1], measured.said[-1]
    return given[-1]


def test_a_click_maps_the_feature_that_one_is_on(measured, shown):
    import SuperResRadiomicsLib as srr

    assert shown.title == "glcm Contrast" and list(shown.volumes) == ["original", "bicubic", "enhanced"]
    assert measured.said[-1][0].startswith("Map of glcm Contrast: neighbourhoods of 3 voxels across, ")
    expected = srr.map_versions(measured.enhancement, ["glcm_Contrast"])
    scales = set()
    for name, volume in shown.volumes.items():
        values = slicer.util.arrayFromVolume(volume)
        wanted = getattr(expected, name).values["original_glcm_Contrast"]
        inside = np.isfinite(wanted)
        assert np.allclose(values[inside], wanted[inside], rtol=1e-5)
        assert (values[~inside] == np.float32(-1e30)).all()
        display = volume.GetDisplayNode()
        assert display.GetApplyThreshold() and display.GetLowerThreshold() < wanted[inside].min()
        scales.add((display.GetWindow(), display.GetLevel()))
        assert "Not for clinical use" in volume.GetDescription()
    assert len(scales) == 1, "one scale"


def test_a_map_lies_on_the_lesion(measured, shown):
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node

    fine, whole = (grid_from_volume_node(node) for node in (shown.volumes["enhanced"], measured.enhanced))
    first = whole.world_to_index(fine.origin)
    assert np.allclose(first, np.round(first), atol=1e-6)
    values = slicer.util.arrayFromVolume(shown.volumes["enhanced"])
    mask = measured.enhancement.mask
    start = np.round(first).astype(int)[::-1]
    part = tuple(slice(at, at + length) for at, length in zip(start, values.shape, strict=True))
    assert np.array_equal(values > -1e29, mask[part]) and mask[part].sum() == mask.sum()


def test_another_feature_takes_the_place_of_the_first(measured, shown, scene):
    volumes = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    measured.panel.view.select("original_firstorder_Mean")
    measured.ui.mapButton.click()
    measured.wait()
    assert measured.said[-1][0].startswith("Map of firstorder Mean")
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == volumes


def test_each_map_lies_over_its_own_image(layouts, make_view_panel, case):
    from SuperResRadiomicsModule.featuremaps import ShownMaps

    panel = make_view_panel(case)
    volumes = {"original": case.lesion.volume, "bicubic": case.bicubic, "enhanced": case.enhanced}
    panel.showMaps(ShownMaps(volumes, "glcm Contrast"))
    views = {name: composite(f"SuperRes{name.capitalize()}") for name in volumes}
    assert {name: view.GetForegroundVolumeID() for name, view in views.items()} == {
        name: volume.GetID() for name, volume in volumes.items()
    }
    assert "share one scale" in panel.ui.viewNoteLabel.text and not panel.ui.differenceButton.checked
    panel.ui.overlayOpacitySlider.value = 30
    assert {view.GetForegroundOpacity() for view in views.values()} == {0.3}
    panel.ui.differenceButton.click()
    panel.ui.differenceButton.click()
    assert not any(view.GetForegroundVolumeID() for view in views.values()) and not panel.view.maps


def test_the_button_says_why_it_cannot_be_pressed(measured):
    measured.panel.view.select("original_glcm_Contrast")
    assert measured.ui.mapButton.enabled
    measured.edit()
    measured.panel.update()
    assert not measured.ui.mapButton.enabled and "refresh the table first" in measured.ui.mapButton.toolTip
