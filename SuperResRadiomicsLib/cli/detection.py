"""The command that finds a lesion, and the box that `enhance` takes from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

import SuperResRadiomicsLib as srr

from ..errors import ModelError
from ..io.choices import ImageChoice
from ..io.hashes import hash_inputs
from ..terminal.console import output, print_json, warn
from . import groups, values
from . import options as given


@groups.takes_image_choice
def detect(
    read_as: ImageChoice,
    image: Annotated[Path, typer.Argument(help=given.IMAGE_HELP, show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(
            help="Name or folder of a detector; else the only one for the image's modality.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File (.json) for the result, or folder; else it is only shown.", show_default=False),
    ] = None,
    threshold: Annotated[float, typer.Option(help="Probability from which a slice counts.")] = 0.65,
    margin: Annotated[float, typer.Option(help="Millimetres around the lesion.")] = 5.0,
    modality: given.Modality = None,
    device: given.Device = "auto",
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Suggest where the lesion is, for a reader to check."""
    from ..models import find_detector

    scan = srr.read_image(image, modality, read_as)
    detector = srr.load_detector(model or find_detector(scan.modality).folder, device)
    found = srr.detect_lesion(scan, detector, threshold=threshold, margin_mm=margin)
    found = replace(found, provenance={**found.provenance, "inputs": hash_inputs({"image": image})})
    if out is not None:
        found.save(out, [image, detector.card.folder], overwrite)
    for warning in found.warnings:
        warn(warning)
    if json:
        print_json(found.to_dict())
    else:
        output.print(_table(found, scan.name, detector.card.name))
        output.print(f"The same box for enhance: --box {values.format_box(found.box)}", highlight=False, soft_wrap=True)


def detect_for(scan: srr.Image, network: srr.LoadedModel, detector: str | None) -> srr.LesionDetection:
    """Find the lesion that `enhance --box auto` works on.

    Args:
        scan: The image.
        network: The model that shall enhance it; its modality and device hold for the detector too.
        detector: Name or folder of a detector; without it the only one for the modality.

    Raises:
        ModelError: No such detector, or one for another modality.
        RegionError: No lesion was found.
    """
    from ..models import find_detector

    modality = network.card.modality
    loaded = srr.load_detector(detector or find_detector(modality).folder, network.device)
    if loaded.card.modality != modality:
        raise ModelError(
            f"The detector '{loaded.card.name}' is for {loaded.card.modality}, the model '{network.card.name}' for "
            f"{modality}. Choose two of one modality."
        )
    return srr.detect_lesion(scan, loaded)


def _table(found: srr.LesionDetection, image: str, detector: str) -> Table:
    """List the slices that count, and the lesion's box."""
    size = " x ".join(f"{n * s:.0f}" for n, s in zip(found.box.size, found.grid.spacing, strict=True))
    table = Table(
        title=f"Lesion in {image}, suggested by {detector}",
        caption=f"slices {found.run.start} to {found.run.stop - 1}, box of {size} mm with a margin of "
        f"{found.margin_mm:g} mm",
        box=SIMPLE_HEAD,
    )
    for name in ("slice", "probability", "i", "j", "k"):
        table.add_column(name, justify="right")
    for finding in found.slices:
        if finding.probability >= found.threshold:
            ranges = (f"{a} to {b - 1}" for a, b in zip(finding.box.start, finding.box.stop, strict=True))
            style = "bold" if finding.index in found.run else "dim"
            table.add_row(str(finding.index), f"{finding.probability:.2f}", *ranges, style=style)
    return table
