"""Training of a network that draws samples, from the first step to its model and its features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from SuperResRadiomicsLib.enhancement import LoadedModel, load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.models.intervals import read_calibrations
from SuperResRadiomicsLib.networks import build_network
from SuperResRadiomicsLib.operators import sample_latents, sample_noise
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.export import add_feature_results, export_run
from SuperResRadiomicsLib.training.lesion_features import evaluate_features, feature_lines
from SuperResRadiomicsLib.training.lesion_features.conditions import ScanCondition
from SuperResRadiomicsLib.training.lesion_features.lesions import Lesion
from SuperResRadiomicsLib.training.lesion_features.restore import Scan, sampler
from SuperResRadiomicsLib.training.patches import Batch
from SuperResRadiomicsLib.training.systems import GENERATOR, build_system
from SuperResRadiomicsLib.training.systems.sampling import Sampling
from SuperResRadiomicsLib.training.systems.system import TensorBatch
from SuperResRadiomicsLib.training.trainer import Trainer


@pytest.fixture
def sampling_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The tiny configuration, with samples."""
    return {
        **settings,
        "objective": "radiomics",
        "network": {
            "name": "gan-circle-sampler",
            "arguments": settings["network"]["arguments"] | {"head_width": 4},
        },
        "method": {"name": "sampling", "latents_from": 10},
        "optimiser": settings["optimiser"] | {"steps": 30},
        "evaluation": {"samples": 3, "feature_sets": {"made-up": {"include": ["*"], "slices": 3}}},
    }


def batch(step: int = 100) -> TensorBatch:
    """A clean patch and a noisy one."""
    torch.manual_seed(0)
    target = 0.3 + 0.02 * torch.rand(2, 1, 32, 32)
    coarse = functional.avg_pool2d(target, 2)
    seen = functional.interpolate(coarse, scale_factor=2, mode="bicubic")
    return TensorBatch(coarse, seen, target, torch.tensor([[0.0, 0.0], [0.0, 0.5]]), step)


@pytest.mark.parametrize(("modality", "unit", "brightest"), [("MR", "share", 2.0), ("US", "share", 1.0)])
def test_a_network_for_mr_learns_from_what_lies_above_its_window(
    sampling_settings: dict[str, Any], modality: str, unit: str, brightest: float
) -> None:
    """In use it sees rims and vessels above the 99.5 percentile, so it must have met them in training."""
    share = {"unit": unit, "window": [0.0, 1.0], "data": sampling_settings["data"] | {"modality": modality}}
    made = system(sampling_settings | share)
    values = np.linspace(-0.5, 3.0, 32 * 32, dtype=np.float32).reshape(1, 32, 32)
    seen = made.tensors(Batch(values[:, ::2, ::2], values, values, np.zeros((1, 2))), 0, torch.device("cpu"))
    for image in (seen.coarse, seen.interpolated, seen.target):
        assert image.min() == 0.0 and image.max() == brightest


def system(settings: dict[str, Any]) -> Sampling:
    """The training method with an untrained network whose head adds something."""
    made = build_system(TrainingConfig.model_validate(settings))
    assert isinstance(made, Sampling)
    torch.nn.init.normal_(made.networks[GENERATOR].texture.head[2].weight)
    return made


def test_samples_differ_and_agree_with_a_clean_measurement(sampling_settings: dict[str, Any]) -> None:
    first, second = system(sampling_settings).draw_two(batch())
    assert not torch.allclose(first, second)
    for sample in (first, second):
        missing = (functional.avg_pool2d(sample, 2) - batch().coarse).abs().amax(dim=(1, 2, 3))
        assert missing[0] < 1e-6 < missing[1], "the clean one, and only that"


def test_latents_wait_for_their_step(sampling_settings: dict[str, Any]) -> None:
    made = system(sampling_settings)
    seen: list[torch.Tensor] = []
    made.networks[GENERATOR].register_forward_pre_hook(lambda module, given: seen.append(given[3]))
    for step in (9, 10):
        made.draw_two(batch(step))
    assert not seen[0].any() and seen[1].all()
    assert len(seen[1]) == 4 and not torch.equal(seen[1][:2], seen[1][2:])


def test_losses_are_the_scores(sampling_settings: dict[str, Any]) -> None:
    made = system(sampling_settings)
    losses = made.losses(GENERATOR, batch())
    assert set(losses) == {"pixels", "local", "whole"}
    assert all(loss.requires_grad and torch.isfinite(loss) for loss in losses.values())
    made.draw_two = lambda given: (given.target, given.target)  # type: ignore[method-assign]
    assert all(abs(float(loss)) < 0.02 for loss in made.losses(GENERATOR, batch()).values())


def test_it_starts_from_the_generator_that_it_widens(
    sampling_settings: dict[str, Any], settings: dict[str, Any]
) -> None:
    torch.manual_seed(3)
    generator = build_network("gan-circle-generator", settings["network"]["arguments"])
    made = build_system(TrainingConfig.model_validate(sampling_settings))
    made.start_from(generator)
    own = made.networks[GENERATOR].state_dict()
    for name, weight in generator.state_dict().items():
        assert torch.equal(own[name][:, : weight.shape[1]] if weight.ndim > 1 else own[name], weight), name
    again = build_system(TrainingConfig.model_validate(sampling_settings))
    again.start_from(made.networks[GENERATOR])
    assert all(torch.equal(value, own[name]) for name, value in again.networks[GENERATOR].state_dict().items())


def test_a_network_that_gives_one_image_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="needs a network that draws samples.*gan-circle-sampler"):
        build_system(TrainingConfig.model_validate({**settings, "method": {"name": "sampling"}}))


@pytest.fixture
def model(sampling_settings: dict[str, Any], tmp_path: Path) -> tuple[TrainingConfig, LoadedModel]:
    """A short run, exported and loaded."""
    config = TrainingConfig.model_validate(sampling_settings)
    Trainer(config, tmp_path / "run").run()
    return config, load_model(export_run(tmp_path / "run", config, tmp_path / "models").folder, "cpu")


def test_tiles_crops_and_repeats_draw_the_same_sample(model: tuple[TrainingConfig, LoadedModel]) -> None:
    """What `enhance` needs: noise of a box, latents of the seed, and a network to which both are given."""
    _, loaded = model
    assert loaded.draws_samples and (loaded.noise_channels, loaded.latents) == (4, 4)
    grid = Grid((80, 90, 2), (0.7, 0.7, 3.0))
    slices = np.random.default_rng(0).random((2, 90, 80), dtype=np.float32)
    told, latents = {"blur_px": 0.4, "noise": 5.0}, sample_latents(7, 1, 4)

    def run(box: Box) -> np.ndarray:
        noise = sample_noise(grid, 7, 1, 4, box).swapaxes(0, 1)
        return loaded.run(slices[box.slices], told, noise=noise, latents=latents)

    whole = run(Box((0, 0, 0), (80, 90, 2)))
    assert np.array_equal(whole, run(Box((0, 0, 0), (80, 90, 2))))
    halo = loaded.halo or 0
    part = run(Box((10, 20, 1), (74, 86, 2)))
    assert np.abs(part - whole[1:, 20:86, 10:74])[:, halo:-halo, halo:-halo].max() < 1e-5
    another = loaded.run(
        slices, told, noise=sample_noise(grid, 7, 2, 4).swapaxes(0, 1), latents=sample_latents(7, 2, 4)
    )
    assert not np.allclose(another, whole)
    odd = loaded.run(slices[:, :89, :79], told, noise=sample_noise(grid, 7, 1, 4).swapaxes(0, 1)[:, :, :89, :79],
                     latents=latents)  # fmt: skip
    assert odd.shape == (2, 89, 79)
    with pytest.raises(SettingsError, match=r"draws samples: it needs noise of the shape \(2, 4, 90, 80\)"):
        loaded.run(slices, told)


def test_a_seed_of_its_own_draws_other_samples_of_the_same_scan(model: tuple[TrainingConfig, LoadedModel]) -> None:
    truth = np.random.default_rng(0).normal(40, 12, (1, 48, 48)).astype(np.float32)
    lesion = Lesion("a", "test", truth, np.ones(truth.shape, dtype=bool), slice(0, 1), (0.7, 0.7, 3.0))
    scan = Scan(lesion, truth.reshape(1, 24, 2, 24, 2).mean(axis=(2, 4)), ScanCondition("noisy", 0.4, 5.0), 7)
    drawn, again, other = (sampler(model[1], 2, seed)(scan) for seed in (None, 7, 8))
    assert all(np.array_equal(*pair) for pair in zip(drawn, again, strict=True))
    assert not any(np.allclose(*pair) for pair in zip(drawn, other, strict=True))


def test_features_of_samples_stand_beside_rivals_and_go_into_the_card(
    model: tuple[TrainingConfig, LoadedModel], tmp_path: Path
) -> None:
    config, loaded = model
    lines: list[str] = []
    arguments = (loaded, config, load_model, "test", ("clean", "0.8px-10HU"))
    found = evaluate_features(*arguments, store=tmp_path / "store", report=lines.append)
    assert lines == ["made-up, clean: done", "made-up, 0.8px-10HU: done"]
    measured = found["sets"]["made-up"]["clean"]["2D width 25"]
    assert {"bicubic", "wiener, told all", "bicubic + linear correction", "model"} <= set(measured["methods"])
    assert all(figures["features"] > 60 for figures in measured["methods"].values())
    assert sum(by["features"] for by in measured["against"]["bicubic"]["classes"].values()) > 60
    assert found["sets"]["made-up"]["clean"]["intervals"]["2D width 25"]["patients"] == 4
    again = evaluate_features(*arguments, store=tmp_path / "store")
    assert again == found, "measured or stored, the same numbers"
    text = "\n".join(feature_lines(found))
    assert "made-up, clean, 3D width 25" in text and "90% intervals" in text
    card = add_feature_results(loaded.card, found | {"command": "superres-train evaluate small --features"})
    assert card.results["lesion_features"]["sets"]["made-up"]["patients"]["test"] == ["T0", "T1", "T2"]
    page = (card.folder / "README.md").read_text()
    assert "superres-train evaluate small --features" in page and "0.8px-10HU" in page
    kept = card.metadata["uncertainty"]["sets"]["made-up"]
    assert kept["patients"] == 4 and set(kept["coverage"]) == {"clean", "0.8px-10HU"}
    first = read_calibrations(card, "features")[0]
    assert first.conditions["bin_width"] == 25.0 and first.conditions["samples"] == 3
    assert first.spacing_mm == (1.6, 1.6), "that of what was enhanced"
    assert first.factor("original_glcm_Contrast") == first.factors["glcm"] > 0
    assert "Of voxels in lesions they hold" in page
    again = export_run(card.folder.parent.parent / "run", config, card.folder.parent, overwrite=True)
    assert again.metadata["uncertainty"] is None and not read_calibrations(again, "features")


def test_mistakes_with_features_are_refused(model: tuple[TrainingConfig, LoadedModel]) -> None:
    config, loaded = model
    with pytest.raises(SettingsError, match="no scan condition 'foggy'"):
        evaluate_features(loaded, config, load_model, "test", ("foggy",))
    with pytest.raises(SettingsError, match="role is 'train'"):
        evaluate_features(loaded, config, load_model, "train")
    bare = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"feature_sets": {}})})
    with pytest.raises(SettingsError, match=r"names no evaluation\.feature_sets"):
        evaluate_features(loaded, bare, load_model)
