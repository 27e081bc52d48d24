"""The laboratory's commands: all of `superres-train`, for comparators too, and those that only the papers need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import NOT_FOR_CLINICAL_USE
from ..io.outputs import check_outputs
from ..terminal.console import note, output, print_json
from ..training.app import app as training_app
from ..training.commands.options import (
    Config,
    Data,
    Figures,
    Overwrite,
    check_new,
    command_line,
    leave_features_out,
    show_figures,
    with_data,
)
from ..training.config import read_config
from ..training.evaluation import evaluate_contender
from ..training.perceptual.shipped import WEIGHTS_FOLDER
from ..training.volumes import list_volumes
from .baselines import DictionarySettings, dictionary_contender
from .perceptual import read_encoder_config, train_encoder
from .results import write_results_page

app = typer.Typer(
    name="python -m SuperResRadiomicsLib.papers",
    help=f"Repeat the papers: train comparators, measure them, write the tables. {NOT_FOR_CLINICAL_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.registered_commands.extend(training_app.registered_commands)


@app.command()
def evaluate_dictionary(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="Configuration of a model to stand beside.", show_default=False)],
    data: Data = None,
    out: Figures = None,
    atoms: Annotated[int, typer.Option(help="Pairs of atoms.")] = DictionarySettings.atoms,
    patches: Annotated[int, typer.Option(help="Patches to learn from.")] = DictionarySettings.patches,
    overwrite: Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Learn coupled dictionaries (DLSR) from the training patients and measure them on the test patients."""
    settings = leave_features_out(with_data(read_config(config), data))
    check_new(out, config, settings, overwrite)
    entries = list_volumes(settings.data, settings.run.seed)
    contender = dictionary_contender(settings, entries, DictionarySettings(atoms=atoms, patches=patches))
    results = evaluate_contender(contender, settings, entries, report=note)
    command = command_line(context, "evaluate-dictionary", config)
    show_figures(results | {"command": command}, out, overwrite, json)


@app.command()
def encoder(
    config: Config,
    instance: Annotated[str, typer.Option(help="Which encoder of the configuration.", show_default=False)],
    to: Annotated[
        Path | None, typer.Option(help="Folder of weights; else the one that is shipped.", show_default=False)
    ] = None,
    overwrite: Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train a perceptual encoder without labels and check it on the validation patients."""
    target, settings = to or WEIGHTS_FOLDER, read_encoder_config(config)
    check_outputs([target / f"{instance}{ending}" for ending in (".json", ".safetensors")], [config], overwrite)
    results = train_encoder(settings, instance, target, report=note)
    if json:
        print_json(results)
    else:
        output.print(f"The encoder '{instance}' is trained; its card holds the figures of the check.")


@app.command()
def results(
    config: Annotated[Path, typer.Argument(help="What to tabulate (YAML).", show_default=False)],
    stored: Annotated[Path, typer.Option(help="Folder of evaluations of models that are not shipped.")] = Path(
        "docs/results"
    ),
    out: Annotated[Path, typer.Option(help="The page.")] = Path("docs/results.md"),
    overwrite: Overwrite = False,
) -> None:
    """Write the page of results: one table a paper."""
    check_new(out, config, None, overwrite)
    write_results_page(config, stored, out)
    output.print(f"Wrote {out.name}.")
