"""The comparators' training methods on tiny networks: what they train, what they weigh, that they learn."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import TrainingConfig, read_config
from SuperResRadiomicsLib.training.systems import GENERATOR, System, TensorBatch, build_system
from SuperResRadiomicsLib.training.trainer import Trainer, load_checkpoint

CONFIGURATIONS = sorted(
    (Path(__file__).resolve().parents[2] / "SuperResRadiomicsLib" / "papers" / "configurations").glob(
        "us-*-comparator.yaml"
    )
)
RESNET = {"name": "resnet-generator", "arguments": {"width": 4, "blocks": 1}}
MSPGAN = {"name": "mspgan-generator", "arguments": {"width": 4, "blocks": 1, "patch": 2, "layers": 1, "heads": 2}}
UNET = {"name": "pix2pix-unet", "arguments": {"widths": [8, 8, 8], "dropout": 0.0}}
METHODS: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "pix2pix": (UNET, {}, {"adversarial", "paired", "critic"}),
    "reg-gan": (RESNET, {"registration_widths": [4, 4]}, {"adversarial", "correction", "smoothness", "critic"}),
    "mspgan": (
        MSPGAN,
        {"superpixel_side": 8, "projection": 8, "teacher_passes": 2, "paired_weight": 1.0},
        {"adversarial", "contrast", "consistency", "paired", "critic"},
    ),
}


def configuration(settings: dict[str, Any], method: str, **more: Any) -> TrainingConfig:
    """The small configuration with a comparator's method and network, denoising at full resolution."""
    network, options, _ = METHODS[method]
    return TrainingConfig.model_validate(
        {
            **settings,
            "task": "denoise",
            "degradation": {"factor": 1, "noise": [50.0, 100.0]},
            "network": network,
            "method": {"name": method, "critic_widths": [4, 4, 4, 4], **options, **more},
            "optimiser": settings["optimiser"] | {"steps": 4, "learning_rate": 1e-3},
            "run": settings["run"] | {"log_every": 1, "validate_every": 4},
            "data": settings["data"] | {"patch": 32, "context": 0},
        }
    )


def cycle_configuration(settings: dict[str, Any], **method: Any) -> TrainingConfig:
    """As `configuration`, with CycleGAN without pairs and without perceptual features."""
    plain = {"name": "cycle-gan", "paired_weight": 0.0, "perceptual_weight": 0.0, "critic_widths": [4, 4, 4, 4]}
    content = configuration(settings, "pix2pix").model_dump() | {"method": plain | method}
    return TrainingConfig.model_validate(content)


def random_batch(size: int = 32, step: int = 0) -> TensorBatch:
    low, high = torch.rand(2, 2, 1, size, size)
    return TensorBatch(low, low, high, torch.empty(2, 0), step)


def backward(system: System, phase: str, batch: TensorBatch) -> dict[str, float]:
    """Gradients of one phase's losses to all networks, and the losses."""
    for network in system.networks.values():
        network.zero_grad()
    losses = system.losses(phase, batch)
    torch.stack([*losses.values()]).sum().backward()
    return {name: float(value.detach()) for name, value in losses.items()}


def has_gradient(system: System, name: str) -> bool:
    return any(p.grad is not None and p.grad.any() for p in system.networks[name].parameters())


@pytest.mark.parametrize("method", METHODS)
def test_a_run_trains_logs_and_resumes(method: str, settings: dict[str, Any], tmp_path: Path) -> None:
    config = configuration(settings, method)
    whole = Trainer(config, tmp_path / "whole")
    before = {name: [p.detach().clone() for p in n.parameters()] for name, n in whole.system.networks.items()}
    whole.run()
    for name, parameters in before.items():
        moved = zip(parameters, whole.system.networks[name].parameters(), strict=True)
        assert any(not torch.equal(old, new) for old, new in moved), name
    with (tmp_path / "whole" / "log.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["name"].startswith("loss/")]
    assert {row["name"].removeprefix("loss/") for row in rows} == METHODS[method][2]
    assert all(torch.tensor(float(row["value"])).isfinite() for row in rows)

    Trainer(config, tmp_path / "part").run(max_minutes=0)
    assert load_checkpoint(tmp_path / "part")["step"] == 1
    Trainer(config, tmp_path / "part").run()
    one, two = load_checkpoint(tmp_path / "whole"), load_checkpoint(tmp_path / "part")
    for name, state in one["networks"].items():
        for key, value in state.items():
            assert torch.allclose(value, two["networks"][name][key], atol=1e-5), (name, key)


@pytest.mark.parametrize("method", METHODS)
def test_the_critic_phase_leaves_the_generator_alone(method: str, settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, method))
    batch = random_batch()
    backward(system, GENERATOR, batch)
    assert all(has_gradient(system, name) for name in system.phases[0].networks)
    backward(system, "critic", batch)
    assert has_gradient(system, "critic") and not has_gradient(system, GENERATOR)
    assert system.adversarial


@pytest.mark.parametrize(
    ("method", "term", "field"),
    [
        ("pix2pix", "adversarial", "adversarial_weight"),
        ("pix2pix", "paired", "paired_weight"),
        ("reg-gan", "adversarial", "adversarial_weight"),
        ("reg-gan", "correction", "correction_weight"),
        ("reg-gan", "smoothness", "smoothness_weight"),
        ("mspgan", "adversarial", "adversarial_weight"),
        ("mspgan", "contrast", "contrast_weight"),
        ("mspgan", "paired", "paired_weight"),
    ],
)
def test_each_term_has_its_weight(method: str, term: str, field: str, settings: dict[str, Any]) -> None:
    values = []
    for weight in (1.0, 3.0):
        torch.manual_seed(0)
        system = build_system(configuration(settings, method, **{field: weight}))
        batch = random_batch()
        values.append({**backward(system, GENERATOR, batch), **backward(system, "critic", batch)}[term])
    assert values[1] == pytest.approx(3 * values[0], rel=1e-4)


@pytest.mark.parametrize("method", ["pix2pix", "reg-gan"])
def test_pairs_are_learnt(method: str, settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    system = build_system(configuration(settings, method))
    smooth = torch.nn.functional.avg_pool2d(torch.rand(2, 1, 36, 36), 5, 1)
    batch = TensorBatch(smooth, smooth, 1 - smooth, torch.empty(2, 0), 0)
    optimisers = {
        phase.name: torch.optim.Adam([p for n in phase.networks for p in system.networks[n].parameters()], 3e-3)
        for phase in system.phases
    }
    term = "paired" if method == "pix2pix" else "correction"
    values = []
    for _ in range(30):
        for name, optimiser in optimisers.items():
            values.append(backward(system, name, batch).get(term))
            optimiser.step()
    values = [value for value in values if value is not None]
    assert values[-1] < 0.6 * values[0]


def test_pix2pix_shows_the_critic_what_the_patch_was_made_from(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, "pix2pix"))
    batch = random_batch()
    system.losses(GENERATOR, batch)
    other = batch._replace(interpolated=torch.rand_like(batch.interpolated))
    assert not torch.equal(system.losses("critic", batch)["critic"], system.losses("critic", other)["critic"])


def test_the_teacher_starts_as_a_copy_and_then_lags_behind(settings: dict[str, Any]) -> None:
    system = build_system(configuration(settings, "mspgan", teacher_decay=0.75))
    ours, theirs = (next(system.networks[name].parameters()) for name in (GENERATOR, "teacher"))
    system.losses(GENERATOR, random_batch(step=0))
    assert torch.equal(ours, theirs)
    start = ours.detach().clone()
    with torch.no_grad():
        ours.add_(1)
    system.losses(GENERATOR, random_batch(step=9))
    assert torch.allclose(theirs, start + 0.25, atol=1e-6)
    system.losses(GENERATOR, random_batch(step=9))  # a second batch of the same step
    assert torch.allclose(theirs, start + 0.25, atol=1e-6)


def test_mspgan_needs_an_encoder(settings: dict[str, Any]) -> None:
    config = configuration(settings, "mspgan").model_dump() | {"network": UNET}
    with pytest.raises(SettingsError, match="'pix2pix-unet' does not have. Set network.name to mspgan-generator"):
        build_system(TrainingConfig.model_validate(config))


def test_a_cycle_gan_has_the_critics_and_labels_it_is_told(settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    batch, values = random_batch(), []
    plain = cycle_configuration(settings, critic_normalisation="instance", smooth_labels=False)
    hard = build_system(plain)
    smooth = build_system(cycle_configuration(settings, smooth_labels=False, real_label=0.9))
    kinds = [{type(m).__name__ for m in s.networks["high_critic"].modules()} for s in (hard, smooth)]
    assert "InstanceNorm2d" in kinds[0] and "InstanceNorm2d" not in kinds[1]
    smooth.networks["high_critic"] = hard.networks["high_critic"]
    for system in (hard, smooth):
        system.losses(GENERATOR, batch)
        system._made = batch.interpolated, batch.target
        values.append(float(system.losses("critic", batch)["high_critic"].detach()))
    real = hard.networks["high_critic"](batch.target).detach()
    difference = (real - 1).square().mean() - (real - 0.9).square().mean()
    assert values[0] - values[1] == pytest.approx(float(difference), abs=1e-5)


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_shipped_configurations_build(path: Path) -> None:
    config = read_config(path)
    with torch.device("meta"):
        system = build_system(config)
    assert system.adversarial and config.name == path.stem
    # 300 epochs of 210 steps, halved every 100, as in the comparison of the paper.
    assert (config.optimiser.steps, config.optimiser.halve_every, config.optimiser.batch) == (63000, 21000, 4)
    multiple = getattr(system.networks[GENERATOR], "size_multiple", 1)
    assert config.data.patch % multiple == 0


def test_every_comparator_has_a_configuration() -> None:
    assert len(CONFIGURATIONS) == 5
    shared = [read_config(path).model_dump(include={"data", "degradation", "sources"}) for path in CONFIGURATIONS]
    assert all(content == shared[0] for content in shared)
