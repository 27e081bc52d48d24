"""Arguments that the commands of training share, and what is done with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...io.outputs import check_outputs, save_record
from ...models import Card
from ...models.headline import headlines
from ...terminal.console import output, print_json

if TYPE_CHECKING:
    from ..config import TrainingConfig

REPOSITORY = Path(__file__).resolve().parents[3]

Config = Annotated[Path, typer.Argument(help="Training configuration (YAML).", show_default=False)]
TrainedWith = Annotated[
    Path, typer.Option("--config", help="The configuration it was trained with.", show_default=False)
]
Model = Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)]
Data = Annotated[Path | None, typer.Option(help="Folder of volumes, instead of the configuration's.")]
Figures = Annotated[Path | None, typer.Option(help="Write the figures to this JSON file.", show_default=False)]

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files in the way, but never an input.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]


def check_new(path: Path | None, config: Path, settings: TrainingConfig | None, overwrite: bool, *others: Path) -> None:
    """Refuse, before the work, a file to write that is there already, or an input.

    Args:
        path: The file; nothing is checked without one.
        config: The configuration's file.
        settings: What it holds; its volumes are inputs.
        overwrite: Whether a file in the way may be replaced; an input never.
        others: Further inputs.

    Raises:
        OutputError: It is in the way.
    """
    if path is not None:
        data = [] if settings is None or not settings.data.data_folder.exists() else [settings.data.data_folder]
        check_outputs([path], [config, *data, *others], overwrite)


def command_line(context: typer.Context, command: str, config: Path) -> str:
    """Record the command that is running, as it goes into what it writes.

    Args:
        context: Of the command.
        command: Its name and the arguments to tell of.
        config: The configuration; named from the repository's root where it lies there.
    """
    path = config.resolve()
    shown = path.relative_to(REPOSITORY).as_posix() if path.is_relative_to(REPOSITORY) else path.name
    return f"{context.find_root().info_name} {command} --config {shown}"


def show_figures(
    results: dict[str, Any], out: Path | None, overwrite: bool, json: bool, card: Card | None = None
) -> None:
    """Print an evaluation, as JSON or a line for each degradation, and write it to a file, if asked for."""
    if json:
        print_json(results)
    else:
        for line in headlines(results, detects=card is not None and card.detects):
            output.print(line, highlight=False)
    if out is not None:
        save_record(out, results, overwrite=overwrite, compact=True)


def leave_features_out(config: TrainingConfig) -> TrainingConfig:
    """Change a configuration so that no lesion features are compared, which takes most of the time."""
    return config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"features": False})})


def with_data(config: TrainingConfig, folder: Path | None) -> TrainingConfig:
    """Change the folder of volumes, where one is given; where these images come from is then not known."""
    if not folder:
        return config
    from ..config import NOT_STATED

    data = config.data.model_copy(update={"folder": folder})
    return config.model_copy(update={"data": data, "sources": (), "licence": NOT_STATED})
