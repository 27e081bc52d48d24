"""SRGAN and GAN-CIRCLE on tiny networks: which network learns in which phase, and from when on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from SuperResRadiomicsLib.networks import build_network
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.systems import GENERATOR, System, TensorBatch, build_system
from SuperResRadiomicsLib.training.trainer import Trainer, load_checkpoint

CRITIC = "critic"
SRGAN = {"name": "srgan", "critic_widths": [4, 4, 4, 4], "critic_hidden": 4}
CIRCLE = {"name": "gan-circle", "critic_widths": [4, 4, 4, 4], "critic_hidden": 4}
SIDE = 24
PRETRAIN = 3


def configuration(settings: dict[str, Any], method: dict[str, Any], **more: Any) -> TrainingConfig:
    network = {"name": "srresnet", "arguments": {"features": 4, "blocks": 1, "kernel": 3}}
    content = {**settings, "method": method | more}
    return TrainingConfig.model_validate(content | ({"network": network} if method["name"] == "srgan" else {}))


def batch(step: int = 0) -> TensorBatch:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(2, 1, SIDE // 2, SIDE // 2, generator=generator)
    target = torch.rand(2, 1, SIDE, SIDE, generator=generator)
    enlarged = torch.nn.functional.interpolate(coarse, scale_factor=2)
    return TensorBatch(coarse, enlarged, target, torch.zeros(2, 2), step)


def gradients(system: System, phase: str, given: TensorBatch) -> set[str]:
    """The networks to which the losses of a phase give gradients, as the trainer takes them."""
    trained = next(p.networks for p in system.phases if p.name == phase)
    for name, network in system.networks.items():
        network.zero_grad()
        network.requires_grad_(name in trained)
    torch.stack([*system.losses(phase, given).values()]).sum().backward()
    return {
        name for name, n in system.networks.items() if any(p.grad is not None and p.grad.any() for p in n.parameters())
    }


def test_srgan_learns_from_pixels_alone_before_the_critic_joins_in(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, SRGAN, pretrain_steps=PRETRAIN))
    given = batch()._replace(conditions=torch.empty(2, 0))
    for step in range(PRETRAIN):
        assert set(system.losses(GENERATOR, given._replace(step=step))) == {"pixels"}
        assert system.losses(CRITIC, given._replace(step=step)) == {}
    given = given._replace(step=PRETRAIN)
    assert set(system.losses(GENERATOR, given)) == {"pixels", "perceptual", "adversarial"}
    assert set(system.losses(CRITIC, given)) == {CRITIC}
    assert gradients(system, GENERATOR, given) == {GENERATOR}
    assert gradients(system, CRITIC, given) == {CRITIC}


def test_srgans_critic_stands_still_until_its_first_step(settings: dict[str, Any], tmp_path: Path) -> None:
    settings["optimiser"]["steps"] = PRETRAIN + 1
    settings["run"] |= {"validate_every": 100, "checkpoint_every": 1}
    trainer = Trainer(configuration(settings, SRGAN, pretrain_steps=PRETRAIN), tmp_path)
    weights = [p.detach().clone() for p in trainer.system.networks[CRITIC].parameters()]
    sampler = trainer.load_sampler()
    for batches in trainer.batches(sampler, range(PRETRAIN + 1)):
        stood_still = all(
            torch.equal(a, b) for a, b in zip(weights, trainer.system.networks[CRITIC].parameters(), strict=True)
        )
        assert stood_still and not trainer.optimisers[CRITIC].state_dict()["state"]
        losses = trainer.train_step(batches)
        assert ("loss/adversarial" in losses) == (trainer.step >= PRETRAIN)
        trainer.step += 1
    moved = zip(weights, trainer.system.networks[CRITIC].parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in moved)


def test_a_run_stopped_before_the_critic_joined_in_resumes(settings: dict[str, Any], tmp_path: Path) -> None:
    settings["optimiser"]["steps"] = PRETRAIN + 2
    config = configuration(settings, SRGAN, pretrain_steps=PRETRAIN)
    Trainer(config, tmp_path / "whole").run()
    Trainer(config, tmp_path / "stopped").run(max_minutes=0)
    assert load_checkpoint(tmp_path / "stopped")["step"] == 1
    Trainer(config, tmp_path / "stopped").run()
    whole, stopped = (load_checkpoint(tmp_path / name)["networks"][CRITIC] for name in ("whole", "stopped"))
    assert all(torch.allclose(value, stopped[name], atol=1e-6) for name, value in whole.items())


def test_gan_circle_trains_both_generators_then_both_critics(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, CIRCLE))
    generators, critics = {GENERATOR, "backward"}, {"fine_critic", "coarse_critic"}
    assert [(phase.name, set(phase.networks)) for phase in system.phases] == [
        (GENERATOR, generators),
        (CRITIC, critics),
    ]
    assert [phase.gradient_clip is None for phase in system.phases] == [False, True]
    assert gradients(system, GENERATOR, batch()) == generators
    assert gradients(system, CRITIC, batch()) == critics
    assert set(system.losses(GENERATOR, batch())) == {"adversarial", "cycle", "supervised", "sparsity", "identity"}


def test_gan_circles_critics_judge_what_the_generators_made_before_the_step(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, CIRCLE, adversarial="least-squares"))
    system.losses(GENERATOR, batch())
    before = {name: float(value.detach()) for name, value in system.losses(CRITIC, batch()).items()}
    with torch.no_grad():
        for parameter in system.networks[GENERATOR].parameters():
            parameter.add_(0.1)
    after = {name: float(value.detach()) for name, value in system.losses(CRITIC, batch()).items()}
    assert set(before) == {"fine_critic", "coarse_critic"} and after == pytest.approx(before)


@pytest.mark.parametrize(("step", "every", "penalised"), [(0, 1, True), (3, 1, True), (3, 4, False), (4, 4, True)])
def test_gan_circles_gradient_penalty_comes_every_few_steps_and_counts_as_often(
    settings: dict[str, Any], step: int, every: int, penalised: bool
) -> None:
    values = []
    for weight in (10.0, 20.0):
        torch.manual_seed(0)
        system = build_system(configuration(settings, CIRCLE, penalty_every=every, penalty_weight=weight))
        system.losses(GENERATOR, batch(step))
        torch.manual_seed(0)
        values.append({name: float(v.detach()) for name, v in system.losses(CRITIC, batch(step)).items()})
    names = {f"{side}_critic{end}" for side in ("fine", "coarse") for end in ("", "_penalty")[: 1 + penalised]}
    assert set(values[0]) == names
    for name in names:
        assert values[1][name] == pytest.approx(values[0][name] * (2 if name.endswith("penalty") else 1), rel=1e-4)


def test_a_rarer_penalty_weighs_as_much_over_all_steps(settings: dict[str, Any]) -> None:
    values = []
    for every in (1, 4):
        torch.manual_seed(0)
        system = build_system(configuration(settings, CIRCLE, penalty_every=every))
        system.losses(GENERATOR, batch())
        torch.manual_seed(0)
        values.append(float(system.losses(CRITIC, batch())["fine_critic_penalty"].detach()))
    assert values[1] == pytest.approx(4 * values[0], rel=1e-4)


def test_gan_circle_with_least_squares_has_no_penalty(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, CIRCLE, adversarial="least-squares"))
    system.losses(GENERATOR, batch())
    assert set(system.losses(CRITIC, batch())) == {"fine_critic", "coarse_critic"}


def test_both_generators_of_gan_circle_start_from_a_model(settings: dict[str, Any]) -> None:
    config = configuration(settings, CIRCLE)
    system = build_system(config)
    model = build_network(config.network.name, config.network.arguments)
    system.start_from(model)
    for name in (GENERATOR, "backward"):
        pairs = zip(model.parameters(), system.networks[name].parameters(), strict=True)
        assert all(torch.equal(a, b) and a is not b for a, b in pairs)
