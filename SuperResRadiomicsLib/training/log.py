"""What a run writes down: a CSV file and TensorBoard events."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
from torch.utils.tensorboard import SummaryWriter

from ..io.files import write_text

LOG_NAME = "log.csv"
LOG_COLUMNS = ("step", "name", "value")


class TrainingLog:
    """Collects the values of steps and writes their means; silent on all processes but the first.

    A run that was killed has written about steps after its last checkpoint. They are made again,
    so that what was written about them is taken back.

    Args:
        folder: Where to write.
        writes: Whether this process is the one that writes.
        step: Steps done so far; later ones are taken back.
        collected: What earlier steps collected and did not write; see `collected`.
    """

    def __init__(
        self, folder: Path, writes: bool, step: int = 0, collected: Mapping[str, list[float]] | None = None
    ) -> None:
        self.path = folder / LOG_NAME
        self._collected = {name: list(values) for name, values in (collected or {}).items()}
        self._board = None
        if writes:
            self._take_back(step)
            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    @property
    def collected(self) -> dict[str, list[float]]:
        """The values of steps since the last time that means were written."""
        return {name: list(values) for name, values in self._collected.items()}

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

    def _take_back(self, step: int) -> None:
        if not self.path.is_file():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [list(LOG_COLUMNS)]
        kept = [row for row in rows if int(row[0]) <= step]
        lines = [",".join(row) for row in [header, *kept]]
        write_text(self.path, "\n".join(lines) + "\n")

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
            writer = csv.writer(file, lineterminator="\n")
            if fresh:
                writer.writerow(LOG_COLUMNS)
            for name, value in values.items():
                writer.writerow([step, name, f"{value:.6g}"])
                self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: npt.NDArray[np.float32]) -> None:
        """Show an image (height, width), values in [0, 1]."""
        if self._board is not None:
            self._board.add_image(name, image[None], step)
