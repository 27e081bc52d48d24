"""Tiles show the voxels that they say, the right way up, in a window in which the lesion can be seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.grid import Grid, in_plane_factors, refine, resample, transport_mask
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import LesionVersions
from SuperResRadiomicsLib.report.plane import Plane
from SuperResRadiomicsLib.report.tile import Frame, add_bar, add_outline, paint_difference, paint_gray, tile_png
from SuperResRadiomicsLib.report.tiles import draw_mosaic, draw_tiles
from SuperResRadiomicsLib.report.window import Window, choose_window

GRID = Grid((4, 2, 1), (1.0, 2.0, 5.0))
VOXELS = np.arange(8.0).reshape(1, 2, 4)
FRAME = Frame(Plane(GRID, 2, 0.0), [(-0.5, 3.5), (-1.0, 3.0)], pixels=8)


def test_a_tile_is_the_slice_in_millimetres_upright():
    shown = FRAME.sampled(VOXELS, GRID)
    assert FRAME.size == (8, 8)
    assert np.array_equal(shown[::4, ::2], VOXELS[0]), "rows are two millimetres high, columns one wide"
    mirrored = Grid((4, 2, 1), (1.0, 2.0, 5.0), direction=(-1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    frame = Frame(Plane(mirrored, 2, 0.0), FRAME.limits, pixels=8)
    assert np.array_equal(frame.sampled(VOXELS, mirrored)[::4, ::2], VOXELS[0, :, ::-1]), "the patient's left is right"


def test_grey_is_linear_in_the_window():
    tile = paint_gray(FRAME, VOXELS, GRID, Window(1.0, 6.0, ""))
    assert tile[0, 0].tolist() == [0, 0, 0] and tile[-1, -1].tolist() == [255, 255, 255]
    assert tile[0, 4, 0] == round(255 / 5)


def test_differences_are_red_above_and_blue_below():
    tile = paint_difference(FRAME, VOXELS - 4, GRID, 3.0).astype(int)
    assert tile[0, 0, 2] > tile[0, 0, 0] and tile[-1, -1, 0] > tile[-1, -1, 2]
    assert tile[-1, 0].tolist() == [255, 255, 255]


def test_the_outline_lies_around_the_lesion_and_hides_nothing_of_it():
    mask = np.zeros(GRID.shape, bool)
    mask[0, 0, 0] = True
    gray = paint_gray(FRAME, VOXELS, GRID, Window(0, 7, ""))
    outlined = add_outline(gray, FRAME, mask, GRID, (255, 0, 0))
    assert np.array_equal(outlined[:4, :2], gray[:4, :2])
    assert outlined[0, 2].tolist() == [255, 0, 0] and outlined[4, 0].tolist() == [255, 0, 0]


def test_the_bar_is_as_long_as_it_says():
    frame = Frame(Plane(Grid((40, 40, 1), (1.0, 1.0, 1.0)), 2, 0.0), [(0.0, 40.0), (0.0, 40.0)], pixels=200)
    tile = add_bar(np.full((200, 200, 3), 100, np.uint8), frame)
    white = (tile == 255).all(axis=2).any(axis=0).sum()
    assert frame.bar_mm == 10.0 and white == 50


def test_the_png_says_what_it_is_not_for():
    png = tile_png(paint_gray(FRAME, VOXELS, GRID, Window(0, 7, "")))
    opened = PillowImage.open(io.BytesIO(png))
    assert opened.text["Description"] == NOT_FOR_CLINICAL_USE and opened.size == (8, 8)


@pytest.mark.parametrize(
    ("lesion", "around", "name"),
    [(30.0, -850.0, "soft tissue"), (-600.0, -850.0, "lung"), (700.0, 40.0, "bone"), (2500.0, 40.0, "chosen by")],
)
def test_ct_windows_show_the_inside_of_the_lesion(lesion, around, name):
    voxels = np.full((3, 10, 10), around)
    voxels[1, 3:7, 3:7] = lesion + np.arange(16.0).reshape(4, 4)
    voxels[1, 0, 0] = 1500.0
    mask = voxels == voxels
    mask[:] = False
    mask[1, 3:7, 3:7] = True
    window = choose_window(Image(voxels, Grid((10, 10, 3), (1.0, 1.0, 1.0)), "CT", "HU"), mask)
    assert name in window.name and window.low < lesion < lesion + 15 < window.high


def test_other_windows_follow_the_lesion_and_its_surroundings():
    random = np.random.default_rng(0)
    voxels = random.uniform(0, 1000, (4, 20, 20))
    mask = np.zeros(voxels.shape, bool)
    mask[1:3, 5:15, 5:15] = True
    voxels[mask] = random.normal(400, 20, mask.sum())
    window = choose_window(Image(voxels, Grid((20, 20, 4), (1.0, 1.0, 1.0)), "MR"), mask)
    assert window.low < 300 and window.high > 500 and 400 < window.high - window.low < 600


@pytest.mark.parametrize(
    ("stated", "low", "high"),
    [
        ([(-100.0, 200.0)], -100.0, 200.0),
        ([(-1000.0, -300.0), (-50.0, 150.0)], -50.0, 150.0),
        ([(0.0, 40.0)], -160.0, 240.0),
        ([(-1024.0, 3071.0)], -160.0, 240.0),
        ([], -160.0, 240.0),
    ],
    ids=["the file's", "the file's second, which holds the lesion", "cuts the lesion off", "flattens it", "none"],
)
def test_the_window_of_the_file_comes_first_where_it_shows_the_lesion(stated, low, high):
    voxels = np.full((1, 12, 12), -900.0)
    voxels[0, 2:10, 2:10] = np.linspace(-20, 80, 64).reshape(8, 8)
    scan = Image(voxels, Grid((12, 12, 1), (1.0, 1.0, 1.0)), "CT", "HU", windows=tuple(stated))
    window = choose_window(scan, voxels > -900)
    assert (window.low, window.high) == (low, high)
    assert ("image's file" in window.name) == ((low, high) in stated)


def test_a_lesion_with_much_of_the_lung_in_it_is_shown_in_the_lung_window():
    """Its rim is black in the window of soft tissue, and the outline seems wrong."""
    voxels = np.full((1, 12, 12), -900.0)
    voxels[0, 2:10, 2:10] = np.linspace(-400, 60, 64).reshape(8, 8)
    scan = Image(voxels, Grid((12, 12, 1), (1.0, 1.0, 1.0)), "CT", "HU")
    assert "lung" in choose_window(scan, voxels > -900).name


@pytest.fixture
def versions(any_lesion):
    image, mask = any_lesion
    grid = refine(image.grid, in_plane_factors(image.grid, 2))
    bicubic = image.with_voxels(resample(image.voxels, image.grid, grid, "bicubic"), grid)
    refined = transport_mask(mask, image.grid, grid, allow_volume_change=True).mask
    samples = tuple(bicubic.with_voxels(bicubic.voxels + 10 * n) for n in range(3))
    return LesionVersions(
        image, mask, bicubic, bicubic.with_voxels(bicubic.voxels + 10), refined, "linear", 0.0, "tiny", "fidelity",
        False, samples=samples,
    )  # fmt: skip


def test_the_mosaic_has_every_slice_of_a_small_lesion_and_the_other_directions(any_lesion):
    image, mask = any_lesion
    mosaic = draw_mosaic(image, mask, Window(0, 1, ""))
    slices = int(mask.any(axis=tuple(a for a in range(3) if a != 2 - image.slice_axis)).sum())
    assert [tile.title for tile in mosaic.tiles[:-2]] == [f"slice {n} of {slices}" for n in range(1, slices + 1)]
    names = {"axial", "coronal", "sagittal"}
    assert len({tile.title for tile in mosaic.tiles[-2:]} & names) == 2


def test_samples_are_shown_with_their_deviation(versions):
    pictures = draw_tiles(versions)
    assert [tile.title for tile in pictures.samples] == ["standard deviation", "possible image 1", "possible image 2"]
    assert "over 3 samples; white at 10" in pictures.samples[0].caption
    assert "full colour at 10" in pictures.difference.caption
