"""How a run goes, for people: a bar with the time left where there is a terminal, else a line now and then; curves."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ..io.files import atomic_path
from ..terminal.console import note, notes
from .log import LOG_NAME

CURVES_NAME = "curves.png"
BLOCKS = "▁▂▃▄▅▆▇█"
LONGEST_SPARKLINE = 30


class RunView:
    """Tells on standard error what a run does; `SILENT` tells nothing.

    Args:
        every: Steps between lines where there is no terminal for a bar.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._gains: list[float] = []
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """Tell a sentence."""
        note(text)

    def stepped(self, step: int, share: float, seconds_left: float, loss: float) -> None:
        """Tell that a step is done.

        Args:
            step: Its number, from 1.
            share: How much of the whole run is done, from 0 to 1.
            seconds_left: About how long the rest takes.
            loss: Of the step.
        """
        text = f"step {step}, loss {loss:.4g}, about {duration(seconds_left)} left"
        if notes.is_terminal:
            self._show(text, share)
        elif step == 1 or step % self.every == 0:
            note(text)

    def validated(self, step: int, gain: float, what: str) -> None:
        """Tell the gain on held-out images, with its course so far, and what it is."""
        self._gains.append(gain)
        note(f"step {step}: {gain:+.2f} {what} on validation images  {sparkline(self._gains)}")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self, text: str, share: float) -> None:
        if self._bar is None:
            self._bar = Progress(TextColumn("{task.description}"), BarColumn(), console=notes)
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0)
        assert self._task is not None
        self._bar.update(self._task, completed=share, description=text)


class _Silent(RunView):
    def say(self, text: str) -> None: ...

    def stepped(self, step: int, share: float, seconds_left: float, loss: float) -> None: ...

    def validated(self, step: int, gain: float, what: str) -> None: ...


SILENT: RunView = _Silent(1)


def duration(seconds: float) -> str:
    """Write a time as people say it.

    Examples:
        >>> duration(42), duration(200), duration(7300)
        ('42 s', '3 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a line of blocks, the last thirty.

    Examples:
        >>> sparkline([0.0, 1.0, 2.0, 3.5])
        '▁▃▅█'
    """
    shown = list(values)[-LONGEST_SPARKLINE:]
    low, high = min(shown), max(shown)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] for value in shown)


def draw_curves(folder: Path) -> None:
    """Draw the losses and the validation of a run into ``curves.png``, anew; nothing without matplotlib."""
    log = folder / LOG_NAME
    if importlib.util.find_spec("matplotlib") is None or not log.is_file():
        return
    from matplotlib.figure import Figure

    curves = _read(log)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, points in curves.items():
        axes = left if name.startswith("loss") else right
        if axes is left or name.endswith("/gain"):
            axes.plot(*zip(*points, strict=True), label=name.removeprefix("validation/").removesuffix("/gain"))
    left.set(title="training", xlabel="step", ylabel="loss")
    right.set(title="validation", xlabel="step", ylabel="PSNR over interpolation, dB")
    right.axhline(0, color="0.5", linewidth=0.8)
    for axes in (left, right):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small")
    with atomic_path(folder / CURVES_NAME) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def _read(log: Path) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    with log.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            curves.setdefault(row["name"], []).append((int(row["step"]), float(row["value"])))
    return curves
