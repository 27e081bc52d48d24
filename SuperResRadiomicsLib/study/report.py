"""The report of a study: one self-contained page, and every table as CSV and JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..errors import StudyError
from ..io.files import write_json, write_text
from ..io.hashes import hash_inputs
from ..io.outputs import output_set
from ..radiomics.wording import DASH, number_text
from ..report.template import breakable, page_template
from ..stability.fiducial import FEWEST_FOR_INTERVAL
from .case_warnings import case_warnings, warning_tables
from .crate import CRATE_NAME, SOFTWARE_NAME, crate, software
from .cube import Cube, read_cube
from .delta import delta_tables
from .export import feature_table
from .findings import Findings
from .folder import CaseFile, StudyFolder, read_error
from .funnel import funnel_tables
from .gallery import draw_gallery
from .headline import headline
from .manifest import read_manifest
from .methods import CITATION, checklist, methods_paragraph
from .model_evidence import evidence_of_models
from .part import read_provenance
from .plots import Plot, draw_plots
from .protocol import Protocol, read_protocol
from .repeats import describe_repeats, repeat_tables, session_rows
from .result_tables import result_tables
from .signature import describe_request, read_requests, tables_or_reason
from .statistics import analyse
from .tables import csv_name, save_csv, tables_to_dict
from .unit import study_key
from .verdicts import NOT_APPLICABLE

PAGE_NAME, JSON_NAME = "report.html", "report.json"
TEMPLATE = "report.html.jinja"
FIRST = ("funnel", "survival_by_size", "case_warnings", "verdict_counts")
"""Tables that stand before the plots: which lesions these are, what to know of them, and what was found."""
SAYS_NOTHING = (None, NOT_APPLICABLE)


def write_report(root: str | os.PathLike[str], overwrite: bool = False) -> list[Path]:
    """Write the report of what a study has computed so far.

    Args:
        root: The study's folder.
        overwrite: Replace files in ``report`` that no report wrote.

    Returns:
        ``report.html``, ``report.json``, a CSV for each table, an SVG for each plot, ``software.txt`` with versions,
        and ``ro-crate-metadata.json``, which describes them, in the folder ``report``.

    Raises:
        StudyError: The folder holds no study, or no features.
        OutputError: The files cannot be written, or the user's own are in the way.
    """
    folder = StudyFolder.existing(root)
    protocol = read_protocol(folder.protocol)
    whole = read_cube(folder.features, protocol)
    cube = whole.first_sessions()
    findings = analyse(cube, protocol)
    requests = read_requests(folder)
    cases = read_manifest(folder.manifest, check_files=False)
    key = study_key(protocol)
    names = [case.name for case in cases]
    files = folder.current_files(key, names)
    _check_current(whole, files)
    findings = replace(findings, evidence=evidence_of_models(cube, protocol, files, findings.binning))
    tables = [*result_tables(cube, protocol, findings), *repeat_tables(whole, protocol)]
    tables += delta_tables(cube, cases, findings.binning)
    for request in requests:
        tables += tables_or_reason(request, cube, protocol, cases)
    bad = {name: str(read_error(file.path)["error"]) for name, file in files.items() if not file.done}
    engine = read_provenance(next(file.path for file in files.values() if file.done))["engine"]
    tables = [*funnel_tables(whole, len(names), bad), *warning_tables(case_warnings(files)), *tables]
    methods = [methods_paragraph(cube, protocol, findings, engine), describe_repeats(whole)]
    methods += [describe_request(request) for request in requests]
    content = {
        **_content(cube, protocol, findings),
        "retests": len(whole.cases) - len(cube.cases),
        "cases_in_manifest": len(names),
        "bad_cases": bad,
        "headline": headline(tables, protocol),
        "methods": " ".join(filter(None, methods)),
        "checklist": [list(item) for item in checklist(cube, protocol, retested=bool(session_rows(whole)))],
        **tables_to_dict(tables),
    }
    plots = list(draw_plots(cube, protocol, findings))
    tables.append(feature_table(whole, cases, findings.binning))
    names = [PAGE_NAME, JSON_NAME, SOFTWARE_NAME, *map(csv_name, tables), *map(_plot_name, plots)]
    hashes = hash_inputs({"protocol.yaml": folder.protocol, "manifest.csv": folder.manifest})
    today = date.today().isoformat()
    described = crate(protocol.title, today, names, content["methods"], hashes)
    names.append(CRATE_NAME)
    with output_set(folder.report, JSON_NAME, names=names, overwrite=overwrite) as staging:
        shown = {"gallery": draw_gallery(cases, protocol), "made_on": today, "plots": plots}
        write_text(staging / PAGE_NAME, _page(content | shown))
        write_text(staging / SOFTWARE_NAME, software())
        write_json(staging / CRATE_NAME, described)
        write_json(staging / JSON_NAME, content)
        for table in tables:
            save_csv(staging, table)
        for plot in plots:
            write_text(staging / _plot_name(plot), f"<!-- {NOT_FOR_CLINICAL_USE} -->\n{plot.svg}")
    return [folder.report / name for name in names]


def _check_current(cube: Cube, files: Mapping[str, CaseFile]) -> None:
    """Refuse features that were computed under another protocol, manifest, model or version of the software."""
    outdated = [case for case in cube.cases if case not in files or not files[case].done]
    if outdated:
        raise StudyError(
            f"The features of {len(outdated)} of {len(cube.cases)} cases ('{outdated[0]}' is the first) were computed "
            "before the protocol, a model, the manifest or the software changed. Run the study again: "
            "superres-radiomics study run."
        )


def _content(cube: Cube, protocol: Protocol, findings: Findings) -> dict[str, Any]:
    """Describe cohort and protocol, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "title": protocol.title,
        "kind": protocol.kind,
        "cases": list(cube.cases),
        "patients": len(set(cube.patients)),
        "groups": {group: cube.groups.count(group) for group in sorted(set(cube.groups))},
        "binning": findings.binning,
        "citation": CITATION,
        "protocol": protocol.model_dump(mode="json"),
    }


def _page(content: dict[str, Any]) -> str:
    tables = [page_table(table) for table in content["tables"]]
    first = [table for table in tables if table["name"] in FIRST]
    others = [table for table in tables if table["name"] not in FIRST]
    page: str = page_template(__package__, "templates", TEMPLATE, cell=_shown).render(
        **content, first=first, others=others, fewest_for_intervals=FEWEST_FOR_INTERVAL
    )
    return page


def page_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a table out for the page: numbers to the right, and columns that say nothing left out and named.

    Args:
        table: As in ``report.json``.
    """
    cells = [[row[number] for row in table["rows"]] for number in range(len(table["columns"]))]
    kept = [number for number, column in enumerate(cells) if not column or any(v not in SAYS_NOTHING for v in column)]
    columns = [
        {"title": table["columns"][number], "numeric": any(isinstance(value, int | float) for value in cells[number])}
        for number in kept
    ]
    empty = [title for number, title in enumerate(table["columns"]) if number not in kept]
    rows = [[row[number] for number in kept] for row in table["rows"]]
    return {**table, "columns": columns, "rows": rows, "empty": empty}


def _plot_name(plot: Plot) -> str:
    return f"{plot.name}.svg"


def _shown(value: Any) -> str:
    """Write a cell as people read it; a feature's key may end a line at each of its words."""
    if value is None:
        return DASH
    if isinstance(value, int | float):
        return number_text(float(value))
    return breakable(value) if "_" in value and " " not in value else str(value)
