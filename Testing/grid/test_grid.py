"""Geometry is sacred: properties over random grids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from SuperResRadiomicsLib.errors import GridError, MaskError, RegionError
from SuperResRadiomicsLib.grid import (
    Box,
    Grid,
    box_of_mask,
    box_of_part,
    box_within,
    crop_grid,
    cubic_taps,
    edge_ramps,
    expand_box,
    field_of_view,
    holds,
    in_plane_axes,
    in_plane_factors,
    interpolate_bicubic,
    intersect_box,
    pad_to_multiple,
    reduce_area,
    refine,
    refine_box,
    resample,
    shift_box,
    through_plane_axis,
    transport_mask,
    union_box,
    whole,
)
from SuperResRadiomicsLib.operators import BlurDecimate

SIZES = st.sampled_from([1, 2, 3, 5, 7, 8, 11, 13, 16, 17, 23])
SPACINGS = st.floats(0.2, 6.0)


@st.composite
def grids(draw: st.DrawFn, smallest: int = 1) -> Grid:
    """Odd, prime and one-slice sizes, oblique and left-handed axes, anisotropic spacing."""
    size = tuple(max(smallest, draw(SIZES)) for _ in range(3))
    spacing = tuple(draw(SPACINGS) for _ in range(3))
    origin = tuple(draw(st.floats(-500, 500)) for _ in range(3))
    axes = Rotation.from_euler("xyz", [draw(st.floats(-180, 180)) for _ in range(3)], degrees=True).as_matrix()
    if draw(st.booleans()):
        axes = axes @ np.diag([-1.0, 1.0, 1.0])
    return Grid(size, spacing, origin, tuple(axes.ravel()))  # type: ignore[arg-type]


@given(grids(), st.tuples(*[st.floats(0.4, 4.5)] * 3))
def test_refined_grid_covers_the_same_field_of_view(grid: Grid, factors: tuple[float, float, float]) -> None:
    refined = refine(grid, factors)
    assert np.abs(field_of_view(refined) - field_of_view(grid)).max() < 1e-9
    assert refined.direction == grid.direction
    assert refined.size == tuple(max(1, round(n * f)) for n, f in zip(grid.size, factors, strict=True))


@given(grids(), st.lists(st.floats(-40, 40), min_size=3, max_size=3))
def test_index_and_world_are_inverse(grid: Grid, index: list[float]) -> None:
    assert np.allclose(grid.world_to_index(grid.index_to_world(index)), index, atol=1e-8)


@given(grids())
def test_refined_voxels_lie_where_repeated_voxels_lie(grid: Grid) -> None:
    refined = refine(grid, (2, 3, 1))
    index = np.array([grid.size[0] - 1, grid.size[1] - 1, grid.size[2] - 1])
    children = np.array([[2 * index[0] + a, 3 * index[1] + b, index[2]] for a in range(2) for b in range(3)])
    assert np.allclose(refined.index_to_world(children).mean(axis=0), grid.index_to_world(index), atol=1e-9)


@settings(max_examples=40)
@given(grids(smallest=11), st.integers(0, 10**6))
def test_an_impulse_stays_centred_there_and_back(grid: Grid, pick: int) -> None:
    random = np.random.default_rng(pick)
    index = np.array([random.integers(5, n - 5) for n in grid.size])
    voxels = np.zeros(grid.shape, dtype=np.float32)
    voxels[index[2], index[1], index[0]] = 1000.0
    factors = in_plane_factors(grid, 2)
    refined = refine(grid, factors)
    fine = interpolate_bicubic(voxels, refined.shape)
    identity_network = fine
    assert np.allclose(_centroid(identity_network, refined), grid.index_to_world(index), atol=1e-4 * max(grid.spacing))
    slices = np.moveaxis(identity_network, 2 - through_plane_axis(grid), 0)
    back = np.moveaxis(BlurDecimate(2).forward(slices), 0, 2 - through_plane_axis(grid))
    assert np.allclose(_centroid(back, grid), grid.index_to_world(index), atol=1e-4 * max(grid.spacing))


def _centroid(voxels: np.ndarray, grid: Grid) -> np.ndarray:
    k, j, i = np.indices(voxels.shape)
    weight = voxels.astype(np.float64) / voxels.sum(dtype=np.float64)
    index = [(axis * weight).sum() for axis in (i, j, k)]
    return grid.index_to_world(index)


def _random_box(grid: Grid, random: np.random.Generator) -> Box:
    start = [int(random.integers(0, n)) for n in grid.size]
    stop = [int(random.integers(a + 1, n + 1)) for a, n in zip(start, grid.size, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def test_feather_is_full_at_the_margin_and_absent_at_the_image_border() -> None:
    grid = Grid((20, 20, 4), (1.0, 1.0, 5.0))
    k, j, i = edge_ramps(Box((0, 4, 0), (10, 20, 4)), grid, 3.0)
    assert i[0] == 1.0 and i[-4] == 1.0 and 0 < i[-1] < i[-2] < i[-3] < 1.0
    assert j[-1] == 1.0 and 0 < j[0] < 1.0
    assert (k == 1.0).all()
    assert all((ramp == 1.0).all() for ramp in edge_ramps(Box((2, 2, 1), (9, 9, 3)), grid, 0.0))


@given(grids(), st.integers(0, 10**6))
def test_crop_keeps_world_positions(grid: Grid, pick: int) -> None:
    box = _random_box(grid, np.random.default_rng(pick))
    assert np.allclose(crop_grid(grid, box).origin, grid.index_to_world(box.start), atol=1e-9)


@given(grids(), st.integers(0, 10**6))
def test_a_part_is_found_again_in_its_grid(grid: Grid, pick: int) -> None:
    random = np.random.default_rng(pick)
    box, other = _random_box(grid, random), _random_box(grid, random)
    assert box_of_part(crop_grid(grid, box), grid) == box
    assert shift_box(box_within(box, other), other.start) == box
    assert holds(union_box(box, other), other) and holds(whole(grid), box)
    inside = np.zeros(grid.shape, dtype=bool)
    inside[box.slices] = True
    common = inside.copy()
    common[...] = False
    common[other.slices] = inside[other.slices]
    if common.any():
        assert intersect_box(box, other) == box_of_mask(common)
    else:
        with pytest.raises(RegionError):
            intersect_box(box, other)


def test_voxels_that_are_no_part_of_a_grid_are_refused() -> None:
    grid = Grid((10, 10, 4), (1.0, 1.0, 3.0))
    for part in (
        Grid((5, 5, 2), (1.0, 1.0, 3.0), (6.0, 0.0, 0.0)),  # sticks out
        Grid((5, 5, 2), (1.0, 1.0, 3.0), (1.5, 0.0, 0.0)),  # between the voxels
        Grid((5, 5, 2), (1.1, 1.0, 3.0)),
    ):
        with pytest.raises(RegionError, match="no part of the image"):
            box_of_part(part, grid)


@given(grids(), st.integers(0, 10**6), st.sampled_from([2, 3, 4]))
def test_a_part_is_interpolated_like_the_whole(grid: Grid, pick: int, factor: int) -> None:
    random = np.random.default_rng(pick)
    voxels = random.normal(0, 500, grid.shape).astype(np.float32)
    refined = refine(grid, in_plane_factors(grid, factor))
    wanted = _random_box(refined, random)
    start = [max(0, a * n // m - 2) for a, n, m in zip(wanted.start, grid.size, refined.size, strict=True)]
    stop = [min(n, -(-b * n // m) + 2) for b, n, m in zip(wanted.stop, grid.size, refined.size, strict=True)]
    part = voxels[Box(tuple(start), tuple(stop)).slices]
    found = interpolate_bicubic(part, refined.shape, wanted.slices, grid.shape, start[::-1])
    assert np.array_equal(found, interpolate_bicubic(voxels, refined.shape)[wanted.slices])


@given(grids(), st.integers(0, 10**6), st.floats(0, 30))
def test_expanded_box_has_the_margin_and_stays_inside(grid: Grid, pick: int, margin: float) -> None:
    box = _random_box(grid, np.random.default_rng(pick))
    grown = expand_box(box, grid, margin)
    for axis in range(3):
        low = (box.start[axis] - grown.start[axis]) * grid.spacing[axis]
        assert grown.start[axis] == 0 or low >= margin - 1e-6
        assert grown.stop[axis] == grid.size[axis] or low + 1e-6 >= 0
        assert 0 <= grown.start[axis] <= box.start[axis] < box.stop[axis] <= grown.stop[axis] <= grid.size[axis]


@given(grids(), st.integers(0, 10**6))
def test_refined_box_covers_the_box(grid: Grid, pick: int) -> None:
    box = _random_box(grid, np.random.default_rng(pick))
    refined = refine(grid, in_plane_factors(grid, 2))
    target = refine_box(box, grid, refined)
    assert np.allclose(field_of_view(crop_grid(refined, target)), field_of_view(crop_grid(grid, box)), atol=1e-9)


@settings(max_examples=40)
@given(grids(smallest=5), st.integers(0, 10**6), st.sampled_from(["linear", "nearest"]))
def test_mask_keeps_its_centroid_and_volume_at_two_times(grid: Grid, pick: int, rule: str) -> None:
    mask = np.zeros(grid.shape, dtype=bool)
    mask[_random_box(grid, np.random.default_rng(pick)).slices] = True
    refined = refine(grid, in_plane_factors(grid, 2))
    moved = transport_mask(mask, grid, refined, rule)  # type: ignore[arg-type]
    assert moved.volume_change == pytest.approx(0.0, abs=1e-9)
    assert np.allclose(_centroid(moved.mask, refined), _centroid(mask, grid), atol=1e-6)


def test_mask_volume_change_is_reported_and_refused_over_five_per_cent() -> None:
    grid = Grid((9, 9, 3), (1.0, 1.0, 3.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 4, 3:6] = True
    finer = refine(grid, (1.5, 1.5, 1))
    with pytest.raises(MaskError, match=r"changes its volume by [+-]\d"):
        transport_mask(mask, grid, finer)
    allowed = transport_mask(mask, grid, finer, allow_volume_change=True)
    assert allowed.volume_change == pytest.approx(allowed.mask.sum() * finer.voxel_volume / 9.0 - 1)


def test_mask_outside_the_target_is_refused() -> None:
    grid = Grid((8, 8, 3), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 1:4, 1:4] = True
    with pytest.raises(MaskError, match="vanishes"):
        transport_mask(mask, grid, Grid((8, 8, 3), (1.0, 1.0, 1.0), (100.0, 0.0, 0.0)))


@given(st.tuples(SIZES, SIZES, SIZES), st.tuples(*[st.integers(1, 8)] * 3))
def test_padding_is_undone_exactly(shape: tuple[int, ...], multiples: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape)
    padded, padding = pad_to_multiple(array, multiples)
    assert all(n % m == 0 for n, m in zip(padded.shape, multiples, strict=True))
    assert np.array_equal(padding.undo(padded), array)
    doubled = padded.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
    assert np.array_equal(padding.undo(doubled, 2), array.repeat(2, 0).repeat(2, 1).repeat(2, 2))


def test_bicubic_is_pillows_inside_the_image() -> None:
    from PIL import Image as PillowImage

    slice_ = np.random.default_rng(0).normal(0, 300, (31, 27)).astype(np.float32)
    theirs = np.asarray(PillowImage.fromarray(slice_).resize((54, 62), PillowImage.Resampling.BICUBIC))
    assert np.allclose(interpolate_bicubic(slice_, (62, 54))[6:-6, 6:-6], theirs[6:-6, 6:-6], atol=1e-3)


def test_bicubic_clamps_its_edges_and_keeps_a_constant() -> None:
    index, weights = cubic_taps(5, 10)
    assert index.min() == 0 and index.max() == 4
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(interpolate_bicubic(np.full((3, 5, 7), -700), (3, 10, 14)), -700, atol=1e-3)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_a_part_of_the_bicubic_image_has_the_bits_of_the_whole(pick: int) -> None:
    random = np.random.default_rng(pick)
    voxels = random.integers(-1000, 2000, (4, 13, 9)).astype(np.int16)
    shape = (4, 26, 18)
    part = tuple(slice(*sorted(random.choice(n + 1, 2, replace=False))) for n in shape)
    assert np.array_equal(interpolate_bicubic(voxels, shape, part), interpolate_bicubic(voxels, shape)[part])


@pytest.mark.parametrize("method", ["nearest", "linear", "bicubic", "bspline", "lanczos"])
@pytest.mark.parametrize("size", [(30, 28, 8), (30, 28, 1)])
def test_every_method_keeps_a_ramp_in_place(method: str, size: tuple[int, int, int]) -> None:
    grid = Grid(size, (0.8, 0.8, 3.0), (3.0, -2.0, 8.0))
    refined = refine(grid, (2, 2, 1))
    values = resample(_ramp(grid), grid, refined, method)  # type: ignore[arg-type]
    tolerance = {"nearest": 0.5, "lanczos": 0.1}.get(method, 1e-3)
    assert np.abs(values - _ramp(refined))[:, 20:-20, 20:-20].max() < tolerance


def _ramp(grid: Grid) -> np.ndarray:
    k, j, i = np.indices(grid.shape)
    world = grid.index_to_world(np.stack([i, j, k], axis=-1))
    return (world[..., 0] - world[..., 1]).astype(np.float32)


def test_through_plane_axis_is_the_one_that_differs_else_the_coarsest_else_the_last() -> None:
    assert through_plane_axis(Grid((9, 9, 9), (1.0, 3.0, 2.0))) == 1
    assert through_plane_axis(Grid((9, 9, 9), (1.0, 1.0, 1.0))) == 2
    assert through_plane_axis(Grid((9, 9, 9), (2.0, 1.0, 2.0))) == 1  # slices thinner than pixels
    assert through_plane_axis(Grid((9, 9, 1), (1.7, 1.7, 1.0))) == 2
    assert in_plane_axes(Grid((1, 9, 9), (1.0, 1.7, 1.7))) == (1, 2)
    assert through_plane_axis(Grid((1, 9, 1), (1.0, 1.0, 1.0))) == 2  # a line of voxels
    assert through_plane_axis(Grid((1, 9, 1), (3.0, 1.0, 1.0))) == 0


def test_rounding_dust_in_the_direction_does_not_lose_the_mask() -> None:
    dusty = (1.0, 1e-309, 0.0, -1e-309, 1.0, 0.0, 0.0, 0.0, 1.0)
    grid = Grid((8, 8, 3), (1.0, 1.0, 3.0), direction=dusty)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 2:5, 2:5] = True
    assert transport_mask(mask, grid, refine(grid, (2, 2, 1))).volume_change == pytest.approx(0.0)


def test_matching_grids_differ_by_less_than_a_thousandth_of_a_voxel() -> None:
    grid = Grid((9, 9, 9), (1.0, 1.0, 1.0))
    assert grid.matches(Grid((9, 9, 9), (1.0, 1.0, 1.0), (0.0005, 0.0, 0.0)))
    assert not grid.matches(Grid((9, 9, 9), (1.0, 1.0, 1.0), (0.01, 0.0, 0.0)))
    assert not grid.matches(Grid((9, 9, 9), (1.001, 1.0, 1.0)))
    assert not grid.matches(Grid((9, 9, 8), (1.0, 1.0, 1.0)))


@pytest.mark.parametrize("spacing", [(0.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (float("nan"), 1.0, 1.0), (1.0, 1.0, 2e4)])
def test_absurd_spacing_is_refused(spacing: tuple[float, float, float]) -> None:
    with pytest.raises(GridError, match="spacing"):
        Grid((4, 4, 4), spacing)


def test_sheared_axes_are_refused() -> None:
    with pytest.raises(GridError, match="right angles"):
        Grid((4, 4, 4), (1.0, 1.0, 1.0), direction=(1.0, 0.2, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def test_boxes_that_cannot_be_are_refused() -> None:
    grid = Grid((4, 4, 4), (1.0, 1.0, 1.0))
    with pytest.raises(RegionError, match="empty"):
        Box((1, 1, 1), (1, 2, 2))
    with pytest.raises(RegionError, match="outside the image"):
        crop_grid(grid, Box((1, 1, 1), (2, 2, 5)))
    with pytest.raises(RegionError, match="margin"):
        expand_box(whole(grid), grid, -1.0)
    with pytest.raises(MaskError, match="empty"):
        box_of_mask(np.zeros(grid.shape, dtype=bool))


def test_unknown_methods_are_refused() -> None:
    grid = Grid((4, 4, 4), (1.0, 1.0, 1.0))
    with pytest.raises(GridError, match="'sinc' is not known"):
        resample(np.zeros(grid.shape), grid, grid, "sinc")  # type: ignore[arg-type]
    with pytest.raises(GridError, match="same field of view"):
        resample(np.zeros(grid.shape), grid, Grid((4, 4, 4), (2.0, 1.0, 1.0)), "bicubic")
    with pytest.raises(GridError, match="Mask rule"):
        transport_mask(np.ones(grid.shape, dtype=bool), grid, grid, "cubic")  # type: ignore[arg-type]
    with pytest.raises(GridError, match="positive"):
        refine(grid, (2, 0, 1))


@given(st.integers(1, 13), st.integers(1, 13), st.data())
def test_area_reduction_is_the_mean_over_each_new_pixel(height: int, width: int, data: st.DataObject) -> None:
    """Against repeating every pixel so often that both grids' pixels are whole blocks."""
    target = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    slices = np.random.default_rng(height * 17 + width).normal(0, 1, (2, height, width)).astype(np.float32)
    repeated = slices.repeat(target[0], axis=1).repeat(target[1], axis=2)
    expected = repeated.reshape(2, target[0], height, target[1], width).mean(axis=(2, 4))
    assert np.allclose(reduce_area(slices, target), expected, atol=1e-5)


def test_union_of_boxes() -> None:
    assert union_box(Box((1, 5, 2), (3, 6, 9)), Box((2, 0, 3), (7, 4, 8))) == Box((1, 0, 2), (7, 6, 9))


def test_a_carried_mask_holds_what_its_interpolation_fills_by_half() -> None:
    """Linear interpolation of the mask, from 0.5 on (IBSI), written out for a block on voxels two thirds as large."""
    grid = Grid((14, 12, 3), (1.0, 1.0, 3.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 3:9, 4:11] = True
    finer = refine(grid, (1.5, 1.5, 1))
    along_i, along_j = (
        np.interp((np.arange(int(1.5 * n)) + 0.5) / 1.5 - 0.5, np.arange(n), inside.astype(float))
        for n, inside in ((14, mask[1, 5]), (12, mask[1, :, 5]))
    )
    moved = transport_mask(mask, grid, finer, allow_volume_change=True).mask
    assert np.array_equal(moved[1], np.outer(along_j, along_i) >= 0.5 - 1e-6)
    assert not moved[[0, 2]].any()
