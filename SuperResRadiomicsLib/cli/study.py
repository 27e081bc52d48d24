"""The commands of cohort studies; what they need is imported when they run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import StudyError
from ..study import EXTRA_PACKAGES
from ..terminal.console import note, output, print_json, progress_bar, warn
from ..terminal.exits import require
from .options import Json, Modality, Overwrite
from .tables import plain_table

MINUTE, HOUR = 60.0, 3600.0

app = typer.Typer(help="Features of many lesions: set up, run, follow, report.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]


@app.callback()
def _needs_its_extra() -> None:
    require(EXTRA_PACKAGES, "A cohort study", "study")


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
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compute the features that are not computed yet. May be killed and run again: it continues."""
    from ..study.run import run_study

    if scheduler and (workers or gpus):
        raise StudyError("A scheduler was given, so its workers decide. Leave --workers and --gpus out.")
    if scheduler and not scheduler.startswith("tls://"):
        warn(
            f"The scheduler at {scheduler} is not guarded by TLS: whoever reaches it can run code as you. Use it on a "
            "network of its own only."
        )
    with progress_bar("Computing features") as progress:
        summary = run_study(study, workers, gpus, scheduler, retry_bad, overwrite, progress)
    if json:
        counts = {"done": len(summary.done), "bad": summary.bad, "computed": summary.computed}
        print_json(counts | {"lost": list(summary.lost), "warnings": summary.warnings})
    else:
        _tell_bad(summary.bad)
        if summary.warnings:
            warn(f"There is something to know of {len(summary.warnings)} cases: see 'case_warnings' in the report.")
        output.print(
            f"{len(summary.done)} cases done ({summary.computed} computed now), {len(summary.bad)} bad.",
            highlight=False,
        )
    if summary.lost:
        raise StudyError(
            f"{len(summary.lost)} cases are lost: not even their errors could be written to the study's folder. Make "
            "space there, then run the study again; it continues."
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
def report(study: Folder, overwrite: Overwrite = False, json: Json = False) -> None:
    """Write the report: a page for the browser, every table as CSV, and all of it as JSON."""
    from ..study.report import write_report

    require(("matplotlib", "jinja2"), "The report of a study", "cli")
    written = write_report(study, overwrite)
    if json:
        print_json({"files": [path.name for path in written]})
        return
    output.print(f"The report is in {written[0].parent}:", markup=False, highlight=False, soft_wrap=True)
    for path in written:
        output.print(f"  {path.name}", markup=False, highlight=False)


@app.command()
def signature(
    study: Folder,
    file: Annotated[
        Path, typer.Argument(metavar="SIGNATURE", help="JSON or CSV with its coefficients.", show_default=False)
    ],
    outcome: Annotated[
        str | None, typer.Option(help="Column of the manifest with 0 and 1: area under the curve.", show_default=False)
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column with times, with --event: concordance index.", show_default=False)
    ] = None,
    event: Annotated[
        str | None, typer.Option(help="Column with 1 where the event was seen, 0 else.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables; else the study's report.", show_default=False)
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Evaluate a signature of your own on every image version; the report then has it too."""
    from ..stability import read_signature
    from ..study.folder import StudyFolder
    from ..study.signature import SignatureRequest, evaluate_signature
    from ..study.tables import save_tables, tables_to_dict

    tables = evaluate_signature(study, SignatureRequest(read_signature(file), outcome, time, event))
    target = out or StudyFolder.existing(study).report
    written = save_tables(target, tables, tables[0].name, [file], overwrite)
    if json:
        print_json(tables_to_dict(tables) | {"files": [path.name for path in written]})
        return
    for table in tables[:-1]:
        output.print(plain_table(table))
    _print_files(target, written)


@app.command("filter")
def keep_alike(
    manifest: Annotated[Path, typer.Argument(help="The manifest, or a study's folder.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The new manifest.", show_default=False)],
    pixel_spacing: Annotated[float | None, typer.Option(help="In mm.", show_default=False)] = None,
    slice_thickness: Annotated[float | None, typer.Option(help="In mm.", show_default=False)] = None,
    kernel: Annotated[
        str | None, typer.Option(help="Reconstruction kernel, or a pattern such as B3?f.", show_default=False)
    ] = None,
    spacing_tolerance: Annotated[float, typer.Option(help="In mm.")] = 0.05,
    thickness_tolerance: Annotated[float, typer.Option(help="In mm.")] = 0.1,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Keep the cases whose scans were acquired alike, by their headers; else the largest such group."""
    from ..study.folder import MANIFEST_NAME
    from ..study.homogeneity import Criteria, filter_manifest, left_out_path

    criteria = Criteria(pixel_spacing, slice_thickness, kernel, spacing_tolerance, thickness_tolerance)
    found = filter_manifest(manifest / MANIFEST_NAME if manifest.is_dir() else manifest, out, criteria, overwrite)
    if json:
        print_json({"kept": [case.name for case in found.kept], "left_out": dict(found.left_out)})
        return
    output.print(f"{len(found.kept)} cases kept, {len(found.left_out)} left out.", highlight=False)
    _print_files(out.parent, [out, left_out_path(out)])


def _print_files(folder: Path, files: Iterable[Path]) -> None:
    output.print(f"The results are in {folder}:", markup=False, highlight=False, soft_wrap=True)
    for path in files:
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
