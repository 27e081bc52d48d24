"""The network that is exported has the running mean of the weights, not those of the last step."""

from __future__ import annotations

from pathlib import Path

import torch

from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.systems import GENERATOR
from SuperResRadiomicsLib.training.trainer import Trainer, load_checkpoint


def test_the_mean_follows_the_weights_with_a_memory_that_grows(config_file: Path, tmp_path: Path) -> None:
    config = read_config(config_file)
    config = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"steps": 3})})
    trainer = Trainer(config, tmp_path)
    sampler = trainer.load_sampler()
    expected = {name: value.clone() for name, value in trainer.average.items()}
    for step in range(3):
        trainer.step = step
        (batches,) = trainer.batches(sampler, range(step, step + 1))
        trainer.train_step(batches)
        kept = min(config.optimiser.average_decay, (1 + step) / (10 + step))
        for name, value in trainer.system.networks[GENERATOR].state_dict().items():
            expected[name] = kept * expected[name] + (1 - kept) * value
    moved = trainer.average_network().state_dict()
    assert all(torch.allclose(moved[name], value, atol=1e-6) for name, value in expected.items())


def test_a_run_keeps_a_mean_that_is_neither_its_beginning_nor_its_end(config_file: Path, tmp_path: Path) -> None:
    config = read_config(config_file)
    config = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"steps": 3})})
    trainer = Trainer(config, tmp_path)
    first = {name: value.clone() for name, value in trainer.average.items()}
    trainer.run()
    kept, last = (load_checkpoint(tmp_path)[name] for name in ("average", "networks"))
    assert any(not torch.equal(kept[name], value) for name, value in first.items())
    assert any(not torch.equal(kept[name], value) for name, value in last[GENERATOR].items())
