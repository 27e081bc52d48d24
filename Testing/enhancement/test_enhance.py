"""The enhancement keeps its promises about geometry, bits, tiles and provenance."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from SuperResRadiomicsLib.enhancement import (
    LoadedModel,
    available_devices,
    enhance,
    load_enhancement,
    load_model,
    paste,
)
from SuperResRadiomicsLib.errors import (
    Cancelled,
    DeviceError,
    ImageError,
    MaskError,
    ModelError,
    OutputError,
    RegionError,
    SettingsError,
)
from SuperResRadiomicsLib.grid import Box, Grid, crop_grid, field_of_view, interpolate_bicubic
from SuperResRadiomicsLib.io.image import Image, cast_like
from SuperResRadiomicsLib.operators import BlurDecimate

Lesion = tuple[Image, np.ndarray]


def test_outputs_lie_on_the_refined_grid(loaded: LoadedModel, any_lesion: Lesion) -> None:
    image, mask = any_lesion
    outcome = enhance(image, loaded, mask=mask, margin_mm=3)
    refined = outcome.enhanced.whole_grid
    assert np.abs(field_of_view(refined) - field_of_view(image.grid)).max() < 1e-9
    assert outcome.enhanced.grid.matches(crop_grid(refined, outcome.region))
    assert outcome.enhanced.grid == outcome.bicubic.grid
    assert outcome.mask is not None and outcome.mask.shape == outcome.enhanced.voxels.shape
    assert sorted(np.divide(refined.size, image.grid.size)) == [1, 2, 2]
    assert outcome.enhanced.voxels.dtype == image.voxels.dtype


def test_bicubic_twin_is_the_interpolated_image(loaded: LoadedModel, any_lesion: Lesion) -> None:
    image, _ = any_lesion
    outcome = enhance(image, loaded)
    expected = interpolate_bicubic(image.voxels, outcome.bicubic.voxels.shape)
    assert np.array_equal(outcome.bicubic.voxels, cast_like(expected, image.voxels.dtype))


def test_outside_the_region_every_bit_is_the_twins(loaded: LoadedModel, any_lesion: Lesion) -> None:
    image, mask = any_lesion
    outcome = enhance(image, loaded, mask=mask, margin_mm=2)
    pasted, twin = paste(outcome, image), enhance(image, loaded).bicubic
    assert pasted.grid == twin.grid and pasted.cut_from is None
    outside = np.ones(pasted.voxels.shape, dtype=bool)
    outside[outcome.region.slices] = False
    assert np.array_equal(pasted.voxels[outside], twin.voxels[outside])
    assert np.array_equal(pasted.voxels[outcome.region.slices], outcome.enhanced.voxels)
    assert not np.array_equal(outcome.enhanced.voxels, outcome.bicubic.voxels)


def test_inputs_are_not_changed(loaded: LoadedModel, lesion: Lesion) -> None:
    image, mask = lesion
    voxels, before = image.voxels.copy(), mask.copy()
    enhance(image, loaded, mask=mask)
    assert np.array_equal(image.voxels, voxels) and np.array_equal(mask, before)


@pytest.mark.parametrize("size", [(150, 131, 2), (97, 160, 1)])
def test_tiles_give_what_the_whole_slice_gives(full_size_model: LoadedModel, size: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    image = Image(random.normal(0, 200, size[::-1]).astype(np.float32), Grid(size, (0.8, 0.8, 3.0)), "CT")
    tiled, whole = enhance(image, full_size_model, tile=128), enhance(image, full_size_model, tile=1024)
    window = full_size_model.card.window[1] - full_size_model.card.window[0]
    assert np.abs(tiled.enhanced.voxels - whole.enhanced.voxels).max() < 1e-5 * window


def test_a_region_gets_what_the_whole_volume_gets(full_size_model: LoadedModel) -> None:
    random = np.random.default_rng(0)
    image = Image(random.normal(0, 200, (4, 90, 84)).astype(np.float32), Grid((84, 90, 4), (0.8, 0.8, 3.0)), "CT")
    part = enhance(image, full_size_model, box=Box((31, 20, 1), (60, 57, 3)), margin_mm=0)
    whole = enhance(image, full_size_model)
    window = full_size_model.card.window[1] - full_size_model.card.window[0]
    inside = part.region.slices
    assert np.abs(part.enhanced.voxels - whole.enhanced.voxels[inside]).max() < 1e-5 * window


def test_an_impulse_stays_centred_through_an_identity_network(identity_model: LoadedModel) -> None:
    grid = Grid((33, 31, 5), (0.7, 0.7, 4.0), (5.0, 6.0, 7.0))
    voxels = np.zeros(grid.shape, dtype=np.float32)
    voxels[2, 14, 17] = 900.0
    outcome = enhance(Image(voxels, grid, "CT"), identity_model, blur=0.5, noise=0)
    k, j, i = np.indices(outcome.enhanced.voxels.shape)
    weight = outcome.enhanced.voxels / outcome.enhanced.voxels.sum()
    centre = outcome.enhanced.grid.index_to_world([(axis * weight).sum() for axis in (i, j, k)])
    assert np.allclose(centre, grid.index_to_world([17, 14, 2]), atol=1e-4)
    # Values at the ends of the window blend towards the twin: with an identity they are the twin.
    assert np.allclose(outcome.enhanced.voxels, outcome.bicubic.voxels, atol=1e-3)


def test_without_blur_and_noise_the_result_averages_to_the_measurement(loaded: LoadedModel) -> None:
    random = np.random.default_rng(0)
    image = Image(random.normal(0, 100, (2, 40, 44)).astype(np.float32), Grid((44, 40, 2), (0.8, 0.8, 3.0)), "CT")
    outcome = enhance(image, loaded, blur=0, noise=0)
    assert np.abs(BlurDecimate(2).forward(outcome.enhanced.voxels) - image.voxels).max() < 1e-2
    assert outcome.residual["enhanced"]["root_mean_square"] < 1e-2 < outcome.residual["bicubic"]["root_mean_square"]
    assert outcome.provenance["parameters"]["data_consistency"] == "exact projection"


def test_residual_is_the_distance_of_the_degraded_output(loaded: LoadedModel, lesion: Lesion) -> None:
    image, _ = lesion
    outcome = enhance(image, loaded, blur=0, noise=5)
    difference = image.voxels - BlurDecimate(2).forward(outcome.bicubic.voxels.astype(np.float32))
    assert outcome.residual["bicubic"]["root_mean_square"] == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-4)
    assert outcome.residual["bicubic"]["largest"] == pytest.approx(np.abs(difference).max(), rel=1e-4)
    assert outcome.provenance["parameters"]["data_consistency"] == "reported only"


def test_conditions_change_the_result_and_are_recorded(loaded: LoadedModel, lesion: Lesion) -> None:
    image, mask = lesion
    weak, strong = (enhance(image, loaded, mask=mask, blur=0.5, noise=noise) for noise in (1, 30))
    assert not np.array_equal(weak.enhanced.voxels, strong.enhanced.voxels)
    assert strong.provenance["parameters"]["conditions"] == {"blur_px": 0.5, "noise": 30}
    default = enhance(image, loaded, mask=mask)
    assert default.provenance["parameters"]["conditions"] == {"blur_px": 0.6, "noise": 10.0}
    with pytest.raises(SettingsError, match="trained for 0 to 30"):
        enhance(image, loaded, noise=31)


def test_image_smaller_than_a_tile_and_of_one_voxel(loaded: LoadedModel) -> None:
    for size in ((3, 5, 1), (1, 1, 1)):
        image = Image(np.full(size[::-1], 40, dtype=np.int16), Grid(size, (0.8, 0.8, 3.0)), "CT")
        assert enhance(image, loaded).enhanced.grid.size == (2 * size[0], 2 * size[1], size[2])


def test_bf16_is_near_fp32(tiny_model: Path, lesion: Lesion) -> None:
    image, mask = lesion
    exact, fast = (enhance(image, tiny_model, mask=mask, device="cpu", precision=p) for p in ("fp32", "bf16"))
    assert np.abs(exact.enhanced.voxels.astype(int) - fast.enhanced.voxels).max() < 20
    assert fast.provenance["precision"] == "bf16"


def test_progress_counts_to_the_end(loaded: LoadedModel, lesion: Lesion) -> None:
    calls: list[tuple[int, int]] = []
    enhance(lesion[0], loaded, tile=96, progress=lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == list(range(1, calls[-1][1] + 1)) and len(calls) > 1


def test_cancellation_between_tiles(loaded: LoadedModel, lesion: Lesion) -> None:
    done = 0

    def count(*_: int) -> None:
        nonlocal done
        done += 1

    with pytest.raises(Cancelled):
        enhance(lesion[0], loaded, tile=96, progress=count, cancelled=lambda: done >= 2)
    assert done == 2


def test_saved_folder_reads_back(loaded: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    image, mask = replace(lesion[0], windows=((-160.0, 240.0), (-1350.0, 150.0))), lesion[1]
    outcome = enhance(image, loaded, mask=mask, margin_mm=4)
    files = outcome.save(tmp_path / "out")
    assert {name: path.name for name, path in files.items()} == {
        "enhanced": "enhanced.nrrd", "bicubic": "bicubic.nrrd", "original": "original.nrrd", "mask": "mask.nrrd",
        "original_mask": "original_mask.nrrd", "provenance": "provenance.json",
    }  # fmt: skip
    again = load_enhancement(tmp_path / "out")
    for name in ("enhanced", "bicubic", "original"):
        assert np.array_equal(getattr(again, name).voxels, getattr(outcome, name).voxels)
        assert getattr(again, name).grid.matches(getattr(outcome, name).grid)
        assert getattr(again, name).held == getattr(outcome, name).held
        assert getattr(again, name).whole == getattr(outcome, name).whole
        assert getattr(again, name).windows == getattr(outcome, name).windows == image.windows
    assert np.array_equal(again.mask, outcome.mask) and np.array_equal(again.original_mask, outcome.original_mask)
    assert again.region == outcome.region and again.provenance == json.loads(json.dumps(outcome.provenance))


def test_a_folder_of_the_version_before_is_refused(loaded: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    outcome = enhance(lesion[0], loaded, mask=lesion[1])
    outcome.provenance["schema_version"] = 1
    outcome.save(tmp_path)
    with pytest.raises(ImageError, match=r"version 1; this software reads version 2. Run the enhancement again"):
        load_enhancement(tmp_path)


def test_a_folder_whose_images_lie_elsewhere_is_refused(loaded: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    outcome = enhance(lesion[0], loaded, mask=lesion[1], margin_mm=0)
    outcome.provenance["grid"]["origin_mm"][0] += 0.2
    outcome.save(tmp_path)
    with pytest.raises(ImageError, match="does not lie where"):
        load_enhancement(tmp_path)


def test_saving_that_fails_leaves_nothing(loaded: LoadedModel, lesion: Lesion, tmp_path: Path) -> None:
    outcome = enhance(lesion[0], loaded, mask=lesion[1])
    (tmp_path / "mask.nrrd").mkdir()
    with pytest.raises(OutputError):
        outcome.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mask.nrrd"]
    with pytest.raises(OutputError, match="format 'dcm'"):
        outcome.save(tmp_path, "dcm")


def test_provenance_names_everything_and_no_patient(loaded: LoadedModel, lesion: Lesion) -> None:
    image, mask = lesion
    coarse = Grid(image.grid.size, (3.0, 3.0, 20.0))
    for secret in (
        Image(image.voxels, image.grid, "CT", "HU", "DOE^JANE"),
        Image(image.voxels, coarse, "unknown", "arbitrary", "DOE^JANE"),  # draws every warning
    ):
        provenance = enhance(secret, loaded, mask=mask).provenance
        text = json.dumps(provenance)
        assert "DOE" not in text and "/" not in text
    assert len(provenance["warnings"]) == 2
    provenance = enhance(image, loaded, mask=mask).provenance
    assert provenance["schema_version"] == 2 and provenance["notice"].startswith("Not for clinical use")
    assert provenance["model"]["sha256"] == loaded.card.sha256
    assert provenance["parameters"]["through_plane_axis"] == "k"
    assert provenance["mask"]["volume_change"] == pytest.approx(0)


def test_through_plane_axis_can_be_chosen(loaded: LoadedModel, lesion: Lesion) -> None:
    image, _ = lesion
    outcome = enhance(image, loaded, through_plane=0)
    assert outcome.enhanced.grid.size == (image.grid.size[0], 2 * image.grid.size[1], 2 * image.grid.size[2])
    assert outcome.provenance["parameters"]["through_plane_axis"] == "i"


def test_spacing_outside_the_card_is_a_recorded_warning(loaded: LoadedModel) -> None:
    image = Image(np.zeros((2, 20, 20), dtype=np.int16), Grid((20, 20, 2), (3.0, 3.0, 5.0)), "CT")
    outcome = enhance(image, loaded)
    assert "3 x 3 mm is outside the 0.5 to 1.2 mm" in outcome.warnings[0]
    assert outcome.provenance["warnings"] == list(outcome.warnings)


def test_unknown_modality_is_a_warning_and_another_one_an_error(loaded: LoadedModel, lesion: Lesion) -> None:
    image, _ = lesion
    outcome = enhance(Image(image.voxels, image.grid), loaded)
    assert "taken for CT" in outcome.warnings[0]
    with pytest.raises(ImageError, match="is MR, the model 'tiny' is for CT"):
        enhance(Image(image.voxels, image.grid, "MR"), loaded)


def test_masks_and_boxes_that_do_not_fit(loaded: LoadedModel, lesion: Lesion) -> None:
    image, mask = lesion
    with pytest.raises(MaskError, match="empty"):
        enhance(image, loaded, mask=np.zeros_like(mask))
    with pytest.raises(MaskError, match="shape"):
        enhance(image, loaded, mask=mask[1:])
    with pytest.raises(RegionError, match="outside the image"):
        enhance(image, loaded, box=Box((0, 0, 0), (5, 5, 999)))
    with pytest.raises(RegionError, match="one of them"):
        enhance(image, loaded, mask=mask, box=Box((0, 0, 0), (5, 5, 5)))


def test_devices(tiny_model: Path) -> None:
    assert available_devices()[-1] == "cpu"
    with pytest.raises(DeviceError, match="Available: auto, .*cpu"):
        load_model(tiny_model, "cuda:7")
    with pytest.raises(DeviceError, match="fp16 needs a GPU"):
        load_model(tiny_model, "cpu", "fp16")
    with pytest.raises(DeviceError, match="precision 'int8'"):
        load_model(tiny_model, "cpu", "int8")


def test_a_device_without_memory_left_is_explained(
    loaded: LoadedModel, lesion: Lesion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loaded.network, "forward", fail)
    with pytest.raises(DeviceError, match="too little free memory.*Close other programs"):
        enhance(lesion[0], loaded)


def test_folder_that_is_no_enhancement(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no provenance.json"):
        load_enhancement(tmp_path)


def test_missing_model() -> None:
    with pytest.raises(ModelError, match="Known models"):
        load_model("nonesuch")


def test_networks_without_a_finite_receptive_field_run_whole(
    loaded: LoadedModel, lesion: Lesion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from SuperResRadiomicsLib.networks import registry

    name = loaded.card.architecture["name"]
    architecture = registry._ARCHITECTURES[name]
    changed = registry.Architecture(architecture.module, architecture.class_name, finite_receptive_field=False)
    monkeypatch.setitem(registry._ARCHITECTURES, name, changed)
    calls: list[int] = []
    outcome = enhance(lesion[0], loaded, tile=96, progress=lambda done, total: calls.append(total))
    assert outcome.provenance["parameters"]["halo"] is None and calls


def test_scale_of_the_card_is_the_scale_of_the_grid(changed_model: Callable[..., LoadedModel], lesion: Lesion) -> None:
    outcome = enhance(lesion[0], changed_model(scale=3), mask=lesion[1])
    assert outcome.enhanced.whole_grid.size == (144, 120, 7)
