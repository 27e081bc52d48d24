"""The sections `network`, `optimiser` and `run`: what is trained, and how the run goes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .section import Section


class NetworkConfig(Section):
    """The architecture's name and arguments, as they go into the model card."""

    name: str = "gan-circle-generator"
    arguments: dict[str, Any] = Field(default_factory=dict)


class OptimiserConfig(Section):
    """Adam with linear warm-up and decay.

    Attributes:
        steps: Training steps in all.
        batch: Patches in a step, on each device.
        accumulate: Batches whose gradients are averaged in a step.
        learning_rate: Peak rate.
        final_learning_rate: Rate at the last step of the cosine decay.
        schedule: ``cosine`` from the peak to the final rate, ``halving`` or ``constant``.
        halve_every: Steps after which the rate is halved, with ``halving``.
        warmup_steps: Steps of linear rise.
        betas: Adam's moment decays.
        weight_decay: Adam's L2 penalty.
        gradient_clip: Largest norm of the generator's gradient.
        average_decay: Decay of the running mean of the weights, which is what is exported.
    """

    steps: int = Field(ge=1)
    batch: int = Field(default=10, ge=1)
    accumulate: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    final_learning_rate: float = Field(default=1e-5, gt=0)
    schedule: Literal["cosine", "halving", "constant"] = "cosine"
    halve_every: int = Field(default=10_000, ge=1)
    warmup_steps: int = Field(default=300, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    gradient_clip: float = Field(default=1.0, gt=0)
    average_decay: float = Field(default=0.999, ge=0, lt=1)


class RunConfig(Section):
    """How the run goes.

    Attributes:
        seed: Fixes initial weights and every draw; step n draws from (seed, n), so a resumed
            run sees the same patches.
        start_from: Name or folder of a model of the same architecture whose weights the run starts with.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``. Under ``torchrun`` each process takes one device
            and draws patches of its own.
        workers: Processes that make patches ahead of the network; 0: the training process itself.
        precision: Lightning Fabric's precision, such as ``32-true`` or ``bf16-mixed``.
        log_every: Steps between log lines.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
        validation_slices: Slices of each validation volume.
        patience: Validations without a better gain after which the run ends; never without it.
    """

    seed: int = 2026
    start_from: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int = Field(default=0, ge=0)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    log_every: int = Field(default=100, ge=1)
    validate_every: int = Field(default=2000, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    validation_slices: int = Field(default=2, ge=1)
    patience: int | None = Field(default=None, ge=1)
