"""Commands that hand over: a run as a model, a data set's lesions as a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...errors import SettingsError
from ...io.outputs import check_outputs
from ...models import model_folders
from ...study import EXTRA_PACKAGES as STUDY_PACKAGES
from ...terminal.console import note, output, tell_warnings
from ...terminal.exits import require
from .options import Config, Data, Overwrite, RunFolder, with_data


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
    output.print(f"Exported {card.display_name}. Its held-out figures are still missing: superres-train evaluate.")


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
