"""The region alone has, bit for bit, what the whole image has there; and its edges fade as they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from SuperResRadiomicsLib.enhancement import Enhancement, LoadedModel, enhance, load_model, paste
from SuperResRadiomicsLib.enhancement.intensity import MR_HEADROOM, Window, window_for, with_headroom
from SuperResRadiomicsLib.errors import GridError, RegionError
from SuperResRadiomicsLib.grid import Box, Grid, box_of_mask, box_within, interpolate_bicubic, whole
from SuperResRadiomicsLib.io.image import Image, cast_like
from SuperResRadiomicsLib.models import load_card, load_network, save_model
from SuperResRadiomicsLib.radiomics.surroundings import widened
from Testing.conftest import oblique_direction

SHIFT_HU = 50.0


class Brighter(torch.nn.Module):
    """A network that adds the same to every pixel: what is left of it shows the blend."""

    receptive_field_radius, size_multiple, conditions, uses_context = 2, 1, 2, False

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, image: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return image + self.by


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> LoadedModel:
    return load_model(tiny_model, "cpu")


@pytest.fixture(scope="module")
def brighter(model: LoadedModel) -> LoadedModel:
    """Adds `SHIFT_HU` within the window of the tiny model."""
    low, high = model.card.window
    return LoadedModel(model.card, "cpu", "fp32", Brighter(SHIFT_HU / (high - low)))


@st.composite
def requests(draw: st.DrawFn) -> tuple[Image, Box, float]:
    """An image of odd size, oblique or not, with thick slices along any axis, a box anywhere and a margin."""
    through = draw(st.integers(0, 2))
    size = [draw(st.integers(25, 71)) for _ in range(3)]
    spacing = [0.8, 0.7, 0.9]
    size[through], spacing[through] = draw(st.integers(1, 9)), 3.0
    direction = oblique_direction() if draw(st.booleans()) else (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)
    grid = Grid(tuple(size), tuple(spacing), (3.0, -40.0, 7.0), direction)  # type: ignore[arg-type]
    seed = draw(st.integers(0, 99))
    voxels = np.random.default_rng(seed).normal(0, 150, grid.shape).astype(draw(st.sampled_from(["i2", "f4"])))
    start = [draw(st.integers(0, n - 1)) for n in size]
    stop = [draw(st.integers(a + 1, min(n, a + 15))) for a, n in zip(start, size, strict=True)]
    return Image(voxels, grid, "CT", "HU"), Box(tuple(start), tuple(stop)), draw(st.sampled_from([0.0, 1.5, 4.0]))  # type: ignore[arg-type]


@settings(max_examples=25)
@given(asked=requests())
def test_a_region_has_the_bits_of_the_whole_image(model: LoadedModel, asked: tuple[Image, Box, float]) -> None:
    image, box, margin_mm = asked
    found = enhance(image, model, box=box, margin_mm=margin_mm)
    refined = found.enhanced.whole_grid
    twin = cast_like(interpolate_bicubic(image.voxels, refined.shape), image.voxels.dtype)
    assert np.array_equal(found.bicubic.voxels, twin[found.region.slices])
    pasted = paste(found, image).voxels
    assert np.array_equal(pasted[found.region.slices], found.enhanced.voxels)
    outside = np.ones(refined.shape, dtype=bool)
    outside[found.region.slices] = False
    assert np.array_equal(pasted[outside], twin[outside])
    assert np.array_equal(widened(found.bicubic, image, whole(refined)).voxels, twin)
    # Cropped before: the part that was kept gives the same once more.
    again = enhance(found.original, model, box=box_within(box, found.original.held), margin_mm=margin_mm)
    assert again.region == found.region and again.provenance == found.provenance
    assert np.array_equal(again.enhanced.voxels, found.enhanced.voxels)


@settings(max_examples=15)
@given(asked=requests())
def test_the_network_fades_out_over_the_margin(brighter: LoadedModel, asked: tuple[Image, Box, float]) -> None:
    image, box, margin_mm = asked
    found = enhance(image.with_voxels(image.voxels.astype(np.float32) / 4), brighter, box=box, margin_mm=margin_mm)
    change = (found.enhanced.voxels - found.bicubic.voxels) / SHIFT_HU
    expected = np.ones(())
    for axis in (2, 1, 0):
        expected = np.multiply.outer(expected, _faded(found, axis, margin_mm))
    assert np.allclose(change, expected, atol=2e-4)


def _faded(found: Enhancement, axis: int, margin_mm: float) -> np.ndarray:
    """Smoothstep of each voxel's distance, in mm, from the nearest face of the region inside the image."""
    region, whole_grid = found.region, found.enhanced.whole_grid
    distances = []
    for voxel in range(region.start[axis], region.stop[axis]):
        faces = [margin_mm]
        if region.start[axis] > 0:
            faces.append((voxel + 0.5 - region.start[axis]) * whole_grid.spacing[axis])
        if region.stop[axis] < whole_grid.size[axis]:
            faces.append((region.stop[axis] - voxel - 0.5) * whole_grid.spacing[axis])
        distances.append(min(faces) / margin_mm if margin_mm else 1.0)
    share = np.clip(distances, 0, 1)
    return 3 * share**2 - 2 * share**3


def test_mr_percentiles_are_those_of_the_whole_image(mr_model: LoadedModel) -> None:
    random = np.random.default_rng(0)
    voxels = random.gamma(2.0, 200.0, (40, 60, 70)).astype(np.int16)
    voxels[:, :20] = 0
    voxels[:, :, 60:] *= 5
    image = Image(voxels, Grid((70, 60, 40), (0.9, 0.9, 3.0)), "MR")
    foreground = voxels[voxels > 0.05 * np.percentile(voxels, 99)]
    low, high = np.percentile(foreground, (0.5, 99.5))
    box = Box((20, 30, 10), (28, 37, 13))
    part = image.cut(Box((2, 8, 2), (50, 55, 30)))
    for source, where in ((image, box), (part, box_within(box, part.held))):
        assert window_for(source, mr_model.card) == Window(float(low), float(high))
        found = enhance(source, mr_model, box=where, margin_mm=2)
        assert found.provenance["parameters"]["window"] == [low, high]
        assert found.original.whole.foreground == (low, high)
        assert np.array_equal(found.enhanced.voxels, enhance(image, mr_model, box=box, margin_mm=2).enhanced.voxels)


def test_without_a_unit_the_neighbourhood_decides_what_lies_in_the_window(mr_model: LoadedModel) -> None:
    """Against a Gaussian of 2 pixels cut at 6, written out; and the smooth blend of the window's ends."""
    network = Brighter(0.02)
    network.conditions = 0
    model = LoadedModel(mr_model.card, "cpu", "fp32", network)
    random = np.random.default_rng(0)
    voxels = random.gamma(2.0, 200.0, (2, 40, 44)).astype(np.float32)
    voxels[:, 15:22, 15:25] = 0
    image = Image(voxels, Grid((44, 40, 2), (0.9, 0.9, 4.0)), "MR")
    found = enhance(image, model)
    window = with_headroom(window_for(image, model.card), model.card.modality)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    kernel /= kernel.sum()
    around = np.pad(found.bicubic.voxels.astype(np.float64), [(0, 0), (6, 6), (6, 6)], mode="symmetric")
    for axis in (1, 2):
        around = np.apply_along_axis(np.convolve, axis, around, kernel, "valid")
    inside = np.minimum(around - window.low, window.brightest - around) / ((window.high - window.low) / 150)
    share = np.clip(inside, 0, 1)
    weight = share * share * (3 - 2 * share)
    assert (weight < 1).any() and (weight > 0).any()
    scaled = np.clip((found.bicubic.voxels - window.low) / (window.high - window.low), 0, 1 + MR_HEADROOM) + 0.02
    wanted = window.low + scaled * (window.high - window.low)
    expected = found.bicubic.voxels + weight * (wanted - found.bicubic.voxels)
    assert np.allclose(found.enhanced.voxels, expected, atol=0.05)


@pytest.fixture
def mr_model(tiny_model: Path, tmp_path: Path) -> LoadedModel:
    """The tiny model as one for MR, whose window is the foreground's."""
    card = load_card(tiny_model)
    fields = {"modality": "MR", "intensity": {"unit": "arbitrary", "window": [0.0, 1.0]}}
    metadata = {name: value for name, value in card.metadata.items() if name not in ("schema_version", "weights")}
    saved = save_model(tmp_path / "mr", load_network(card), {**metadata, **fields, "valid_spacing_mm": [0.1, 5.0]})
    return load_model(saved.folder, "cpu")


def test_only_the_lesions_surroundings_are_kept(model: LoadedModel) -> None:
    size = (300, 280, 120)
    image = Image(np.zeros(size[::-1], dtype=np.int16), Grid(size, (0.7, 0.7, 1.0)), "CT", "HU")
    mask = np.zeros(image.voxels.shape, dtype=bool)
    mask[60:64, 140:150, 150:160] = True
    found = enhance(image, model, mask=mask, margin_mm=5)
    assert found.enhanced.grid.size == (2 * (10 + 16), 2 * (10 + 16), 4 + 10)
    assert found.original.voxels.base is None and found.original.voxels.size < image.voxels.size / 3
    assert found.mask is not None and found.mask.sum() == 4 * mask.sum()
    moved = box_of_mask(found.mask)
    assert moved == Box((16, 16, 5), (36, 36, 9))
    assert found.original_mask is not None and found.original_mask.sum() == mask.sum()


def test_pasting_into_another_image_is_refused(model: LoadedModel) -> None:
    image = Image(np.zeros((9, 60, 150), dtype=np.int16), Grid((150, 60, 9), (0.8, 0.8, 3.0)), "CT", "HU")
    found = enhance(image, model, box=Box((20, 20, 3), (25, 25, 5)), margin_mm=1)
    with pytest.raises(GridError, match="other voxels"):
        paste(found, image.with_voxels(image.voxels + 1))
    with pytest.raises(GridError, match="not the whole image"):
        paste(found, found.original)


def test_what_was_not_kept_cannot_be_continued(model: LoadedModel) -> None:
    image = Image(np.zeros((9, 300, 300), dtype=np.int16), Grid((300, 300, 9), (0.8, 0.8, 3.0)), "CT", "HU")
    found = enhance(image, model, box=Box((140, 150, 3), (150, 160, 5)), margin_mm=1)
    with pytest.raises(RegionError, match="a part of an image"):
        widened(found.bicubic, found.original, whole(found.bicubic.whole_grid))
