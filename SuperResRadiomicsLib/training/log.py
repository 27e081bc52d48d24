"""What a run writes down: a CSV file and TensorBoard events."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
from torch.utils.tensorboard import SummaryWriter

LOG_NAME = "log.csv"
LOG_COLUMNS = ("step", "name", "value")


class TrainingLog:
    """Collects the values of steps and writes their means; silent on all processes but the first."""

    def __init__(self, folder: Path, writes: bool) -> None:
        self.path = folder / LOG_NAME
        self._board = SummaryWriter(str(folder / "tensorboard")) if writes else None
        self._collected: dict[str, list[float]] = {}

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()

    def collect(self, values: dict[str, float]) -> None:
        """Keep a step's values; their sum is kept as ``loss``."""
        for name, value in {**values, "loss": sum(values.values())}.items():
            self._collected.setdefault(name, []).append(value)

    def write_means(self, step: int, more: dict[str, float]) -> None:
        """Write the means of what was collected since the last time, and further values."""
        means = {name: float(np.mean(values)) for name, values in self._collected.items()}
        self._collected.clear()
        self.write(step, {**means, **more})

    def write(self, step: int, values: dict[str, float]) -> None:
        """Write values at once."""
        if self._board is None:
            return
        fresh = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(LOG_COLUMNS)
            for name, value in values.items():
                writer.writerow([step, name, f"{value:.6g}"])
                self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: npt.NDArray[np.float32]) -> None:
        """Show an image (height, width), values in [0, 1]."""
        if self._board is not None:
            self._board.add_image(name, image[None], step)
