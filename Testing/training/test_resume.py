"""A run that is killed at any moment goes on as if nothing had happened; several devices agree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.systems import GENERATOR
from SuperResRadiomicsLib.training.trainer import Trainer, load_checkpoint
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack
from Testing.training.tiny import read_log, shrink, write_data

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = "from SuperResRadiomicsLib.training.command import main; main()"
CONFIGURATIONS = REPOSITORY / "Resources" / "training"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    write_data(folder)
    return folder


def tiny(name: str, images: Path, steps: int = 20, **run: Any) -> TrainingConfig:
    config = shrink(CONFIGURATIONS / f"{name}.yaml", images, steps)
    return config.model_copy(update={"run": config.run.model_copy(update=run)})


def command(config: TrainingConfig, out: Path) -> list[str]:
    path = out.parent / f"{out.name}.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    return [sys.executable, "-c", MAIN, "run", str(path), "--out", str(out)]


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(arguments, env=environment)


@pytest.mark.parametrize(
    "name", ["mr-unet-x2-fidelity", pytest.param("us-cyclegan-appearance", marks=pytest.mark.slow)]
)
def test_a_killed_run_has_the_loss_curve_of_one_that_was_not(images: Path, tmp_path: Path, name: str) -> None:
    config = tiny(name, images, 60, checkpoint_every=7, validate_every=1000)
    Trainer(config, tmp_path / "whole").run()
    process = start(command(config, tmp_path / "killed"))
    log = tmp_path / "killed" / "log.csv"
    deadline = time.monotonic() + 120
    # Past the second checkpoint, so that steps after it have been logged and are lost.
    while time.monotonic() < deadline and not (log.is_file() and "\n17," in log.read_text()):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert load_checkpoint(tmp_path / "killed")["step"] < 60
    Trainer(config, tmp_path / "killed").run()
    whole, killed = read_log(tmp_path / "whole"), read_log(tmp_path / "killed")
    assert [step for step, _ in killed["loss"]] == list(range(1, 61))
    assert np.allclose(np.array(whole["loss"]), np.array(killed["loss"]), rtol=1e-4)


def test_accumulated_batches_count_as_one(images: Path, tmp_path: Path) -> None:
    config = tiny("mr-unet-x2-fidelity", images, 1, precision="32-true")
    together, one_by_one = (Trainer(config, tmp_path / name) for name in ("together", "one-by-one"))
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    sampler = together.system.sampler(stacks)
    first, second = sampler.batch(3, 1), sampler.batch(3, 2)
    both = type(first)(*(np.concatenate(parts) for parts in zip(first, second, strict=True)))
    assert together.train_step([both]) == pytest.approx(one_by_one.train_step([first, second]), rel=1e-5)
    for a, b in zip(*(t.system.networks[GENERATOR].parameters() for t in (together, one_by_one)), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@pytest.mark.slow
def test_two_processes_train_one_network(images: Path, tmp_path: Path) -> None:
    config = tiny("us-cyclegan-appearance", images, 4)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    process = start([*launcher, *command(config, tmp_path / "run")])
    assert process.wait(timeout=180) == 0
    assert load_checkpoint(tmp_path / "run")["step"] == 4
    log = read_log(tmp_path / "run")
    assert [step for step, _ in log["loss"]] == [1, 2, 3, 4], "one process writes"


def test_processes_that_load_ahead_give_the_same_batches(images: Path, tmp_path: Path) -> None:
    for workers in (0, 2):
        Trainer(tiny("mr-unet-x2-fidelity", images, 5, workers=workers), tmp_path / str(workers)).run()
    curves = [read_log(tmp_path / str(workers))["loss"] for workers in (0, 2)]
    assert curves[0] == curves[1]


def test_a_run_that_gets_no_better_ends(images: Path, tmp_path: Path) -> None:
    config = tiny("mr-unet-x2-fidelity", images, 50, validate_every=1, patience=2)
    standstill = config.optimiser.model_copy(update={"learning_rate": 1e-12, "final_learning_rate": 1e-12})
    trainer = Trainer(config.model_copy(update={"optimiser": standstill}), tmp_path)
    trainer.run()
    assert 3 <= trainer.step < 50


def test_tensorboard_holds_curves_and_pictures(images: Path, tmp_path: Path) -> None:
    Trainer(tiny("mr-unet-x2-fidelity", images, 4), tmp_path).run()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3, 4]
    assert any(name.startswith("validation/") for name in events.Tags()["images"])
