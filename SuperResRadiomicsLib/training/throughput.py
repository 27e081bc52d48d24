"""Whether loading keeps up with training: samples per second of both."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from .config import TrainingConfig
from .trainer import Trainer

PREFETCHED = 2
"""Batches that torch's loader keeps ready for each worker."""


@dataclass(frozen=True)
class Timing:
    """How long something took.

    Attributes:
        samples: Patches or slices that went through.
        seconds: Time on the clock.
        cpu_seconds: Time of the processor in this process; what workers do is not in it.
    """

    samples: int
    seconds: float
    cpu_seconds: float

    @property
    def samples_per_second(self) -> float:
        """By the clock."""
        return self.samples / self.seconds


@dataclass(frozen=True)
class Throughput:
    """What the loader delivers and what training steps consume, on the same batches.

    Attributes:
        name: Of the configuration.
        device: Where the steps ran.
        workers: Processes that made batches ahead; 0: the training process itself.
        steps: How many were timed.
        loading: Of the loader alone.
        training: Of the steps alone, batches at hand.
    """

    name: str
    device: str
    workers: int
    steps: int
    loading: Timing
    training: Timing

    @property
    def ratio(self) -> float:
        """Samples per second of the loader over those of the steps."""
        return self.loading.samples_per_second / self.training.samples_per_second

    @property
    def keeps_up(self) -> bool:
        """Whether steps never wait for batches; without workers they always do."""
        return self.workers > 0 and self.ratio >= 1

    @property
    def verdict(self) -> str:
        """What that means for the run."""
        if self.keeps_up:
            return "Loading keeps up."
        if self.workers:
            return "Loading does not keep up: raise run.workers."
        share = self.loading.seconds / (self.loading.seconds + self.training.seconds)
        return f"Without workers every step waits for its batch, {share:.0%} of the time; run.workers load ahead."

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON-able figures."""
        figures = asdict(self)
        for part in ("loading", "training"):
            figures[part]["samples_per_second"] = getattr(self, part).samples_per_second
        return {**figures, "ratio": self.ratio, "keeps_up": self.keeps_up}


def measure_throughput(config: TrainingConfig, steps: int = 20, warm_up: int = 3) -> Throughput:
    """Time the loader alone, then training steps alone on the batches that it delivered.

    The steps are as after the last one of the configuration, when all networks take part. Nothing is kept.

    Args:
        config: The configuration; its workers load, its device trains.
        steps: How many are timed.
        warm_up: Steps before those; of the loader also the batches that its workers keep ready.

    Raises:
        SettingsError: The configuration's data are not there or not as it says.
    """
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder))
        first, ready = config.optimiser.steps, warm_up + PREFETCHED * config.run.workers
        batches = trainer.batches(trainer.load_sampler(), range(first, first + ready + steps))
        early = list(itertools.islice(batches, ready))
        clock = _Clock()
        timed = list(batches)
        loading = clock.timing(timed)
        trainer.step = first
        _train(trainer, early[:warm_up])
        clock = _Clock()
        _train(trainer, timed)
        return Throughput(
            config.name, str(trainer.fabric.device), config.run.workers, steps, loading, clock.timing(timed)
        )


def _train(trainer: Trainer, batches: Sequence[list[Any]]) -> None:
    for batches_of_step in batches:
        trainer.train_step(batches_of_step)
        trainer.step += 1
    getattr(torch, trainer.fabric.device.type).synchronize()


class _Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self.start, self.cpu_start = time.perf_counter(), time.process_time()

    def timing(self, batches: Sequence[list[Any]]) -> Timing:
        """Take the time until now, which some steps' batches took."""
        samples = sum(len(batch[0]) for batches_of_step in batches for batch in batches_of_step)
        return Timing(samples, time.perf_counter() - self.start, time.process_time() - self.cpu_start)
