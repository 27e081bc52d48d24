"""The training loop of a supervised fidelity network."""

from __future__ import annotations

import csv
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from ..errors import OutputError, SettingsError
from ..files import atomic_path, prepare_folder, write_text
from ..networks import architectures, build_network
from ..zoo import load_card, load_network
from .config import OptimiserConfig, TrainingConfig
from .patches import Batch, PatchSampler
from .validation import Validation, validate
from .volumes import list_volumes, load_stack

CHECKPOINT_NAME = "checkpoint.pt"
LOG_NAME = "log.csv"
CONFIG_NAME = "config.json"
LOG_COLUMNS = ("step", "name", "value")


class Trainer:
    """Trains one network on one configuration, in a folder of its own.

    The folder holds the configuration, the newest checkpoint, a CSV log and TensorBoard
    events. A run that was stopped at any moment goes on from its last checkpoint.
    """

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        from lightning.fabric import Fabric

        self.config = config
        self.folder = prepare_folder(folder)
        self.fabric = Fabric(accelerator=config.run.device, devices=1, precision=config.run.precision)
        torch.manual_seed(config.run.seed)
        network = build_network(config.network.name, config.network.arguments)
        if config.run.start_from:
            network.load_state_dict(load_network(load_card(config.run.start_from)).state_dict())
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.Adam(
            network.parameters(), lr=config.optimiser.learning_rate, betas=config.optimiser.betas
        )
        self.network, self.optimiser = self.fabric.setup(network, optimiser)
        self.average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self._reads_coarse = architectures()[config.network.name].input_grid == "coarse"
        self.step = 0
        self.seconds = 0.0

    def run(self, max_minutes: float | None = None) -> None:
        """Train until the configured number of steps, or until the time is up.

        Args:
            max_minutes: Stop after so long, with a checkpoint; `run` again to go on.
        """
        self._resume()
        sampler, stacks = self._load_data()
        write_text(self.folder / CONFIG_NAME, self.config.model_dump_json(indent=2) + "\n")
        start = time.monotonic()
        with SummaryWriter(str(self.folder / "tensorboard")) as board:
            losses: list[float] = []
            while self.step < self.config.optimiser.steps:
                losses.append(self._train_step(sampler))
                self.step += 1
                self.seconds += time.monotonic() - start
                start = time.monotonic()
                if self.step % self.config.run.log_every == 0:
                    self._log(board, {"loss": float(np.mean(losses)), "steps_per_second": self.step / self.seconds})
                    losses.clear()
                if self.step % self.config.run.validate_every == 0 or self.step == self.config.optimiser.steps:
                    self._validate(board, stacks)
                if self.step % self.config.run.checkpoint_every == 0:
                    self._save()
                if max_minutes is not None and self.seconds > 60 * max_minutes:
                    break
            self._save()

    def average_network(self) -> nn.Module:
        """The network with the running mean of the weights, in evaluation mode."""
        network = build_network(self.config.network.name, self.config.network.arguments)
        network.load_state_dict(self.average)
        return network.to(self.fabric.device).eval()

    def _load_data(self) -> tuple[PatchSampler, list[Any]]:
        entries = list_volumes(self.config.data, self.config.run.seed)
        train = [load_stack(e, self.config.data) for e in entries if e.role == "train"]
        held = [load_stack(e, self.config.data) for e in entries if e.role == "validation"]
        if not train:
            raise SettingsError("No volume has the role 'train'. Check data.include and the splits file.")
        return PatchSampler(train, self.config.data, self.config.degradation), held

    def _train_step(self, sampler: PatchSampler) -> float:
        settings = self.config.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, settings)
        batch = sampler.batch(settings.batch, self.config.run.seed, self.step)
        coarse, interpolated, target = (
            self._normalise(part) for part in (batch.coarse, batch.interpolated, batch.target)
        )
        seen = coarse if self._reads_coarse else interpolated
        output = self.network(seen, *self._conditions(batch))
        loss = self._loss(output.float(), target, interpolated)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.network, self.optimiser, max_norm=settings.gradient_clip)
        self.optimiser.step()
        self._update_average(settings.average_decay)
        return float(loss.detach())

    def _normalise(self, values: np.ndarray) -> Tensor:
        low, high = self.config.window
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0).astype(np.float32)
        tensor = torch.from_numpy(scaled)[:, None].contiguous(memory_format=torch.channels_last)
        return tensor.to(self.fabric.device)

    def _conditions(self, batch: Batch) -> list[Tensor]:
        """The network's arguments beside the image; none where nothing steers it."""
        if not self.config.network.arguments.get("conditions"):
            return []
        scales = self.config.condition_scales
        values = np.stack([batch.blur_px / scales["blur_px"], batch.noise / scales["noise"]], axis=1)
        return [torch.from_numpy(values.astype(np.float32)).to(self.fabric.device)]

    def _loss(self, output: Tensor, target: Tensor, interpolated: Tensor) -> Tensor:
        error = (output - target).abs().mean(dim=(1, 2, 3))
        if self.config.optimiser.loss == "l1":
            return error.mean()
        floor = self.config.optimiser.loss_floor / (self.config.window[1] - self.config.window[0])
        return (error / ((interpolated - target).abs().mean(dim=(1, 2, 3)) + floor)).mean()

    def _update_average(self, decay: float) -> None:
        # A short memory at first: the initial weights must not linger in the mean.
        weight = 1.0 - min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value.detach().float(), weight)
                else:  # a counter, such as that of batch normalisation
                    self.average[name].copy_(value)

    def _validate(self, board: SummaryWriter, stacks: list[Any]) -> None:
        if not stacks:
            return
        results: list[Validation] = validate(self.average_network(), self.config, stacks)
        for result in results:
            self._log(board, {f"validation/{result.name}/{key}": value for key, value in result.values.items()})

    def _log(self, board: SummaryWriter, values: dict[str, float]) -> None:
        path = self.folder / LOG_NAME
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(LOG_COLUMNS)
            for name, value in values.items():
                writer.writerow([self.step, name, f"{value:.6g}"])
                board.add_scalar(name, value, self.step)

    def _save(self) -> None:
        state = {
            "name": self.config.name,
            "network_config": self.config.network.model_dump(),
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        with atomic_path(self.folder / CHECKPOINT_NAME) as temporary:
            torch.save(state, temporary)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT_NAME
        if not path.exists():
            return
        state = load_checkpoint(self.folder)
        if state["network_config"] != self.config.network.model_dump():
            raise OutputError(
                f"The folder '{self.folder.name}' holds a run of another network. Choose another output folder."
            )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = {name: value.to(self.fabric.device) for name, value in state["average"].items()}
        self.step, self.seconds = int(state["step"]), float(state["seconds"])


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Read the checkpoint of a run, tensors and plain values only.

    Raises:
        SettingsError: There is none.
    """
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        raise SettingsError(f"The folder '{folder.name}' holds no checkpoint. Give the output folder of a run.")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def learning_rate(step: int, settings: OptimiserConfig) -> float:
    """Linear warm-up to the peak, then a cosine to the final rate."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    progress = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) * cosine
