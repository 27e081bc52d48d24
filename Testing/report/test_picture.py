import io

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image as PillowImage

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.grid import in_plane_factors, refine, resample, transport_mask
from SuperResRadiomicsLib.report.picture import draw_comparison, png_bytes


@pytest.fixture
def versions(any_lesion):
    """Original, mask, bicubic, 'enhanced' (50 HU brighter) and the mask on their grid."""
    image, mask = any_lesion
    grid = refine(image.grid, in_plane_factors(image.grid, 2))
    bicubic = image.with_voxels(resample(image.voxels, image.grid, grid, "bicubic"), grid)
    enhanced = bicubic.with_voxels(bicubic.voxels + 50)
    return image, mask, bicubic, enhanced, transport_mask(mask, image.grid, grid, allow_volume_change=True).mask


def test_shows_what_it_says(versions):
    original, mask, bicubic, enhanced, refined_mask = versions
    figure = draw_comparison(original, mask, bicubic, enhanced, refined_mask, model="tiny (fidelity)", title="a lesion")
    panels = figure.axes[:4]
    shown = [panel.images[0] for panel in panels]
    windows = [image.get_clim() for image in shown]
    assert windows[0] == windows[1] == windows[2]
    assert windows[3][0] == -windows[3][1]
    assert np.allclose(shown[3].get_array(), 50, atol=0.01)
    assert shown[2].get_array().shape == shown[1].get_array().shape
    assert len({panel.get_xlim() for panel in panels}) == len({panel.get_ylim() for panel in panels}) == 1
    titles = [panel.get_title() for panel in panels]
    assert titles[0].startswith("original")
    assert titles[1].startswith("bicubic")
    assert titles[2].startswith("tiny (fidelity)")
    assert "bicubic" in titles[3]
    assert all(panel.collections for panel in panels), "the lesion is outlined on every panel"
    assert all("mm" in panel.texts[0].get_text() for panel in panels), "every panel has a scale bar"


def test_scale_bar_is_as_long_as_it_says(versions):
    panel = draw_comparison(*versions, model="tiny", title="a lesion").axes[0]
    start, end = panel.lines[0].get_xdata()
    assert abs(end - start) == pytest.approx(float(panel.texts[0].get_text().removesuffix(" mm")))
    left, right = panel.get_xlim()
    assert 0.1 < abs(end - start) / abs(right - left) <= 1 / 3, "it is readable and hides little"


def test_the_png_carries_the_notice(versions):
    png = png_bytes(draw_comparison(*versions, model="tiny", title="a lesion"))
    assert PillowImage.open(io.BytesIO(png)).text["Description"] == NOT_FOR_CLINICAL_USE
    assert imread(io.BytesIO(png)).std() > 0.05


def test_identical_images_can_be_drawn(versions):
    original, mask, bicubic, _, refined_mask = versions
    figure = draw_comparison(original, mask, bicubic, bicubic, refined_mask, model="identity", title="a lesion")
    assert not figure.axes[3].images[0].get_array().any()
