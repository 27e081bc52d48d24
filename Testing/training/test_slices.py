"""Networks that refine thick slices: their pairs, their training, and the model that comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from SuperResRadiomicsLib.enhancement import enhance, load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid, interpolate_bicubic
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.operators import SliceProfile
from SuperResRadiomicsLib.stability import concordance
from SuperResRadiomicsLib.training.config import DegradationConfig, TrainingConfig
from SuperResRadiomicsLib.training.evaluation import evaluate_slices
from SuperResRadiomicsLib.training.evaluation.cases import load_cases
from SuperResRadiomicsLib.training.evaluation.features import lesion_features
from SuperResRadiomicsLib.training.evaluation.slices import restore_slices
from SuperResRadiomicsLib.training.export import add_results, export_run
from SuperResRadiomicsLib.training.slice_degradation import SliceDegradation, ThickSlices
from SuperResRadiomicsLib.training.slice_pairs import SlicePairSampler
from SuperResRadiomicsLib.training.trainer import Trainer
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack


@pytest.fixture
def slices(settings: dict[str, Any]) -> dict[str, Any]:
    """The small configuration, for thick slices."""
    settings |= {"task": "through-plane", "degradation": {"factor": 1, "sampling": "through-plane"}}
    settings["network"]["arguments"]["conditions"] = 3
    return settings


def sampler_of(content: dict[str, Any]) -> SlicePairSampler:
    config = TrainingConfig.model_validate(content)
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    return SlicePairSampler(stacks, config.data, config.degradation)


def test_rows_become_slices_and_columns_stay(slices: dict[str, Any]) -> None:
    slices["degradation"] |= {"both_clean_fraction": 1.0, "slices": {"factors": [4]}}
    batch = sampler_of(slices).batch(16, 0, 0)
    assert batch.target.shape == batch.interpolated.shape == (16, 24, 24)
    assert batch.conditions.tolist() == [[4.0, 1.0, 0.0]] * 16
    lost = np.abs(np.diff(batch.target, axis=1)).mean() / np.abs(np.diff(batch.interpolated, axis=1)).mean()
    kept = np.abs(np.diff(batch.target, axis=2)).mean() / np.abs(np.diff(batch.interpolated, axis=2)).mean()
    assert lost > 1.5 > 1.35 > kept
    # Smooth along the rows, a pair would show any shift.
    shift = [np.abs(np.roll(batch.target, by, 1) - batch.interpolated)[:, 4:-4].mean() for by in (-1, 0, 1)]
    assert int(np.argmin(shift)) == 1


def test_every_kind_is_drawn_and_only_plain_means_are_called_clean() -> None:
    settings = DegradationConfig(factor=1, sampling="through-plane", correlated_fraction=0.5)
    degradation, rng = SliceDegradation(settings), np.random.default_rng(0)
    fine = rng.normal(0, 100, (60, 20)).astype(np.float32)
    drawn = [degradation.draw(fine, rng) for _ in range(300)]
    assert {each.slices.factor for each in drawn} == {2, 3, 4, 5, 6}
    assert all(each.target.shape[0] % each.slices.factor == 0 for each in drawn)
    clean = [each for each in drawn if each.slices.conditions[1:] == (1.0, 0.0)]
    assert 60 < len(clean) < 200
    for each in clean:
        coarse = SliceProfile(each.slices.factor).forward(each.target)
        assert np.allclose(each.interpolated, interpolate_bicubic(coarse, each.target.shape), atol=1e-3)
    others = [each.slices for each in drawn if each.slices.conditions[1:] != (1.0, 0.0)]
    assert {each.shape for each in others} == {"box", "gaussian"}
    assert min(each.thickness for each in others) < 0.7 and max(each.thickness for each in others) > 1.3


def test_noise_is_independent_between_slices_and_correlated_within() -> None:
    settings = DegradationConfig(
        factor=1, sampling="through-plane", correlated_fraction=1.0, correlation_px=(0.8, 0.8), clean_fraction=0.0
    )
    noise = SliceDegradation(settings).apply(
        np.zeros((600, 200), np.float32), ThickSlices(3, noise=10.0), np.random.default_rng(0)
    )
    assert noise.std() == pytest.approx(10, rel=0.03)
    across, within = (np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in
                      ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1])))  # fmt: skip
    assert abs(across) < 0.02 and within == pytest.approx(np.exp(-1 / (4 * 0.8**2)), abs=0.03)


def test_a_run_becomes_a_model_that_refines_slices(slices: dict[str, Any], tmp_path: Path) -> None:
    slices["optimiser"]["steps"] = 4
    slices["run"] |= {"validate_every": 4, "checkpoint_every": 4}
    config = TrainingConfig.model_validate(slices)
    Trainer(config, tmp_path / "run").run()
    log = (tmp_path / "run" / "log.csv").read_text()
    assert "validation/x3-box1-noise0/psnr_bspline" in log and "validation/x4-gaussian1.2-noise10/gain" in log
    model = load_model(export_run(tmp_path / "run", config, tmp_path / "models").folder, "cpu")
    assert model.card.refines_slices and model.card.slice_factors == (2, 3, 4, 5, 6) and model.card.scale == 1
    assert [condition.name for condition in model.card.conditions] == ["factor", "thickness", "noise"]
    image = Image(np.full((4, 20, 21), 50, dtype=np.int16), Grid((21, 20, 4), (0.8, 0.8, 2.4)), "CT", "HU")
    assert enhance(image, model).enhanced.grid.size == (21, 20, 12)


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("task", "denoise", "go together"),
        ("degradation", {"factor": 2, "sampling": "through-plane"}, "must be"),
        ("degradation", {"factor": 1, "sampling": "through-plane", "slices": {"factors": [9]}}, "less than or equal"),
        ("data", {"patch": 24, "context": 4}, "data.context"),
    ],
)
def test_what_does_not_fit_is_refused(slices: dict[str, Any], section: str, change: Any, words: str) -> None:
    slices[section] = change
    with pytest.raises((ValueError, SettingsError), match=words):
        TrainingConfig.model_validate(slices)


def test_held_out_figures_stand_beside_interpolation_and_on_the_page(slices: dict[str, Any], tmp_path: Path) -> None:
    slices["optimiser"]["steps"] = 2
    slices["run"] |= {"validate_every": 2, "checkpoint_every": 2}
    slices["degradation"]["slices"] = {"factors": [3]}
    config = TrainingConfig.model_validate(slices)
    Trainer(config, tmp_path / "run").run()
    card = export_run(tmp_path / "run", config, tmp_path / "models")
    entries = list_volumes(config.data, 0)
    results = evaluate_slices(load_model(card.folder, "cpu"), config, entries)
    clean = results["degradations"]["x3-box1-noise0"]
    assert list(clean["patients"]) == ["T0", "T1", "T2"]
    assert {row["axis"] for row in clean["volumes"]} == {"i"}
    assert set(clean["faithful_features"]) == {"linear", "bicubic", "bspline", "network"}
    row = clean["volumes"][0]
    (entry,) = [each for each in entries if each.path == row["path"]]
    voxels = load_stack(entry, config.data).slices[:, :, :51].astype(np.float64)
    bicubic = interpolate_bicubic(voxels.reshape(3, 48, 17, 3).mean(axis=3), voxels.shape)
    body = voxels > -500
    error = np.mean((bicubic.clip(-1024, 2048) - voxels.clip(-1024, 2048))[body] ** 2)
    assert row["psnr_bicubic"] == pytest.approx(10 * np.log10(3072**2 / error), abs=1e-3)
    assert row["edge_mm_truth"] <= row["edge_mm_bspline"] <= row["edge_mm_linear"]
    noisy = results["degradations"]["x3-gaussian1.2-noise10"]
    assert noisy["mean"]["psnr_bicubic"] < clean["mean"]["psnr_bicubic"]
    updated = add_results(card, results | {"command": "superres-train evaluate small"})
    page = (updated.folder / "README.md").read_text()
    assert "3 times as many slices" in page and "B-spline" in page


def test_mr_is_told_noise_in_shares_and_sees_above_its_window(slices: dict[str, Any], tmp_path: Path) -> None:
    """In the voxels' own unit the noise would lie far outside what the network was trained for."""
    slices["data"] |= {"modality": "MR", "air_below": 0.0}
    slices["degradation"] |= {"noise": [0.0, 0.1], "slices": {"factors": [3]}}
    slices |= {"window": [0, 1], "unit": "share", "evaluation": {"features": False}}
    slices["optimiser"]["steps"] = 2
    slices["run"] |= {"validate_every": 2, "checkpoint_every": 2}
    config = TrainingConfig.model_validate(slices)
    trainer = Trainer(config, tmp_path / "run")
    trainer.run()
    batch = sampler_of(slices).batch(8, 0, 0)
    seen = trainer.system.tensors(batch, 0, torch.device("cpu"))
    assert seen.target.max() == pytest.approx(float(batch.target.max())) and batch.target.max() > 1.05
    card = export_run(tmp_path / "run", config, tmp_path / "models")
    results = evaluate_slices(load_model(card.folder, "cpu"), config, list_volumes(config.data, 0))
    clean, noisy = results["degradations"].values()
    assert noisy["noise"] == 0.05 and noisy["mean"]["psnr_network"] < clean["mean"]["psnr_network"]


def test_samples_are_judged_by_the_mean_of_their_features_beside_a_rival(
    slices: dict[str, Any], tiny_slices: Path, tiny_slice_sampler: Path
) -> None:
    slices["degradation"] |= {"slices": {"factors": [3]}}
    slices["evaluation"] = {"samples": 2}
    config = TrainingConfig.model_validate(slices)
    model, rival = load_model(tiny_slice_sampler, "cpu"), load_model(tiny_slices, "cpu")
    entries = list_volumes(config.data, 0)
    clean, noisy = evaluate_slices(model, config, entries, rivals=[rival])["degradations"].values()
    assert set(clean["faithful_features"]) == {"linear", "bicubic", "bspline", "tiny-slices", "network"}
    assert "psnr_tiny-slices, told no noise" in noisy["mean"] and clean["intervals"]["samples"] == 2
    assert 0 <= clean["intervals"]["raw"]["coverage"] <= 1
    key, kind, true, found = "original_glcm_Contrast", ThickSlices(3), [], []
    for case in load_cases(config, entries, "test"):
        whole = replace(case, volume=case.volume.trimmed(3))
        _, samples = restore_slices(whole, 0, kind, model, [], config)
        table = lesion_features(whole, dict(zip("ab", samples, strict=True)))
        true.append(table["truth"][key])
        found.append((table["a"][key] + table["b"][key]) / 2)
    expected = concordance(np.array(true), np.array(found))
    assert clean["features"]["by_feature"][key]["network"]["concordance"] == pytest.approx(expected, abs=1e-5)
