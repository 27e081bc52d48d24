"""Commands that train: a configuration for images of one's own, a run, how fast it could be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...errors import SettingsError
from ...io.outputs import save_record
from ...terminal.console import note, output, print_json, progress_bar, tell_warnings, warn
from .options import Config, Data, Json, Overwrite, RunFolder, check_new, with_data

if TYPE_CHECKING:
    from ..config import TrainingConfig

Minutes = Annotated[
    float | None,
    typer.Option(help="Training time in all; the schedule (steps, learning rate) is made to fit it.", min=0),
]


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of NRRD, NIfTI or MHA files.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The configuration to write (YAML).")] = Path("training.yaml"),
    modality: Annotated[
        Literal["CT", "MR", "US"] | None, typer.Option(help="What the images are, where their files do not say.")
    ] = None,
    task: Annotated[
        Literal["super-resolution", "through-plane"] | None,
        typer.Option(help="Finer pixels, or more slices; else what the images have most to gain from."),
    ] = None,
) -> None:
    """Write the configuration that suits a folder of images, and who of the patients is trained on."""
    from ..own_images import look_at, write_configuration

    with progress_bar(f"Looking at the images of '{folder.name}'") as progress:
        figures = look_at(folder, modality, progress)
    tell_warnings(f"Left out: {reason}" for reason in figures.skipped)
    splits = write_configuration(folder, figures, out, task)
    low, high = figures.pixel_mm
    slices = figures.slice_over_pixel
    apart = "" if slices is None else f", slices {slices:.1f} pixels apart"
    masks = sum(image.mask is not None for image in figures.images)
    note(
        f"{len(figures.images)} {figures.modality} images of {len(figures.patients)} patients, {masks} with a mask; "
        f"pixels of {low:.3g} to {high:.3g} mm{apart}. Window {figures.window[0]:g} to {figures.window[1]:g}; task "
        f"{task or figures.task}."
    )
    note(f"Wrote '{out.name}', and the patients' roles into '{splits.name}': look at both, then")
    note(f"  superres-train run {out} --out runs/{out.stem} --max-minutes 30")


def run(
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, logs.", show_default=False)],
    data: Data = None,
    max_minutes: Minutes = None,
) -> None:
    """Train a network; a run that was stopped goes on from its last checkpoint."""
    from ..config import read_config

    _train(with_data(read_config(config), data), out, max_minutes)


def resume(folder: RunFolder, max_minutes: Minutes = None) -> None:
    """Go on with a run that was stopped."""
    from ..config import read_config
    from ..trainer import CONFIG_NAME

    if not (folder / CONFIG_NAME).is_file():
        raise SettingsError(f"The folder '{folder.name}' holds no run. Give the folder that `run` wrote to.")
    _train(read_config(folder / CONFIG_NAME), folder, max_minutes)


def _train(config: TrainingConfig, folder: Path, max_minutes: float | None) -> None:
    from ...enhancement.checks import worse_than_interpolation
    from ..trainer import Trainer
    from ..view import SILENT, RunView

    trainer = Trainer(config, folder)
    first = trainer.fabric.is_global_zero
    trainer.run(max_minutes, RunView(config.run.log_every) if first else SILENT)
    if not first:
        return
    note(f"{trainer.step} of {config.optimiser.steps} steps done; the run is in '{folder.name}'.")
    if trainer.gain is not None and trainer.gain < 0:
        warn(worse_than_interpolation(config.name, trainer.gain))


def throughput(
    config: Config,
    data: Data = None,
    steps: Annotated[int, typer.Option(help="Steps that are timed.", min=1)] = 20,
    out: Annotated[Path | None, typer.Option(help="Write the figures to this JSON file.", show_default=False)] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Measure whether loading keeps up: samples a second that are loaded, and that training steps consume."""
    from ..config import read_config
    from ..throughput import measure_throughput

    settings = with_data(read_config(config), data)
    check_new(out, config, settings, overwrite)
    figures = measure_throughput(settings, steps)
    if out is not None:
        save_record(out, figures.as_dict(), overwrite=overwrite)
    if json:
        print_json(figures.as_dict())
        return
    workers = f"{figures.workers} workers" if figures.workers else "no workers"
    output.print(f"Loaded ({workers}): {figures.loading.samples_per_second:.1f} samples/s", highlight=False)
    output.print(f"Trained on ({figures.device}): {figures.training.samples_per_second:.1f} samples/s", highlight=False)
    output.print(f"Ratio: {figures.ratio:.2f}. {figures.verdict}", highlight=False, soft_wrap=True)
