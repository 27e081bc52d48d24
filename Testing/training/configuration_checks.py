"""What every configuration is checked for, a shipped model's or a comparator's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.systems import GENERATOR
from SuperResRadiomicsLib.training.trainer import Trainer
from Testing.training.tiny import read_log, shrink


def check_the_fields(path: Path) -> None:
    """It is called as its file, says what it is for, and its network enlarges as much as its data were reduced."""
    config = read_config(path)
    assert config.name == path.stem and config.sources and config.description and config.intended_use
    assert (config.degradation.factor == 1) == (config.task != "super-resolution")
    scale = config.network.arguments.get("scale")
    assert scale in (None, config.degradation.factor), "the network enlarges as much as the degradation reduced"


def check_the_first_steps(path: Path, images: Path, folder: Path) -> None:
    """Twenty steps on a tiny network change it; every loss is finite and is logged."""
    trainer = Trainer(shrink(path, images), folder)
    before = [p.detach().clone() for p in trainer.system.networks[GENERATOR].parameters()]
    trainer.run()
    log = read_log(folder)
    for name, values in log.items():
        assert np.isfinite([value for _, value in values]).all(), name
    assert [step for step, _ in log["loss"]] == list(range(1, 21))
    after = trainer.system.networks[GENERATOR].parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert any(name.startswith("validation/") for name in log)
