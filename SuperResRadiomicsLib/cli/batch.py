"""Features of every case in a list: the options of `features --batch` and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BatchError, SettingsError
from ..io.choices import ImageChoice, MaskChoice
from ..io.files import write_json
from ..io.outputs import output_set
from ..terminal.console import output, print_json, progress_bar, warn

if TYPE_CHECKING:
    from ..radiomics import ParameterFile
    from ..radiomics.batch import Outcome

PANEL = "A list of cases, instead of one"

ListOfCases = Annotated[
    Path | None,
    typer.Option(
        "--batch",
        help="CSV with the columns Image and Mask, and if you like Label and Label_channel, as for pyradiomics.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Table = Annotated[
    Path | None,
    typer.Option(
        help="CSV file to write, a line for each case; the settings go to a JSON file beside it.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="How many processes compute.", rich_help_panel=PANEL)]


def refuse_beside_list(*single: Path | None) -> None:
    """Refuse an image or mask beside a list.

    Raises:
        SettingsError: There is one.
    """
    if any(single):
        raise SettingsError(
            "A list of cases and an image were given. The list names all images and masks: leave them out, or --batch."
        )


def run(
    listed: Path,
    out: Path | None,
    asked: ParameterFile,
    read_as: ImageChoice,
    lesion_in: MaskChoice,
    jobs: int,
    overwrite: bool,
    json: bool,
) -> None:
    """Compute the features of every case and write the table.

    Raises:
        SettingsError: No table to write was named.
        BatchError: The list is not valid, or no case of it could be computed (the table says why and is written).
        OutputError: The table would replace an input or a file of the user's.
    """
    from ..radiomics.batch import describe_table, extract_cases, read_cases, save_case_table

    if not out or out.suffix.lower() == ".json":
        raise SettingsError(
            "A list of cases was given without a file for its table, such as features.csv. Name one with --out."
        )
    cases, settings = read_cases(listed), asked.settings
    record = out.with_suffix(".json").name
    inputs = [listed, *cases.files, *filter(None, [asked.source])]
    with output_set(out.parent, record, names=[out.name], inputs=inputs, overwrite=overwrite) as staging:
        with progress_bar("Computing features") as progress:
            outcomes = extract_cases(cases, settings, read_as, lesion_in, jobs, progress, warn)
        save_case_table(staging / out.name, cases, outcomes, settings)
        write_json(staging / record, describe_table(outcomes, settings))
    _tell(out, outcomes, json)


def _tell(out: Path, outcomes: Sequence[Outcome], json: bool) -> None:
    failed = {outcome.case.line: outcome.error for outcome in outcomes if outcome.error}
    for line, error in failed.items():
        warn(f"Line {line}: {error}")
    warned = sum(1 for outcome in outcomes if outcome.diagnostics.get("Warnings"))
    if warned:
        warn(f"There is something to know of {warned} cases: see the column diagnostics_Warnings.")
    dimensions = {outcome.diagnostics["Configuration_Dimension"] for outcome in outcomes if not outcome.error}
    if len(dimensions) > 1:
        warn(
            "Some cases were measured in 2D and others in 3D, since their slices differ in thickness; such features "
            "cannot be compared. Choose one with --dimension."
        )
    done = len(outcomes) - len(failed)
    if json:
        print_json({"file": out.name, "done": done, "failed": {str(line): error for line, error in failed.items()}})
    else:
        output.print(f"{done} cases done, {len(failed)} failed: {out.name}", markup=False, highlight=False)
    if not done:
        raise BatchError(f"No case could be computed; '{out.name}' says why.")
