"""Commands that hand over: a run as a model, a data set's lesions as a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...errors import SettingsError
from ...io.outputs import check_outputs
from ...models import load_card, model_folders
from ...study import EXTRA_PACKAGES as STUDY_PACKAGES
from ...terminal.console import note, output, progress_bar, tell_warnings
from ...terminal.exits import require
from .options import Config, Data, Overwrite, RunFolder, command_line, with_data


def export(
    folder: RunFolder,
    config: Annotated[
        Path | None, typer.Option(help="Configuration with the card's texts; else the run's own.", show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder of models; else the one that is shipped.", show_default=False)
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a run's averaged weights and model card."""
    from ..config import read_config
    from ..export import export_run, export_warnings
    from ..trainer import CONFIG_NAME

    card = export_run(folder, read_config(config or folder / CONFIG_NAME), to or _models_folder(), overwrite)
    tell_warnings(export_warnings(card))
    output.print(
        f"Exported {card.display_name}. Its held-out figures are still missing: superres-train evaluate; and what its "
        "guard compares scans with: superres-train scans.",
        soft_wrap=True,
    )


def scans(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)],
    config: Annotated[Path, typer.Option(help="The configuration it was trained with.", show_default=False)],
    data: Data = None,
) -> None:
    """Measure the training images beside a model's card: what its guard compares users' scans with."""
    from ..config import read_config
    from ..known_scans import measure_known_scans, save_known_scans
    from ..volumes import list_volumes

    settings, card = with_data(read_config(config), data), load_card(model)
    entries = list_volumes(settings.data, settings.run.seed)
    with progress_bar("Measuring the training images") as progress:
        found = measure_known_scans(settings, entries, progress)
    path = save_known_scans(card, found, command_line(context, f"scans {card.name}", config))
    note(f"Measured {found.scans} scans of {found.patients} patients; wrote '{path.name}' of '{card.name}'.")


def _models_folder() -> Path:
    folders = model_folders()
    if not folders:
        raise SettingsError("There is no folder of shipped models here. Give one with --to.")
    return folders[-1]  # In a clone the one beside the package, not the room of this name.


def lesions(
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder of the study; gets lesions and a manifest.", show_default=False)],
    roles: Annotated[str, typer.Option(help="Whose lesions, separated by commas.")] = "test",
    include: Annotated[
        list[str], typer.Option(help="Path patterns of the volumes, instead of the configuration's.")
    ] = [],  # noqa: B006 - typer's way
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the lesions of a data set for a cohort study, each in the group that is its patient's role."""
    require(STUDY_PACKAGES, "A cohort study", "study")
    from ..config import read_config
    from ..lesions import LESIONS_NAME, MANIFEST_NAME, write_lesions
    from ..volumes import list_volumes

    settings = with_data(read_config(config), data)
    chosen = settings.data.model_copy(update={"include": tuple(include)} if include else {})
    entries = list_volumes(chosen, settings.run.seed)
    in_the_way = [out / MANIFEST_NAME, *(out / LESIONS_NAME).glob("*")]
    check_outputs(in_the_way, [config, chosen.data_folder], overwrite)
    manifest = write_lesions(chosen, entries, [role.strip() for role in roles.split(",")], out)
    note(f"Wrote the lesions and '{manifest.name}'. Next: a protocol, and superres-radiomics study run.")
