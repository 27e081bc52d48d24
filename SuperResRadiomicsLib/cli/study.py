"""The commands of cohort studies; what they need is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import StudyError
from .console import note, output, print_json, progress_bar, warn
from .exits import require
from .options import Json, Modality

PACKAGES = ("dask", "distributed", "pyarrow", "pydantic", "yaml")
MINUTE, HOUR = 60.0, 3600.0

app = typer.Typer(help="Features of many lesions: set up, run, follow, report.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]


@app.callback()
def _needs_its_extra() -> None:
    require(PACKAGES, "A cohort study", "study")


@app.command()
def init(
    study: Folder,
    kind: Annotated[
        Literal["robustness", "restoration"],
        typer.Option(help="robustness: bins, masks, versions; restoration: reference, fast image, restored."),
    ] = "robustness",
    folder: Annotated[
        Path | None, typer.Option(help="Folder of images and masks to list; else a template.", show_default=False)
    ] = None,
    images: Annotated[str, typer.Option(help="Names of the images there; * is the case.")] = "*_image.nrrd",
    masks: Annotated[str, typer.Option(help="Names of the masks there; * is the case.")] = "*_mask.nrrd",
    groups: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns patient and group (or role) for the cases there.", show_default=False),
    ] = None,
    modality: Modality = None,
    json: Json = False,
) -> None:
    """Write a commented protocol and a manifest to edit."""
    from ..study.setup import find_cases, init_study, read_groups

    cases = find_cases(folder, images, masks, modality, read_groups(groups) if groups else None) if folder else None
    written = init_study(study, kind, cases)
    if json:
        print_json({"files": [path.name for path in written], "cases": len(cases or [])})
    else:
        listed = f", {len(cases)} cases" if cases else ""
        output.print(f"Set up in {study}{listed}:", markup=False, highlight=False, soft_wrap=True)
        for path in written:
            output.print(f"  {path.name}", markup=False, highlight=False)


@app.command()
def run(
    study: Folder,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes on this machine; else one a core.", show_default=False)
    ] = None,
    gpus: Annotated[int, typer.Option(min=0, help="How many of them have a GPU each.")] = 0,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler to use instead, such as tcp://host:8786.", show_default=False),
    ] = None,
    retry_bad: Annotated[
        bool, typer.Option("--retry-bad", help="Try cases again that were bad, though nothing changed.")
    ] = False,
    json: Json = False,
) -> None:
    """Compute the features that are not computed yet. May be killed and run again: it goes on."""
    from ..study.run import run_study

    if scheduler and (workers or gpus):
        raise StudyError("A scheduler was given, so its workers decide. Leave --workers and --gpus out.")
    with progress_bar("Computing features") as progress:
        summary = run_study(study, workers, gpus, scheduler, retry_bad, progress)
    if json:
        print_json({"done": len(summary.done), "bad": summary.bad, "computed": summary.computed})
    else:
        _tell_bad(summary.bad)
        output.print(
            f"{len(summary.done)} cases done ({summary.computed} computed now), {len(summary.bad)} bad.",
            highlight=False,
        )
    if not summary.done:
        raise StudyError("No case could be done; see the reasons above.")


@app.command()
def status(study: Folder, json: Json = False) -> None:
    """Say how far a study is, while it runs or after."""
    from ..study.progress import read_status

    found = read_status(study)
    if json:
        print_json(
            {
                "state": found.state,
                "total": found.total,
                "done": found.done,
                "bad": found.bad,
                "waiting": found.waiting,
                "outdated": found.outdated,
                "workers": found.workers,
                "seconds_per_case": found.seconds_per_case,
                "seconds_left": found.seconds_left,
            }
        )
        return
    _tell_bad(found.bad)
    left = "" if not found.seconds_left else f", about {_duration(found.seconds_left)} to go"
    counts = f"{found.done} of {found.total} cases done, {len(found.bad)} bad, {found.waiting} waiting"
    output.print(
        f"{found.state}: {counts}{left}.",
        highlight=False,
        soft_wrap=True,
    )
    if found.outdated:
        note(f"{found.outdated} of the waiting cases were computed under other settings and will be computed anew.")


@app.command()
def report(study: Folder, json: Json = False) -> None:
    """Write the report: a page for the browser, every table as CSV, and all of it as JSON."""
    from ..study.report import write_report

    require(("matplotlib", "jinja2"), "The report of a study", "cli")
    written = write_report(study)
    if json:
        print_json({"files": [path.name for path in written]})
        return
    output.print(f"The report is in {written[0].parent}:", markup=False, highlight=False, soft_wrap=True)
    for path in written:
        output.print(f"  {path.name}", markup=False, highlight=False)


def _tell_bad(bad: dict[str, Any]) -> None:
    for name, reason in bad.items():
        warn(f"{name}: {reason}")


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"
