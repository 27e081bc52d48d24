"""The commands of `superres-train`."""

from __future__ import annotations

import typer

from .. import NOT_FOR_CLINICAL_USE
from .commands import evaluating, exporting, pictures, running

app = typer.Typer(
    name="superres-train",
    help=f"Train, export and evaluate the networks. {NOT_FOR_CLINICAL_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(running.init)
app.command()(running.run)
app.command()(running.resume)
app.command()(exporting.export)
app.command()(exporting.scans)
app.command()(evaluating.evaluate)
app.command()(evaluating.evidence)
app.command()(running.throughput)
app.command()(exporting.lesions)
app.command()(pictures.picture)
app.command("samples-picture")(pictures.samples_picture)
app.command("samples-page")(pictures.samples_page)
