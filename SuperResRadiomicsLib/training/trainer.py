"""The training loop, the same for every training method."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ..errors import OutputError, SettingsError
from ..io.files import atomic_path, prepare_folder, write_text
from ..models import load_card, load_network
from ..networks import build_network
from .config import TrainingConfig, read_config
from .devices import average_gradients, average_statistics, make_fabric
from .log import LOG_COLUMNS, LOG_NAME, TrainingLog
from .schedule import rate_factor, share_done
from .systems import GENERATOR, Phase, Sampler, build_system
from .view import SILENT, RunView, draw_curves
from .volumes import SliceStack, list_volumes, load_stack

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

CHECKPOINT_NAME = "checkpoint.pt"
CONFIG_NAME = "config.json"
FITTED_VALIDATIONS = 5
"""Validations of a run whose time is limited, at least."""
STATE_NAMES = {"network_config", "networks", "average", "optimisers", "step", "seconds", "best_gain"}
"""What a checkpoint holds at least."""


class Trainer:
    """Trains the networks of one configuration, in a folder of its own.

    The folder holds the configuration, the newest checkpoint, a CSV log and TensorBoard
    events. A run that was stopped at any moment goes on from its last checkpoint.
    """

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        self.config = config
        self.folder = _prepare_run(folder)
        self.fabric = make_fabric(config.run)
        torch.manual_seed(config.run.seed)
        self.system = build_system(config)
        if config.run.start_from:
            self.system.start_from(load_network(load_card(config.run.start_from)))
        self.optimisers = self._set_up()
        self.average = {name: value.detach().clone() for name, value in self._generator.state_dict().items()}
        self.step = 0
        self.seconds = 0.0
        self.best_gain, self.validations_since_best = -float("inf"), 0
        self.gain: float | None = None
        self.trained_on: dict[str, int] = {}
        self.max_minutes: float | None = None
        self._unwritten: dict[str, list[float]] = {}
        self.share_done = 0.0

    def run(self, max_minutes: float | None = None, view: RunView = SILENT) -> None:
        """Train until the configured number of steps, until it stops getting better, or until the time is up.

        Args:
            max_minutes: Training time in all, which the whole schedule is made to fit: the learning rate then falls
                with the time, or with the steps where these are done sooner.
            view: Told how it goes.
        """
        self._resume()
        self.max_minutes = max_minutes
        view.say("Reading the images ...")
        sampler, held = self.load_sampler(), self._load("validation")
        view.say(f"Read {self.trained_on['volumes']} images to train on and {len(held)} to validate on.")
        if self.fabric.is_global_zero:
            write_text(self.folder / CONFIG_NAME, self.config.model_dump_json(indent=2) + "\n")
        settings, start = self.config.run, time.monotonic()
        self.share_done = self._share_done() if self.step else 0.0
        with closing(view), TrainingLog(self.folder, self.fabric.is_global_zero, self.step, self._unwritten) as log:
            for batches in self.batches(sampler, range(self.step, self.config.optimiser.steps)):
                before = self.share_done
                losses = self.train_step(batches)
                log.collect(losses)
                self.step += 1
                self.seconds += time.monotonic() - start
                start = time.monotonic()
                self.share_done = self._share_done()
                view.stepped(self.step, self.share_done, self._seconds_left(), sum(losses.values()))
                if self.step % settings.log_every == 0:
                    log.write_means(self.step, {"steps_per_second": self.step / self.seconds})
                if held and self._validation_is_due(before):
                    self._validate(log, held, view)
                if self.step % settings.checkpoint_every == 0:
                    self._save(log)
                if self._is_over():
                    break
            self._save(log)
        self.fabric.barrier()

    def _share_done(self) -> float:
        """Say how much of the run is done; processes' clocks differ, so the first one's counts."""
        share = share_done(self.step, self.config.optimiser.steps, self.seconds, self.max_minutes)
        return share if self.max_minutes is None else self.fabric.broadcast(share)

    def _seconds_left(self) -> float:
        return self.seconds * (1 - self.share_done) / self.share_done

    def _validation_is_due(self, before: float) -> bool:
        """Say whether it is time to validate: as configured, and where time is limited at every fifth of it."""
        if self.step % self.config.run.validate_every == 0 or self.share_done >= 1:
            return True
        return self.max_minutes is not None and int(FITTED_VALIDATIONS * self.share_done) > int(
            FITTED_VALIDATIONS * before
        )

    def average_network(self) -> nn.Module:
        """Copy the exported network with the running mean of the weights, in evaluation mode."""
        network = build_network(self.config.network.name, self.config.network.arguments)
        network.load_state_dict(self.average)
        return network.to(self.fabric.device).eval()

    @property
    def _generator(self) -> nn.Module:
        return self.system.networks[GENERATOR]

    def _set_up(self) -> dict[str, Any]:
        """Hand networks and optimisers to Fabric; each phase has an optimiser for its networks."""
        networks = self.system.networks
        for name, network in networks.items():
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            networks[name] = self.fabric.setup_module(network)
        optimisers = {}
        for phase in self.system.phases:
            parameters: list[nn.Parameter] = []
            for name in phase.networks:
                parameters += networks[name].parameters()
            optimiser = torch.optim.Adam(parameters, phase.learning_rate, phase.betas, weight_decay=phase.weight_decay)
            optimisers[phase.name] = self.fabric.setup_optimizers(optimiser)
        return optimisers

    def load_sampler(self) -> Sampler:
        """Load the training volumes.

        Raises:
            SettingsError: There are none.
        """
        train = self._load("train")
        if not train:
            raise SettingsError("No volume has the role 'train'. Check data.include and the splits file.")
        self.trained_on = {"volumes": len(train), "patients": len({stack.entry.patient for stack in train})}
        return self.system.sampler(train)

    def _load(self, role: str) -> list[SliceStack]:
        entries = list_volumes(self.config.data, self.config.run.seed)
        return [load_stack(entry, self.config.data) for entry in entries if entry.role == role]

    def batches(self, sampler: Sampler, steps: range) -> Iterator[list[Any]]:
        """Draw the batches of some steps; step n draws from (seed, n, device, number of the batch)."""
        loader: DataLoader[list[Any]] = torch.utils.data.DataLoader(
            _Steps(sampler, self.config, self.fabric.global_rank),
            batch_size=None,
            sampler=steps,
            num_workers=self.config.run.workers,
            collate_fn=_unchanged,
        )
        return iter(loader)

    def train_step(self, batches: list[Any]) -> dict[str, float]:
        """Do the step of number ``step`` on its batches, without counting it; returns its losses."""
        # Dropout and the like draw from the step's own seed, so that a resumed run draws the same.
        torch.manual_seed(hash((self.config.run.seed, self.step, self.fabric.global_rank)) % 2**63)
        for phase in self.system.phases:
            self.optimisers[phase.name].zero_grad()
        values: dict[str, float] = {}
        for batch in batches:
            tensors = self.system.tensors(batch, self._place, self.fabric.device)
            for phase in self.system.phases:
                for name, value in self._backward(phase, tensors, len(batches)).items():
                    values[name] = values.get(name, 0.0) + value / len(batches)
        factor = rate_factor(self._place, self.config.optimiser)
        for phase in self.system.phases:
            self._move(phase, factor)
        average_statistics(self.fabric, self.system.networks.values())
        self._update_average(self.config.optimiser.average_decay)
        return values

    @property
    def _place(self) -> int:
        """The step of the configured schedule that this one stands for; a later one where time is short."""
        return max(self.step, int(self.share_done * self.config.optimiser.steps))

    def _backward(self, phase: Phase, batch: Any, parts: int) -> dict[str, float]:
        for name, network in self.system.networks.items():
            network.requires_grad_(name in phase.networks)
        losses = self.system.losses(phase.name, batch)
        if losses:
            self.fabric.backward(torch.stack([*losses.values()]).sum() / parts)
        return {f"loss/{name}": float(value.detach()) for name, value in losses.items()}

    def _move(self, phase: Phase, factor: float) -> None:
        optimiser = self.optimisers[phase.name]
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        if all(p.grad is None for p in parameters):
            return  # a critic that does not take part yet
        average_gradients(self.fabric, parameters)
        for group in optimiser.param_groups:
            group["lr"] = phase.learning_rate * factor
        if phase.gradient_clip is not None:
            limit = phase.gradient_clip
            self.fabric.clip_gradients(self._generator, optimiser, max_norm=limit, error_if_nonfinite=False)
        optimiser.step()

    def _update_average(self, decay: float) -> None:
        # A short memory at first: the initial weights must not linger in the mean.
        weight = 1.0 - min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self._generator.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value.detach().float(), weight)
                else:  # a counter, such as that of batch normalisation
                    self.average[name].copy_(value)

    def _validate(self, log: TrainingLog, stacks: list[SliceStack], view: RunView) -> None:
        if not self.fabric.is_global_zero:
            return
        results = self.system.validate(self.average_network(), stacks)
        if not results:  # images that are not paired
            return
        for result in results:
            log.write(self.step, {f"validation/{result.name}/{key}": value for key, value in result.values.items()})
            log.picture(self.step, f"validation/{result.name}", result.picture)
        gain = float(np.mean([result.values["gain"] for result in results]))
        self.validations_since_best = 0 if gain > self.best_gain else self.validations_since_best + 1
        self.best_gain = max(gain, self.best_gain)
        self.gain = gain
        view.validated(self.step, gain, self.system.gain_is)
        draw_curves(self.folder)

    def _is_over(self) -> bool:
        if self.share_done >= 1:
            return True
        patience = self.config.run.patience
        if patience is None:
            return False
        # Only the first process validates.
        return self.fabric.broadcast(self.validations_since_best >= patience)

    def _save(self, log: TrainingLog) -> None:
        if not self.fabric.is_global_zero:
            return
        state = {
            "name": self.config.name,
            "network_config": self.config.network.model_dump(),
            "networks": {name: network.state_dict() for name, network in self.system.networks.items()},
            "average": self.average,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "step": self.step,
            "seconds": self.seconds,
            "best_gain": self.best_gain,
            "gain": self.gain,
            "trained_on": self.trained_on,
            "validations_since_best": self.validations_since_best,
            "unwritten": log.collected,
        }
        with atomic_path(self.folder / CHECKPOINT_NAME) as temporary:
            torch.save(state, temporary)

    def _resume(self) -> None:
        if not (self.folder / CHECKPOINT_NAME).exists():
            return
        state = load_checkpoint(self.folder)
        if state["network_config"] != self.config.network.model_dump() or set(state["networks"]) != set(
            self.system.networks
        ):
            raise OutputError(
                f"The folder '{self.folder.name}' holds a run of another network. Choose another output folder."
            )
        for name, network in self.system.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.average = {name: value.to(self.fabric.device) for name, value in state["average"].items()}
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.best_gain, self.gain = float(state["best_gain"]), state.get("gain")
        self.validations_since_best = int(state["validations_since_best"])
        self._unwritten = dict(state.get("unwritten", {}))


def _prepare_run(folder: Path) -> Path:
    """Make a run's folder, unless it holds files of the run's names that no run wrote.

    Raises:
        OutputError: It does, or cannot be made or written to.
    """
    target = prepare_folder(folder)
    config, log = target / CONFIG_NAME, target / LOG_NAME
    if config.exists():
        try:
            read_config(config)
        except SettingsError as error:
            raise OutputError(
                f"The folder '{target.name}' holds a {CONFIG_NAME} that does not belong to a run. Choose another "
                f"folder. {error}"
            ) from error
    if log.exists() and not log.read_bytes().startswith(",".join(LOG_COLUMNS).encode()):
        raise OutputError(
            f"The folder '{target.name}' holds a {LOG_NAME} that does not belong to a run. Choose another folder."
        )
    return target


class _Steps(torch.utils.data.Dataset[list[Any]]):
    """The batches of a step by its number."""

    def __init__(self, sampler: Sampler, config: TrainingConfig, device: int) -> None:
        self.sampler = sampler
        self.config = config
        self.device = device

    def __getitem__(self, step: int) -> list[Any]:
        settings = self.config.optimiser
        return [
            self.sampler.batch(settings.batch, self.config.run.seed, step, self.device, number)
            for number in range(settings.accumulate)
        ]


def _unchanged(batches: list[Any]) -> list[Any]:
    return batches


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Read the checkpoint of a run, tensors and plain values only.

    Raises:
        SettingsError: There is none, or it is damaged.
    """
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        raise SettingsError(f"The folder '{folder.name}' holds no checkpoint. Give the output folder of a run.")
    try:
        _check_sums(path)
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not state.keys() >= STATE_NAMES:
            raise ValueError("entries are missing")
    except Exception as error:  # torch and zipfile raise many kinds for a damaged file.
        raise SettingsError(
            f"{CHECKPOINT_NAME} in '{folder.name}' is no checkpoint of this software, or is damaged ({error}). Take a "
            "copy of it from elsewhere, or begin in another folder."
        ) from error
    return state


def _check_sums(path: Path) -> None:
    """Compare every part of a checkpoint with its CRC-32, which torch writes and does not look at."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"the sum of its part '{bad}' is wrong")
