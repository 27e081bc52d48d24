"""The report of a study: one self-contained page, and every table as CSV and JSON."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..files import prepare_folder, write_json, write_text
from .cube import Cube, read_cube
from .folder import StudyFolder, read_error
from .manifest import read_manifest
from .methods import CITATION, checklist, methods_paragraph
from .part import read_provenance
from .plots import draw_plots
from .protocol import Protocol, read_protocol
from .statistics import Findings, Table, analyse
from .unit import study_key

PAGE_NAME, JSON_NAME = "report.html", "report.json"
TEMPLATE = "report.html.jinja"


def write_report(root: str | os.PathLike[str]) -> list[Path]:
    """Write the report of what a study has computed so far.

    Returns:
        ``report.html``, ``report.json`` and a CSV for each table, in the folder ``report``.

    Raises:
        StudyError: The folder holds no study, or no features.
        OutputError: The files cannot be written.
    """
    folder = StudyFolder.existing(root)
    protocol = read_protocol(folder.protocol)
    cube = read_cube(folder.features, protocol)
    findings = analyse(cube, protocol)
    key = study_key(protocol)
    names = [case.name for case in read_manifest(folder.manifest, check_files=False)]
    files = folder.current_files(key, names)
    bad = {name: str(read_error(file.path)["error"]) for name, file in files.items() if not file.done}
    engine = read_provenance(next(file.path for file in files.values() if file.done))["engine"]
    prepare_folder(folder.report)
    content = _content(cube, protocol, findings, engine, bad, len(names))
    written = [folder.report / PAGE_NAME, folder.report / JSON_NAME]
    write_text(written[0], _page(content, cube, protocol, findings))
    write_json(written[1], content)
    for table in findings.tables:
        path = folder.report / f"{table.name}.csv"
        write_text(path, _csv(table))
        written.append(path)
    return written


def _content(
    cube: Cube, protocol: Protocol, findings: Findings, engine: dict[str, Any], bad: dict[str, str], total: int
) -> dict[str, Any]:
    """Everything but the plots, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "title": protocol.title,
        "kind": protocol.kind,
        "cases": list(cube.cases),
        "patients": len(set(cube.patients)),
        "groups": {group: cube.groups.count(group) for group in sorted(set(cube.groups))},
        "cases_in_manifest": total,
        "bad_cases": bad,
        "binning": findings.binning,
        "methods": methods_paragraph(cube, protocol, findings, engine),
        "citation": CITATION,
        "checklist": [list(item) for item in checklist(cube, protocol, findings)],
        "protocol": protocol.model_dump(mode="json"),
        "tables": [
            {"name": table.name, "title": table.title, "note": table.note, "columns": list(table.columns),
             "rows": [list(row) for row in table.rows]}
            for table in findings.tables
        ],
    }  # fmt: skip


def _page(content: dict[str, Any], cube: Cube, protocol: Protocol, findings: Findings) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["cell"] = _shown
    plots = list(draw_plots(cube, protocol, findings))
    page: str = environment.get_template(TEMPLATE).render(**content, plots=plots)
    return page


def _shown(value: Any) -> str:
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _csv(table: Table) -> str:
    text = io.StringIO()
    text.write(f"# {NOT_FOR_CLINICAL_USE}\n# {table.title}. {table.note}\n")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(tuple("" if cell is None else cell for cell in row) for row in table.rows)
    return text.getvalue()
