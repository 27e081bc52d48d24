"""Samples: the same noise at the same place whatever the tiles, and a mean that says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import (
    LoadedModel,
    enhance,
    enhance_lesions,
    enhance_whole,
    load_enhancement,
    load_model,
)
from SuperResRadiomicsLib.enhancement.draw import Draw
from SuperResRadiomicsLib.errors import ImageError, SettingsError
from SuperResRadiomicsLib.grid import Box, Grid, box_within, crop_grid, grow_box, whole
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.operators import BlurDecimate, SliceProfile, connected_noise

Lesion = tuple[Image, np.ndarray]


@pytest.fixture(scope="module")
def sampler(tiny_sampler: Path) -> LoadedModel:
    return load_model(tiny_sampler, "cpu")


def scan(size: tuple[int, int, int], spacing: tuple[float, float, float] = (0.8, 0.8, 3.0)) -> Image:
    voxels = np.random.default_rng(0).normal(0, 100, size[::-1]).astype(np.float32)
    return Image(voxels, Grid(size, spacing), "CT", "HU")


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_a_block_draws_what_the_whole_grid_draws(sampler: LoadedModel, slice_axis: int) -> None:
    grid, box = Grid((12, 11, 9), (1.0, 1.0, 1.0)), Box((3, 4, 2), (7, 9, 8))
    axes = (slice_axis, *(axis for axis in range(3) if axis != slice_axis))
    all_of_it = Draw(3, 1).arguments(sampler, grid, whole(grid), axes)
    part = Draw(3, 1).arguments(sampler, grid, box, axes)
    slices, rows, columns = np.moveaxis(np.empty(grid.shape), slice_axis, 0).shape
    assert all_of_it["noise"].shape == (slices, 2, rows, columns)
    volume = np.moveaxis(all_of_it["noise"], 0, 1 + slice_axis)
    assert np.array_equal(np.moveaxis(part["noise"], 0, 1 + slice_axis), volume[(slice(None), *box.slices)])
    assert np.array_equal(part["latents"], all_of_it["latents"])
    other = Draw(3, 2).arguments(sampler, grid, box, axes)
    assert not np.array_equal(other["noise"], part["noise"]) and not np.array_equal(other["latents"], part["latents"])
    assert not np.array_equal(Draw(4, 1).arguments(sampler, grid, box, axes)["noise"], part["noise"])


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 3.0), (3.0, 0.8, 0.8)])
def test_samples_agree_across_tilings_crops_and_repeats(sampler: LoadedModel, spacing: tuple) -> None:
    size = (150, 130, 3) if spacing[2] == 3.0 else (3, 150, 130)
    image, window = scan(size, spacing), sampler.card.window
    found = enhance(image, sampler, samples=2, seed=5, tile=1024)
    small = enhance(image, sampler, samples=2, seed=5, tile=96)
    assert small.provenance["parameters"]["tile"] == 96
    tolerance = 1e-5 * (window[1] - window[0])
    for one, other in zip(found.samples, small.samples, strict=True):
        assert np.abs(one.voxels - other.voxels).max() <= tolerance
    box = Box(tuple(n // 3 for n in size), tuple(max(n // 3 + 1, n // 2) for n in size))
    part = image.cut(grow_box(box, image.grid, (30, 30, 30)))
    of_whole = enhance(image, sampler, box=box, margin_mm=0, samples=2, seed=5)
    of_part = enhance(part, sampler, box=box_within(box, part.held), margin_mm=0, samples=2, seed=5)
    again = enhance(image, sampler, box=box, margin_mm=0, samples=2, seed=5)
    for n in range(2):
        assert np.array_equal(of_whole.samples[n].voxels, again.samples[n].voxels)
        assert np.abs(of_whole.samples[n].voxels - of_part.samples[n].voxels).max() <= tolerance
        assert of_whole.region == of_part.region
    other = enhance(image, sampler, box=box, margin_mm=0, samples=1, seed=6)
    assert np.abs(other.samples[0].voxels - of_whole.samples[0].voxels).max() > 1


def test_the_image_shown_is_the_mean_of_the_samples(sampler: LoadedModel, lesion: Lesion) -> None:
    image, mask = lesion
    image = image.with_voxels(image.voxels.astype(np.float32))
    found = enhance(image, sampler, mask=mask, margin_mm=4, seed=1)
    voxels = np.stack([sample.voxels for sample in found.samples])
    assert len(voxels) == 8 and found.sd is not None
    assert np.allclose(found.enhanced.voxels, voxels.mean(axis=0), atol=1e-3)
    assert np.allclose(found.sd.voxels, voxels.std(axis=0, ddof=1), atol=1e-3) and found.sd.voxels.max() > 1
    assert all(sample.grid == found.enhanced.grid for sample in (*found.samples, found.sd))
    described = found.provenance["samples"]
    assert (described["count"], described["seed"]) == (8, 1)
    assert 0 < described["texture_sd"]["share_left"] < 1 and described["texture_sd"]["where"] == "lesion"
    fewer = enhance(image, sampler, mask=mask, margin_mm=4, seed=1, samples=3)
    assert all(np.array_equal(a.voxels, b.voxels) for a, b in zip(fewer.samples, found.samples[:3], strict=True))
    single = enhance(image, sampler, mask=mask, margin_mm=4, seed=1, samples=1)
    assert single.sd is None and np.allclose(single.enhanced.voxels, voxels[0])


def test_every_sample_is_projected_where_the_measurement_is_exact(sampler: LoadedModel) -> None:
    found = enhance(scan((40, 36, 2)), sampler, blur=0, noise=0, samples=2)
    assert found.provenance["parameters"]["data_consistency"] == "exact projection"
    for sample in found.samples:
        assert np.abs(BlurDecimate(2).forward(sample.voxels) - found.original.voxels).max() < 1e-2
    assert found.residual["enhanced"]["largest"] < 1e-2


@pytest.mark.parametrize(("samples", "message"), [(2, "draws no samples"), (0, "from 1 to"), (65, "from 1 to")])
def test_a_model_that_draws_none_refuses(loaded: LoadedModel, lesion: Lesion, samples: int, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        enhance(lesion[0], loaded, samples=samples)


def test_one_sample_of_a_model_that_draws_none_changes_nothing(loaded: LoadedModel, lesion: Lesion) -> None:
    one, none = enhance(lesion[0], loaded, samples=1, seed=9), enhance(lesion[0], loaded)
    assert np.array_equal(one.enhanced.voxels, none.enhanced.voxels) and one.provenance == none.provenance
    assert one.samples == () and one.sd is None and "samples" not in one.provenance


@pytest.mark.parametrize("format", ["nrrd", "nii.gz", "mha"])
def test_a_saved_enhancement_comes_back_with_its_samples(
    sampler: LoadedModel, any_lesion: Lesion, tmp_path: Path, format: str
) -> None:
    image, mask = any_lesion
    found = enhance(image, sampler, mask=mask, margin_mm=2, samples=3)
    files = found.save(tmp_path, format, save_samples=True)
    back = load_enhancement(tmp_path)
    assert len(back.samples) == 3 and back.sd is not None and found.sd is not None
    for one, other in zip(found.samples, back.samples, strict=True):
        assert np.array_equal(one.voxels, other.voxels) and other.grid.matches(one.grid)
        assert other.held == one.held and other.unit == one.unit
    assert np.array_equal(back.sd.voxels, found.sd.voxels) and back.provenance == found.provenance
    possible = read_image(files["possible-image-02"], "CT")
    assert np.array_equal(possible.voxels, found.samples[1].voxels)
    found.save(tmp_path, format)
    assert not list(tmp_path.glob("possible-*")), "those of the earlier enhancement are gone"


def test_single_samples_of_a_model_without_are_refused(loaded: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="draws none"):
        enhance(lesion[0], loaded).save(tmp_path, save_samples=True)
    assert not list(tmp_path.iterdir())


def test_a_stack_of_other_images_is_refused(sampler: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    from SuperResRadiomicsLib.io.image_stack import read_stack, write_stack

    found = enhance(lesion[0], sampler, mask=lesion[1], samples=2)
    write_stack(found.samples, tmp_path / "two.nrrd")
    with pytest.raises(ImageError, match="belong there"):
        read_stack(tmp_path / "two.nrrd", found.enhanced, 3)
    (tmp_path / "none.nrrd").write_text("no image")
    with pytest.raises(ImageError, match="damaged"):
        read_stack(tmp_path / "none.nrrd", found.enhanced, 2)


def test_lesions_and_slabs_draw_the_same(sampler: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = scan((60, 56, 6))
    labels = np.zeros(image.voxels.shape, dtype=np.uint8)
    labels[1:4, 20:30, 22:33] = 1
    tolerance = 1e-5 * (sampler.card.window[1] - sampler.card.window[0])
    alone = enhance(image, sampler, mask=labels == 1, margin_mm=3, samples=2, seed=2)
    ((_, of_labels),) = enhance_lesions(image, labels, sampler, margin_mm=3, samples=2, seed=2)
    for one, other in zip(alone.samples, of_labels.samples, strict=True):
        assert np.abs(one.voxels - other.voxels).max() <= tolerance
    monkeypatch.setattr("SuperResRadiomicsLib.enhancement.whole.WHOLE_SLAB_VOXELS", 2 * 120 * 112)
    in_memory = enhance(image, sampler, samples=2, seed=2)
    in_files = enhance_whole(image, sampler, tmp_path, samples=2, seed=2)
    assert in_memory.sd is not None
    for name, expected in (("enhanced", in_memory.enhanced), ("sd", in_memory.sd)):
        found = read_image(in_files.files[name], "CT")
        assert found.grid.matches(crop_grid(in_memory.enhanced.whole_grid, in_memory.region))
        assert np.abs(found.voxels - expected.voxels).max() <= tolerance
    assert in_files.provenance["samples"]["seed"] == 2


def test_progress_counts_all_samples(sampler: LoadedModel, lesion: Lesion) -> None:
    calls: list[tuple[int, int]] = []
    enhance(lesion[0], sampler, samples=3, progress=lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == list(range(1, len(calls) + 1)) and calls[-1][0] == calls[-1][1]


def test_fine_slices_agree_across_tilings_crops_and_repeats(tiny_slice_sampler: Path) -> None:
    model, image = load_model(tiny_slice_sampler, "cpu"), scan((60, 64, 16))
    box = Box((24, 26, 6), (32, 36, 9))
    options = {"box": box, "margin_mm": 0, "slice_factor": 3, "samples": 2, "seed": 5}
    part, again = (enhance(image, model, **options) for _ in range(2))
    everything = enhance(image, model, slice_factor=3, samples=2, seed=5)
    tiled = enhance(image, model, slice_factor=3, samples=2, seed=5, tile=96)
    assert part.provenance["parameters"]["slices"]["planes_stacked_along"] == ["i"], "one side alone"
    for one, same, all_of_it, in_tiles in zip(
        part.samples, again.samples, everything.samples, tiled.samples, strict=True
    ):
        assert np.array_equal(one.voxels, same.voxels)
        assert np.allclose(one.voxels[1:-1, 1:-1, 1:-1],
                           all_of_it.voxels[part.region.slices][1:-1, 1:-1, 1:-1], atol=2e-3)  # fmt: skip
        assert np.allclose(in_tiles.voxels, all_of_it.voxels, atol=2e-3)
        assert np.allclose(SliceProfile(3).forward(all_of_it.voxels, 0), image.voxels, atol=2e-3)
    first, second = (sample.voxels for sample in everything.samples)
    assert np.abs(first - second).mean() > 1
    other = enhance(image, model, **options | {"seed": 6})
    assert np.abs(other.samples[0].voxels - part.samples[0].voxels).mean() > 1


def test_texture_goes_on_from_plane_to_plane_as_along_columns(tiny_slice_sampler: Path) -> None:
    """Noise is smoothed across the planes by so many millimetres, however far apart they lie."""
    model = load_model(tiny_slice_sampler, "cpu")
    likeness = {}
    for across in (0.8, 3.2):
        image = scan((48, 40, 6), (across, 0.8, 3.0))
        found = enhance(image, model, through_plane=2, slice_factor=3, samples=2)
        drawn = found.samples[0].voxels - found.samples[1].voxels
        drawn -= drawn.mean()
        likeness[across] = float((drawn[:, :, 1:] * drawn[:, :, :-1]).mean() / (drawn**2).mean())
    assert likeness[0.8] > 0.4 and abs(likeness[3.2]) < 0.15
    noise = connected_noise(Grid((30, 20, 20), (1.0, 1.0, 1.0)), 1, 0, 3, 0, 0.6)
    part = connected_noise(Grid((30, 20, 20), (1.0, 1.0, 1.0)), 1, 0, 3, 0, 0.6, Box((0, 3, 4), (9, 8, 12)))
    assert np.array_equal(part, noise[:, 4:12, 3:8, :9]) and noise.std(axis=(0, 1, 2)) == pytest.approx(1, abs=0.1)
