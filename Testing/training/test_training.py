"""A run learns, stops, goes on where it stopped, and becomes a model."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from SuperResRadiomicsLib.enhancement import enhance, load_model
from SuperResRadiomicsLib.errors import OutputError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.training.config import TrainingConfig, read_config
from SuperResRadiomicsLib.training.evaluation import evaluate_enhancement
from SuperResRadiomicsLib.training.export import add_results, export_run
from SuperResRadiomicsLib.training.patches import PatchSampler
from SuperResRadiomicsLib.training.schedule import rate_factor
from SuperResRadiomicsLib.training.trainer import Trainer, load_checkpoint
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack
from Testing.training.tiny import TINY_NETWORKS

REPOSITORY = Path(__file__).resolve().parents[2]


def _log(folder: Path) -> dict[str, list[tuple[int, float]]]:
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {row["name"] for row in rows}
    return {n: [(int(r["step"]), float(r["value"])) for r in rows if r["name"] == n] for n in names}


@pytest.fixture
def trained(config_file: Path, tmp_path: Path) -> tuple[TrainingConfig, Path]:
    """A finished run."""
    config = read_config(config_file)
    Trainer(config, tmp_path / "run").run()
    return config, tmp_path / "run"


def test_loss_falls_and_everything_is_logged(trained: tuple[TrainingConfig, Path]) -> None:
    _, folder = trained
    log = _log(folder)
    losses = [value for _, value in log["loss"]]
    assert losses[-1] < 0.8 * losses[0]
    for key in ("psnr_network", "psnr_bicubic", "psnr_bspline", "ssim_network", "ssim_bicubic", "ssim_bspline", "gain"):
        assert [step for step, _ in log[f"validation/blur0px-noise0/{key}"]] == [30, 60]
    assert list((folder / "tensorboard").glob("events.*"))


def test_a_run_stopped_and_resumed_equals_one_that_was_not(
    trained: tuple[TrainingConfig, Path], tmp_path: Path
) -> None:
    config, folder = trained
    short = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"steps": 60})})
    Trainer(short, tmp_path / "other").run(max_minutes=0)
    assert load_checkpoint(tmp_path / "other")["step"] == 1
    Trainer(short, tmp_path / "other").run()
    whole, resumed = load_checkpoint(folder), load_checkpoint(tmp_path / "other")
    for name, value in whole["average"].items():
        assert torch.allclose(value, resumed["average"][name], atol=1e-6), name


@pytest.fixture
def long_run(settings: dict[str, Any], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real process that trains without end into ``run`` and has written a checkpoint."""
    settings["optimiser"]["steps"] = 100_000
    settings["run"] |= {"checkpoint_every": 1, "validate_every": 100_000}
    (tmp_path / "long.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-c", "from SuperResRadiomicsLib.training.command import main; main()"]
    process = subprocess.Popen(
        [*command, "run", str(tmp_path / "long.yaml"), "--out", str(tmp_path / "run")],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "checkpoint.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_killed_run_goes_on_from_its_checkpoint(long_run: subprocess.Popen[bytes], tmp_path: Path) -> None:
    long_run.send_signal(signal.SIGKILL)
    long_run.wait()
    step = load_checkpoint(tmp_path / "run")["step"]
    trainer = Trainer(read_config(tmp_path / "long.yaml"), tmp_path / "run")
    trainer.run(max_minutes=0)
    assert trainer.step == step + 1


def test_ctrl_c_ends_with_130_and_leaves_a_whole_checkpoint(long_run: subprocess.Popen[bytes], tmp_path: Path) -> None:
    long_run.send_signal(signal.SIGINT)
    _, errors = long_run.communicate(timeout=60)
    assert long_run.returncode == 130, errors.decode()
    assert load_checkpoint(tmp_path / "run")["step"] >= 1
    assert not list((tmp_path / "run").glob(".writing-*"))


def test_a_run_of_another_network_is_not_overwritten(
    trained: tuple[TrainingConfig, Path], settings: dict[str, Any], tmp_path: Path
) -> None:
    _, folder = trained
    settings["network"]["arguments"]["widths"] = [6, 4]
    with pytest.raises(OutputError, match="another network"):
        Trainer(TrainingConfig.model_validate(settings), folder).run()


def test_export_evaluate_and_use(trained: tuple[TrainingConfig, Path], tmp_path: Path) -> None:
    config, folder = trained
    card = export_run(folder, config, tmp_path / "models")
    assert card.name == "small" and not card.adversarial and card.training_data[0]["licence"] == "Apache-2.0"
    model = load_model(card.folder, "cpu")
    entries = list_volumes(config.data, config.run.seed)
    results = evaluate_enhancement(model, config, entries)
    clean = results["degradations"]["blur0px-noise0"]
    assert sorted(clean["patients"]) == ["T0", "T1", "T2"], "only test patients are judged"
    figures = clean["patients"]["T0"]
    expected = figures["psnr_network"] - max(figures["psnr_bicubic"], figures["psnr_bspline"])
    assert figures["gain_db"] == pytest.approx(expected)
    for method in ("bicubic", "bspline", "network", "bicubic+noise"):
        agreement = clean["features"][method]["texture"]
        assert agreement["features"] > 50
        assert agreement["lowest_concordance_leaving_one_out"] <= agreement["highest_concordance_leaving_one_out"]
    updated = add_results(card, {**results, "command": "superres-train evaluate small"})
    assert updated.sha256 == card.sha256
    page = (card.folder / "README.md").read_text()
    assert "| T0 |" in page and "Not for clinical use" in page and "superres-train evaluate small" in page
    assert json.loads((card.folder / "results.json").read_text())["seed"] == config.run.seed


PAIRED = ("edsr", "carn", "srresnet", "espcn", "emasrn", "unet", "dncnn", "pix2pix-unet")


@pytest.mark.parametrize("name", PAIRED)
def test_every_architecture_trains_exports_and_enhances(settings: dict[str, Any], tmp_path: Path, name: str) -> None:
    settings["network"] = {"name": name, "arguments": TINY_NETWORKS[name]}
    settings["optimiser"]["steps"] = 2
    settings["run"] |= {"validate_every": 2, "checkpoint_every": 2}
    config = TrainingConfig.model_validate(settings)
    Trainer(config, tmp_path / "run").run()
    model = load_model(export_run(tmp_path / "run", config, tmp_path / "models").folder, "cpu")
    image = Image(np.full((2, 21, 30), 50, dtype=np.int16), Grid((30, 21, 2), (0.8, 0.8, 3.0)), "CT")
    assert enhance(image, model).enhanced.grid.size == (60, 42, 2)


def test_patches_repeat_and_differ(settings: dict[str, Any]) -> None:
    config = TrainingConfig.model_validate(settings)
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    sampler = PatchSampler(stacks, config.data, config.degradation)
    first, again, next_ = sampler.batch(8, 1, 5), sampler.batch(8, 1, 5), sampler.batch(8, 1, 6)
    assert np.array_equal(first.interpolated, again.interpolated) and np.array_equal(first.conditions, again.conditions)
    assert not np.array_equal(first.target, next_.target)
    assert first.target.shape == (8, 24, 24)


def test_patches_on_the_lesion_hold_the_lesion(settings: dict[str, Any]) -> None:
    settings["data"] |= {"lesion_fraction": 1.0, "include": ["a1.nrrd"]}
    settings["degradation"] = {"smooth_fraction": 0, "coarse_fraction": 0}
    config = TrainingConfig.model_validate(settings)
    (stack,) = [load_stack(e, config.data) for e in list_volumes(config.data, 0)]
    marked = np.where(stack.lesion, 3000.0, stack.slices).astype(np.float32)
    sampler = PatchSampler(
        [type(stack)(stack.entry, marked, stack.lesion, stack.spacing)], config.data, config.degradation
    )
    batch = sampler.batch(16, 0, 0)
    assert all(patch.max() == 3000.0 for patch in batch.target)


def test_degradation_of_a_patch_is_undone_to_its_target_size_and_place(settings: dict[str, Any]) -> None:
    settings["degradation"] = {"noise": [0.0, 1e-6], "blur_px": [0.0, 1e-6], "smooth_fraction": 1, "smooth_px": [2, 3]}
    config = TrainingConfig.model_validate(settings)
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    batch = PatchSampler(stacks, config.data, config.degradation).batch(16, 0, 0)
    # Smooth targets survive the degradation: any shift of the pair would show.
    assert np.abs(batch.interpolated - batch.target).mean() < 0.1 * batch.target.std()


def test_learning_rate_rises_then_falls(settings: dict[str, Any]) -> None:
    optimiser = TrainingConfig.model_validate(settings).optimiser
    rates = [optimiser.learning_rate * rate_factor(step, optimiser) for step in range(61)]
    assert int(np.argmax(rates)) in (4, 5) and rates[-1] == pytest.approx(1e-5)
    assert all(a > b for a, b in zip(rates[6:], rates[7:], strict=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"windw": [0, 1]}, "windw: Extra inputs"),
        ({"window": [5, 1]}, "window: .*must exceed"),
        ({"optimiser": {"steps": 0}}, "optimiser.steps"),
        ({"data": {"patch": 25}}, "data.patch"),
    ],
)
def test_configuration_mistakes(settings: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump({**settings, **change}))
    with pytest.raises(SettingsError, match=message):
        read_config(tmp_path / "bad.yaml")


def test_missing_configuration_data_and_runs(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no configuration file"):
        read_config(tmp_path / "absent.yaml")
    settings["data"]["include"] = ["*.png"]
    with pytest.raises(SettingsError, match="No volume"):
        list_volumes(TrainingConfig.model_validate(settings).data, 0)
    with pytest.raises(SettingsError, match="no checkpoint"):
        load_checkpoint(tmp_path)


def test_a_patient_with_two_roles_is_refused(settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_text("path,patient,role,lesion_mask\na.nrrd,A,train,\nb.nrrd,A,test,\n")
    settings["data"]["folder"] = str(tmp_path)
    with pytest.raises(SettingsError, match=r"more than one role: \['A'\]"):
        list_volumes(TrainingConfig.model_validate(settings).data, 0)


def test_without_a_splits_file_volumes_get_roles_by_the_seed(settings: dict[str, Any], tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.nrrd").touch()
    settings["data"]["folder"] = str(tmp_path)
    data = TrainingConfig.model_validate(settings).data
    roles = [entry.role for entry in list_volumes(data, 3)]
    assert (roles.count("train"), roles.count("validation"), roles.count("test")) == (16, 2, 2)
    assert list_volumes(data, 3) == list_volumes(data, 3) != list_volumes(data, 4)
