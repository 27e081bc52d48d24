"""The command that measures a scan and proposes what would help it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

import SuperResRadiomicsLib as srr

from ..io.choices import ImageChoice
from ..io.hashes import hash_inputs
from ..terminal.console import note, output, print_json, tell_warnings
from . import groups, values
from . import options as given


@groups.takes_image_choice
def scan(
    read_as: ImageChoice,
    image: Annotated[Path, typer.Argument(help=given.IMAGE_HELP, show_default=False)],
    box: Annotated[
        str | None,
        typer.Option(
            help="Measure around this lesion: voxel indices i0,i1,j0,j1,k0,k1, each second one exclusive; else all of "
            "the image.",
            show_default=False,
        ),
    ] = None,
    modality: given.Modality = None,
    json: given.Json = False,
) -> None:
    """Measure a scan's noise, blur and pixels, and propose what would help it most."""
    from ..enhancement.checks import plane_warnings

    read = srr.read_image(image, modality, read_as)
    proposal = srr.propose(read, values.parse_box(box) if box else None)
    quality = proposal.quality
    warnings = [*read.notes, *plane_warnings(read)]
    tell_warnings(warnings)
    if json:
        proposed = {"what": proposal.what, "reason": proposal.reason}
        inputs = hash_inputs({"image": image})
        print_json({"quality": quality.to_dict(), "proposal": proposed, "warnings": warnings, "inputs": inputs})
        return
    output.print(_table(quality, read.name))
    for text in quality.notes:
        note(text)
    output.print(proposal.sentence, markup=False, highlight=False, soft_wrap=True)


def _table(quality: srr.ScanQuality, name: str) -> Table:
    table = Table("measured", "value", title=f"Quality of {name}", box=SIMPLE_HEAD)
    unit = quality.unit if quality.unit == "HU" else ""
    table.add_row("pixels", f"{quality.pixel_mm:.3g} mm")
    table.add_row("slices", f"{quality.slice_mm:.3g} mm apart")
    if quality.noise is not None:
        table.add_row("noise (SD, flat tissue)", f"{quality.noise.value:.3g} ± {quality.noise.sd:.2g} {unit}")
    for region, value in (quality.noise_by_region or {}).items():
        table.add_row(f"noise in {region}", f"{value:.3g} {unit}")
    if quality.noise_correlation is not None:
        table.add_row("noise of neighbouring pixels", f"correlation {quality.noise_correlation:.2f}")
    if quality.blur_px is not None and quality.blur_mm is not None:
        blur, mm = quality.blur_px, quality.blur_mm
        table.add_row("blur (SD, beyond the pixels)", f"{blur.value:.2f} ± {blur.sd:.2f} px, {mm.value:.2f} mm")
    if quality.edge_mm is not None:
        table.add_row("steepest edges in plane (SD)", f"{quality.edge_mm:.2g} mm")
    if quality.edge_across_mm is not None:
        table.add_row("steepest edges across slices (SD)", f"{quality.edge_across_mm:.2g} mm")
    if quality.slices_share_noise is not None:
        table.add_row("noise of neighbouring slices", f"correlation {quality.slices_share_noise:.2f}")
    treatment = quality.treatment
    if treatment is not None:
        table.add_row("kernel", treatment.kernel)
        found = [word for word in ("upsampled", "jpeg", "streaks") if getattr(treatment, word)]
        table.add_row("traces of", ", ".join(found) or "no treatment")
    return table
