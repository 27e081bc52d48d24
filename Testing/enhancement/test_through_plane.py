"""Thick slices refined: geometry, projection, both sides, mask, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import enhance, enhance_lesions, enhance_whole, load_enhancement, load_model
from SuperResRadiomicsLib.enhancement.lesions import voxels_seen
from SuperResRadiomicsLib.enhancement.through_plane import choose_factor
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Box, Grid, field_of_view, grow_box, interpolate_bicubic, shift_box
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.operators import SliceProfile
from Testing.conftest import GRIDS, make_lesion

AXES = {"thick slices": 2, "oblique": 2, "left-handed": 2, "sagittal": 0}


@pytest.mark.parametrize("kind", GRIDS)
def test_the_refined_grid_covers_the_same_field_of_view(kind: str, tiny_slices: Path) -> None:
    image, mask = make_lesion(GRIDS[kind])
    found = enhance(image, load_model(tiny_slices, "cpu"), mask=mask, slice_factor=3, margin_mm=4.0)
    axis, grid = AXES[kind], found.enhanced.whole_grid
    assert grid.size[axis] == 3 * image.grid.size[axis]
    assert all(grid.size[other] == image.grid.size[other] for other in range(3) if other != axis)
    assert np.abs(field_of_view(grid) - field_of_view(image.grid)).max() < 1e-6
    assert found.enhanced.grid.spacing[axis] == pytest.approx(image.spacing[axis] / 3, rel=1e-12)
    first = found.enhanced.grid.index_to_world((0, 0, 0))
    assert np.allclose(grid.index_to_world(found.region.start), first, atol=1e-6)
    volume, moved = mask.sum() * image.grid.voxel_volume, found.mask.sum() * grid.voxel_volume
    assert found.mask.shape == found.enhanced.voxels.shape and moved == pytest.approx(volume, rel=0.05)
    centre = [g.index_to_world(np.argwhere(m)[:, ::-1].mean(axis=0)) for m, g in
              ((mask, image.grid), (found.mask, found.enhanced.grid))]  # fmt: skip
    assert np.abs(centre[0] - centre[1]).max() < 0.1
    assert found.provenance["parameters"]["slices"]["factor"] == 3
    assert found.provenance["parameters"]["through_plane_axis"] == "ijk"[axis]


def test_both_sides_count_the_same_and_the_twin_is_the_interpolated_image(tiny_slices: Path) -> None:
    """A volume turned about the slice axis gives the turned result; a wrong row or column would not."""
    model = load_model(tiny_slices, "cpu")
    rng = np.random.default_rng(3)
    grid = Grid((26, 26, 5), (0.8, 0.8, 3.2))
    voxels = rng.normal(40, 60, grid.shape).astype(np.float32)
    image = Image(voxels, grid, "CT", "HU")
    turned = Image(np.ascontiguousarray(voxels.transpose(0, 2, 1)), grid, "CT", "HU")
    one, other = (enhance(each, model) for each in (image, turned))
    assert one.enhanced.grid.size == (26, 26, 20)
    assert np.array_equal(one.bicubic.voxels, interpolate_bicubic(voxels, (20, 26, 26)))
    assert np.allclose(one.enhanced.voxels, other.enhanced.voxels.transpose(0, 2, 1), atol=1e-3)
    assert np.abs(one.enhanced.voxels - one.bicubic.voxels).max() > 1
    assert one.provenance["parameters"]["slices"]["planes_stacked_along"] == ["i", "j"]


def test_slices_along_any_axis_give_the_same(tiny_slices: Path) -> None:
    model, rng = load_model(tiny_slices, "cpu"), np.random.default_rng(4)
    voxels = rng.normal(40, 60, (5, 24, 24)).astype(np.float32)
    upright = Image(voxels, Grid((24, 24, 5), (0.8, 0.8, 3.2)), "CT", "HU")
    lying = Image(np.ascontiguousarray(voxels.transpose(1, 2, 0)), Grid((5, 24, 24), (3.2, 0.8, 0.8)), "CT", "HU")
    first, second = (enhance(image, model).enhanced.voxels for image in (upright, lying))
    assert np.allclose(first, second.transpose(2, 0, 1), atol=1e-3)


def test_clean_touching_slices_are_met_exactly_and_others_are_not(tiny_slices: Path) -> None:
    model, rng = load_model(tiny_slices, "cpu"), np.random.default_rng(5)
    image = Image(rng.normal(40, 60, (4, 24, 24)).astype(np.float32), Grid((24, 24, 4), (0.8, 0.8, 4.0)), "CT", "HU")
    clean = enhance(image, model)
    assert np.allclose(SliceProfile(5).forward(clean.enhanced.voxels, 0), image.voxels, atol=2e-3)
    assert clean.residual["enhanced"]["largest"] < 2e-3 < clean.residual["bicubic"]["largest"]
    assert clean.provenance["parameters"]["data_consistency"] == "exact projection"
    for told in ({"noise": 10.0}, {"slice_thickness_mm": 4.8}):
        other = enhance(image, model, **told)
        assert other.provenance["parameters"]["data_consistency"] == "reported only"
        assert other.residual["enhanced"]["largest"] > 0.1
        assert np.abs(other.enhanced.voxels - clean.enhanced.voxels).max() > 0.1
    assert other.provenance["parameters"]["slices"]["slice_thickness_mm"] == pytest.approx(4.8)
    assert other.provenance["parameters"]["conditions"]["thickness"] == pytest.approx(1.2)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_lesions_region_has_the_bits_of_the_whole_image(factor: int, tiny_slices: Path) -> None:
    model, rng = load_model(tiny_slices, "cpu"), np.random.default_rng(6)
    image = Image(rng.normal(40, 60, (30, 90, 90)).astype(np.float32), Grid((90, 90, 30), (0.8, 0.8, 3.0)), "CT", "HU")
    box = Box((40, 42, 12), (48, 47, 15))
    part = enhance(image, model, box=box, margin_mm=0.0, slice_factor=factor)
    everything = enhance(image, model, slice_factor=factor)
    inside = part.enhanced.voxels[1:-1, 1:-1, 1:-1]
    same = everything.enhanced.voxels[part.region.slices][1:-1, 1:-1, 1:-1]
    assert np.allclose(inside, same, atol=2e-3)
    labels = np.zeros(image.voxels.shape, np.int16)
    labels[box.slices] = 4
    ((label, found),) = enhance_lesions(image, labels, model, margin_mm=0.0, slice_factor=factor)
    assert label == 4 and np.allclose(found.enhanced.voxels, part.enhanced.voxels, atol=2e-3)


@pytest.mark.parametrize("factor", [2, 3, 5, 6])
def test_no_more_is_seen_than_is_said(factor: int, tiny_slices: Path) -> None:
    model, rng = load_model(tiny_slices, "cpu"), np.random.default_rng(8)
    grid = Grid((110, 104, 44), (0.8, 0.8, 3.0))
    image = Image(rng.normal(40, 60, grid.shape).astype(np.float32), grid, "CT", "HU")
    box = Box((52, 49, 21), (56, 55, 24))
    cut = grow_box(box, grid, voxels_seen(model, image))
    assert cut.size[0] < 110 and cut.size[2] < 44
    options = {"margin_mm": 0.0, "slice_factor": factor}
    whole = enhance(image, model, box=box, **options)
    part = enhance(image.cut(cut), model, box=shift_box(box, [-first for first in cut.start]), **options)
    assert part.region == whole.region and np.array_equal(part.enhanced.voxels, whole.enhanced.voxels)


def test_tiles_hold_whole_thick_slices(tiny_slices: Path) -> None:
    """Small tiles give what one large tile gives, and agree with what was measured in every slice."""
    model, rng = load_model(tiny_slices, "cpu"), np.random.default_rng(9)
    grid = Grid((60, 60, 61), (0.8, 0.8, 4.0))
    image = Image(rng.normal(40, 60, grid.shape).astype(np.float32), grid, "CT", "HU")
    whole = enhance(image, model, slice_factor=5).enhanced
    tiled = enhance(image, model, slice_factor=5, tile=96).enhanced
    assert np.allclose(tiled.voxels, whole.voxels, atol=2e-3)
    assert np.allclose(SliceProfile(5).forward(tiled.voxels, 0), image.voxels, atol=2e-3)


def test_wide_columns_are_left_out(tiny_slices: Path) -> None:
    rng = np.random.default_rng(7)
    image = Image(rng.normal(40, 60, (9, 8, 30)).astype(np.float32), Grid((30, 8, 9), (0.9, 3.6, 3.2)), "CT", "HU")
    found = enhance(image, load_model(tiny_slices, "cpu"), through_plane=1, slice_factor=4)
    assert found.enhanced.grid.size == (30, 32, 9)
    assert found.provenance["parameters"]["slices"]["planes_stacked_along"] == ["k"]
    single = Image(image.voxels[:1], Grid((30, 8, 1), (0.9, 3.6, 0.9)), "CT", "HU")
    found = enhance(single, load_model(tiny_slices, "cpu"), through_plane=1, slice_factor=4)
    assert found.provenance["parameters"]["slices"]["planes_stacked_along"] == ["k"], "one column is no plane"


def test_the_factor_is_the_nearest_to_isotropic_and_is_said(tiny_slices: Path) -> None:
    card = load_card(tiny_slices)
    grid = Grid((64, 64, 20), (0.977, 0.977, 3.27))
    factor, notes = choose_factor(grid, 2, card, "auto")
    assert factor == 3 and "3.35 times" in notes[0] and "1.09 mm" in notes[0]
    assert choose_factor(replace(grid, spacing=(1.0, 1.0, 5.0)), 2, card, None) == (5, [])
    assert choose_factor(replace(grid, spacing=(0.5, 0.5, 5.0)), 2, card, None)[0] == 6
    for asked, words in ((7, "2 to 6"), (1, "2 to 6"), ("three", "whole number")):
        with pytest.raises(SettingsError, match=words):
            choose_factor(grid, 2, card, asked)
    with pytest.raises(SettingsError, match="isotropic already"):
        choose_factor(replace(grid, spacing=(1.0, 1.0, 1.2)), 2, card, "auto")
    with pytest.raises(SettingsError, match="one slice"):
        choose_factor(replace(grid, size=(64, 64, 1)), 2, card, 3)


def test_what_does_not_fit_is_refused(tiny_slices: Path, tiny_model: Path, tmp_path: Path) -> None:
    image, _ = make_lesion(GRIDS["thick slices"])
    model = load_model(tiny_slices, "cpu")
    with pytest.raises(SettingsError, match="leaves slices as they are"):
        enhance(image, load_model(tiny_model, "cpu"), slice_factor=2)
    with pytest.raises(SettingsError, match="slice thickness"):
        enhance(image, model, blur=0.5)
    with pytest.raises(SettingsError, match=r"0\.6 to 1\.4"):
        enhance(image, model, slice_thickness_mm=9.0)
    with pytest.raises(SettingsError, match="above 0"):
        enhance(image, model, slice_thickness_mm=-1.0)
    with pytest.raises(SettingsError, match="slab by slab"):
        enhance_whole(image, model, tmp_path / "out")


def test_a_saved_result_is_read_back(tiny_slices: Path, tmp_path: Path) -> None:
    image, mask = make_lesion(GRIDS["oblique"])
    found = enhance(image, load_model(tiny_slices, "cpu"), mask=mask, slice_factor=2)
    found.save(tmp_path / "out")
    again = load_enhancement(tmp_path / "out")
    assert np.array_equal(again.enhanced.voxels, found.enhanced.voxels)
    assert again.enhanced.slice_axis == 2 and again.enhanced.whole_grid.matches(found.enhanced.whole_grid)
