"""Networks that work in steps (EMASRN) learn from every one."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.systems import build_system
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack
from Testing.training.tiny import TINY_NETWORKS


def test_every_step_of_emasrn_counts_as_much_as_the_last(settings: dict[str, Any]) -> None:
    settings["network"] = {"name": "emasrn", "arguments": TINY_NETWORKS["emasrn"]}
    settings["method"] = {"name": "supervised", "loss": "l1", "every_step": True}
    config = TrainingConfig.model_validate(settings)
    stacks = [load_stack(e, config.data) for e in list_volumes(config.data, 0) if e.role == "train"]
    system = build_system(config)
    network = system.networks["generator"].eval()
    torch.nn.init.normal_(network.tail[-1].weight)
    batch = system.tensors(system.sampler(stacks).batch(2, 0), 0, torch.device("cpu"))
    with torch.no_grad():
        errors = (network(batch.coarse, every_step=True) - batch.target).abs().mean(dim=(0, 2, 3))
        assert float(system.losses("generator", batch)["l1"]) == pytest.approx(float(errors.mean()), rel=1e-5)
    assert len(errors) == 2 and errors[0] != errors[1]


def test_steps_of_a_network_without_steps_are_refused(settings: dict[str, Any]) -> None:
    settings["network"] = {"name": "edsr", "arguments": TINY_NETWORKS["edsr"]}
    settings["method"] = {"name": "supervised", "loss": "l1", "every_step": True}
    config = TrainingConfig.model_validate(settings)
    with pytest.raises(SettingsError, match=r"'edsr' does not work in steps.*choose one of: emasrn"):
        build_system(config)
