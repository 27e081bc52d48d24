"""Commands that show: a held-out slice, a lesion with its samples, the page about samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import SuperResRadiomicsLib as srr

from ...errors import ModelError, SettingsError
from ...terminal.console import output
from .options import Data, Model, Overwrite, TrainedWith, check_new, with_data


def picture(
    model: Model,
    config: TrainedWith,
    out: Annotated[Path, typer.Option(help="The PNG to write.", show_default=False)],
    case: Annotated[str | None, typer.Option(help="Path of a test case; else the first.", show_default=False)] = None,
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Show a held-out slice: what the model was given, what it made of it, the truth."""
    from ..config import read_config
    from ..held_out_picture import write_held_out_picture

    settings = with_data(read_config(config), data)
    check_new(out, config, settings, overwrite)
    output.print(write_held_out_picture(srr.load_model(model), settings, out, case), highlight=False)


def samples_picture(
    model: Annotated[str, typer.Argument(help="Name or folder of a model that draws samples.", show_default=False)],
    config: TrainedWith,
    out: Annotated[Path, typer.Option(help="The PNG to write.", show_default=False)],
    condition: Annotated[str | None, typer.Option(help="Scan condition by name.", show_default=False)] = None,
    patient: Annotated[str | None, typer.Option(help="A test patient; else the first.", show_default=False)] = None,
    rival: Annotated[
        str | None, typer.Option(help="Model beside it; else the first rival.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Show a test lesion with truth, rivals, two samples and their deviation, spectra and features."""
    from ..config import read_config
    from ..looks.picture import write_samples_picture

    settings = with_data(read_config(config), data)
    beside = rival or next(iter(settings.evaluation.feature_rivals), None)
    if beside is None:
        raise SettingsError(
            f"The configuration '{settings.name}' names no evaluation.feature_rivals. Give one: --rival."
        )
    models = srr.load_model(model), srr.load_model(beside)
    output.print(write_samples_picture(*models, settings, out, condition, patient), highlight=False)


def samples_page(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Models that draw samples; else all of them.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="The Markdown file to write.")] = Path("docs/samples.md"),
) -> None:
    """Write the page about samples from the models' cards."""
    from ...io.files import write_text
    from .. import samples_page as page

    write_text(out, page.samples_page({name: _card_or_none(name) for name in page.names_of(models or ())}))
    output.print(f"Wrote '{out.name}'.", highlight=False)


def _card_or_none(name: str) -> srr.Card | None:
    try:
        return srr.load_card(name)
    except ModelError:
        if Path(name).exists():
            raise
        return None
