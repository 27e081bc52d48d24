"""The commands: thin doors to the library, each one call after another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..errors import RegionError
from ..image import read_image, read_mask
from ..radiomics import extract_features
from . import models
from . import options as given
from .console import output, print_json, progress_bar, warn
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
def enhance(
    image: Annotated[Path, typer.Argument(help=IMAGE_HELP, show_default=False)],
    model: Annotated[str, typer.Option(help="Name or folder of a model (see: models list).", show_default=False)],
    out: given.OutputFolder,
    mask: Annotated[
        Path | None, typer.Option(help=MASK_HELP, rich_help_panel=given.LESION_PANEL, show_default=False)
    ] = None,
    label: given.Label = None,
    box: Annotated[
        str | None,
        typer.Option(
            help="Instead of a mask: voxel indices i0,i1,j0,j1,k0,k1, each second one exclusive.",
            rich_help_panel=given.LESION_PANEL,
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Millimetres enhanced around the lesion.", rich_help_panel=given.LESION_PANEL)
    ] = 10.0,
    mask_rule: given.MaskRule = "linear",
    allow_volume_change: given.AllowVolumeChange = False,
    modality: Annotated[
        Literal["CT", "MR", "US"] | None, typer.Option(help="What the image is, where its file does not say.")
    ] = None,
    format: Annotated[Literal["nrrd", "nii.gz", "mha"], typer.Option(help="Format of the images written.")] = "nrrd",
    blur: Annotated[
        float | None,
        typer.Option(
            help="The image's blur in fine pixels (standard deviation), for models that are steered by it.",
            rich_help_panel=given.NETWORK_PANEL,
        ),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            help="The image's noise in its unit (standard deviation), for models that are steered by it.",
            rich_help_panel=given.NETWORK_PANEL,
        ),
    ] = None,
    device: given.Device = "auto",
    precision: given.Precision = "fp32",
    json: given.Json = False,
) -> None:
    """Enhance a lesion (given by a mask or a box) or, without either, the whole image."""
    from ..enhance import enhance as enhance_image
    from ..enhance import load_model

    if mask and box:
        raise RegionError("A mask and a box were given. Give one of them, or neither for the whole image.")
    region = given.parse_box(box) if box else None
    with staged_folder(out) as folder:
        scan = read_image(image, modality)
        lesion = read_mask(mask, scan.grid, label) if mask else None
        network = load_model(model, device, precision)
        with progress_bar(f"Enhancing {scan.name}") as progress:
            enhancement = enhance_image(
                scan,
                network,
                mask=lesion,
                box=region,
                margin_mm=margin,
                blur=blur,
                noise=noise,
                mask_rule=mask_rule,
                allow_volume_change=allow_volume_change,
                progress=progress,
            )
        files = enhancement.save(folder, format)
    for warning in enhancement.warnings:
        warn(warning)
    if json:
        print_json(
            {
                "files": {key: path.name for key, path in files.items()},
                "warnings": enhancement.warnings,
                "residual": enhancement.residual,
                "provenance": enhancement.provenance,
            }
        )
    else:
        output.print(f"{len(files)} files in {out}: {', '.join(path.name for path in files.values())}")


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
    settings = given.feature_settings(engine, bin_width, bin_count, classes, dimension, distance, distance_unit)
    scan = read_image(image)
    values = extract_features(scan, read_mask(mask, scan.grid, label), settings)
    if json:
        print_json(feature_values(values))
    else:
        output.print(feature_summary(values, scan.name))
