"""The commands: thin doors to the library, each one call after another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import NOT_FOR_CLINICAL_USE, __version__
from . import models
from . import options as given
from .console import note, output, print_json, progress_bar, warn
from .staging import staged_folder
from .tables import feature_summary, feature_values

app = typer.Typer(
    help=f"Super-resolve a lesion and see what that did to its radiomic features. {NOT_FOR_CLINICAL_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models.app, name="models")

IMAGE_HELP = "NRRD, NIfTI or MHA file, or a folder with one DICOM series."
MASK_HELP = "Label image of the lesion, on the image's grid."


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(__version__, highlight=False)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def features(
    image: Annotated[Path, typer.Argument(help=IMAGE_HELP, show_default=False)],
    mask: Annotated[Path, typer.Argument(help=MASK_HELP, show_default=False)],
    label: given.Label = None,
    engine: given.Engine = "pyradiomics",
    bin_width: given.BinWidth = None,
    bin_count: given.BinCount = None,
    classes: given.Classes = None,
    dimension: given.Dimension = "auto",
    distance: given.Distance = 1.0,
    distance_unit: given.DistanceUnit = "voxel",
    json: given.Json = False,
) -> None:
    """Compute the radiomic features of a lesion in one image."""
    from ..image import read_image, read_mask
    from ..radiomics import extract_features

    settings = given.feature_settings(engine, bin_width, bin_count, classes, dimension, distance, distance_unit)
    scan = read_image(image)
    values = extract_features(scan, read_mask(mask, scan.grid, label), settings)
    if json:
        print_json(feature_values(values))
    else:
        output.print(feature_summary(values, scan.name))
