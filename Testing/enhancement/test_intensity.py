"""HU in, HU out; what the network does not see keeps its value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.enhancement.intensity import Window, window_for
from SuperResRadiomicsLib.errors import ImageError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image


def test_window_maps_there_and_back() -> None:
    window = Window(-1024, 2048)
    values = np.array([-1024.0, 0.0, 777.0, 2048.0], dtype=np.float32)
    assert np.allclose(window.restore(window.normalise(values)), values, atol=1e-3)
    assert window.normalise(np.array([-3000.0, 5000.0], dtype=np.float32)).tolist() == [0.0, 1.0]


def test_weight_is_full_inside_none_outside_and_smooth_between() -> None:
    window = Window(-1000, 2000)
    values = np.linspace(-1100, 2100, 3201).astype(np.float32)
    weight = window.weight(values)
    assert weight[values <= -1000].max() == 0 and weight[values >= 2000].max() == 0
    assert weight[(values >= -980) & (values <= 1980)].min() == 1
    assert np.abs(np.diff(weight)).max() < 0.1


def test_voxels_outside_the_window_keep_their_bicubic_value(
    loaded: LoadedModel, lesion: tuple[Image, np.ndarray]
) -> None:
    image, _ = lesion
    voxels = image.voxels.copy()
    voxels[:, :8] = -2048
    voxels[:, -8:] = 3071
    outcome = enhance(image.with_voxels(voxels), loaded)
    low, high = loaded.card.window
    twin = outcome.bicubic.voxels
    outside = (twin <= low) | (twin >= high)
    assert outside.any() and not outside.all()
    assert np.array_equal(outcome.enhanced.voxels[outside], twin[outside])


def test_mr_is_scaled_by_the_whole_volume_never_by_the_crop(changed_model: Callable[..., LoadedModel]) -> None:
    model = changed_model(
        modality="MR", intensity={"unit": "arbitrary", "window": [0.0, 1.0]}, valid_spacing_mm=[0.1, 5.0]
    )
    random = np.random.default_rng(0)
    voxels = random.gamma(2.0, 200.0, (6, 40, 40)).astype(np.float32)
    voxels[:, :10] = 0
    image = Image(voxels, Grid((40, 40, 6), (1.0, 1.0, 4.0)), "MR")
    window = window_for(image, model.card)
    foreground = voxels[voxels > 0.05 * np.percentile(voxels, 99)]
    assert (window.low, window.high) == pytest.approx(tuple(np.percentile(foreground, (0.5, 99.5))))
    box = Box((12, 14, 2), (24, 26, 4))
    part, all_of_it = enhance(image, model, box=box, margin_mm=0), enhance(image, model)
    inside = part.region.slices
    assert np.allclose(part.enhanced.voxels, all_of_it.enhanced.voxels[inside], atol=1e-2)


def test_an_mr_without_contrast_is_refused(changed_model: Callable[..., LoadedModel]) -> None:
    model = changed_model(modality="MR", intensity={"unit": "arbitrary", "window": [0.0, 1.0]})
    image = Image(np.full((3, 20, 20), 7.0), Grid((20, 20, 3), (1.0, 1.0, 4.0)), "MR")
    with pytest.raises(ImageError, match="no contrast"):
        enhance(image, model)
