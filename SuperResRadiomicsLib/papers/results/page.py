"""The page of results: one section a paper, its tables, box plots, targets and pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import NOT_FOR_CLINICAL_USE
from ...io.files import prepare_folder, write_text
from ...stability import Comparison, Evidence
from ...training.config import read_yaml
from ...training.evaluation.methods import NETWORK
from ...training.evaluation.record import Record
from ...training.evaluation.statistics import MANN_WHITNEY, PAIRED_T, WILCOXON, compare_methods
from ...training.model_page import FIGURE_NAMES, METHOD_NAMES, REGION_NAMES, markdown_table
from .config import PaperResults, Picture, ResultsConfig, ResultsTable
from .plots import write_box_plots
from .stored import StoredResults
from .studies import STUDIES, restoration_section, robustness_section
from .targets import target_table

INTRODUCTION = (
    "Figures of test patients, never trained on, made by `superres-train evaluate` through the pipeline that "
    "users run; this page by `python -m SuperResRadiomicsLib.papers results "
    "SuperResRadiomicsLib/papers/results.yaml`. Medians over slices. Methods are "
    "compared on the slices that all of a table's have; differences of PSNR are means over patients, in the "
    "region of the table. Each paper's own test is given over slices, as the paper has it, and over patients, "
    "because slices of one patient are not independent: Mann-Whitney is two-sided and adjusted for all pairs of "
    "methods (Benjamini and Hochberg), paired t two-sided, Wilcoxon signed-rank one-sided (the first network is "
    "better). With fewer than six patients there is the 95% interval of the difference instead; where an "
    "evaluation holds no figures of single slices, nothing. The perceptual distance is our encoder-b's: 1 is the "
    "mean distance between a patch and its 2x coarser version; no loss uses that encoder. Box plots show "
    "quartiles and the 5 to 95% range of slices; points are medians of patients. Networks whose weights are not "
    "shipped are marked *; their figures are stored in `docs/results`, their configurations in "
    "`SuperResRadiomicsLib/papers/configurations`."
)
TEST_NAMES = {MANN_WHITNEY: "Mann-Whitney", PAIRED_T: "paired t", WILCOXON: "Wilcoxon"}


def write_results_page(config: str | os.PathLike[str], stored: Path, page: Path) -> None:
    """Write the page, and its box plots into the folder that is called as the page.

    Args:
        config: YAML file with `ResultsConfig`.
        stored: Folder of evaluations (``NAME.json``, as ``superres-train evaluate --out`` writes).
        page: The Markdown file.

    Raises:
        SettingsError: The configuration is not valid, names a network without figures and without a reason for
            it.
    """
    settings, results = read_yaml(config, ResultsConfig), StoredResults(stored)
    plots = prepare_folder(page.with_suffix(""))
    parts = ["# Results", f"**{NOT_FOR_CLINICAL_USE}**", INTRODUCTION]
    for paper in settings.papers:
        parts += _section(paper, results, plots)
    write_text(page, "\n\n".join(parts) + "\n")


def _section(paper: PaperResults, results: StoredResults, plots: Path) -> list[str]:
    parts = [f"## {paper.title}", f"**Theirs.** {paper.theirs}", f"**What differs.** {paper.difference}"]
    for table in paper.tables:
        parts.append(f"### {table.title}")
        reasons = {name: results.absence(name, table.not_run) for name in table.networks}
        present = [name for name, reason in reasons.items() if reason is None]
        if present and results.is_detector(present[0]):
            parts.append(_box_table(present, results))
        elif present:
            name = f"{paper.title.split(':')[0]}-{table.title}"
            parts += _quality(table, present, results, plots / (re.sub(r"\W+", "-", name.lower()) + ".svg"))
        if absent := [f"`{name}` ({reason})" for name, reason in reasons.items() if reason is not None]:
            parts.append(f"Not run: {'; '.join(absent)}.")
    if paper.targets:
        parts.append(target_table(paper.targets, results, paper.reasons))
    for robustness in paper.robustness:
        parts += robustness_section(robustness, results.folder / STUDIES)
    for restoration in paper.restoration:
        parts += restoration_section(restoration, results.folder / STUDIES)
    return [*parts, *(_picture(picture) for picture in paper.pictures)]


def _box_table(networks: Iterable[str], results: StoredResults) -> str:
    rows = []
    for name in networks:
        for degradation, figures in results.of(name)["degradations"].items():
            shares = [f"{figures[key]:.1%}" for key in ("perfect", "acceptable", "median_area_share", "missed")]
            ratio, alarms = f"{figures['median_area_ratio']:.2f}", f"{figures['false_alarms']:.1%}"
            rows.append([results.label(name), degradation, figures["lesions"], *shares, ratio, alarms])
    head = (
        "detector",
        "input",
        "lesions",
        "wholly",
        "95%",
        "median area",
        "missed",
        "times the lesion's",
        "false alarms",
    )
    return markdown_table(head, rows)


def _quality(table: ResultsTable, networks: Sequence[str], results: StoredResults, plot: Path) -> list[str]:
    """Write a table for each degradation, and the link to the box plots of all of them."""
    first, degradations = networks[0], results.of(networks[0])["degradations"]
    parts: list[str] = []
    records: dict[str, Record] = {}
    labels: dict[str, str] = {}
    for degradation in table.degradations or tuple(degradations):
        region = degradations[degradation]["regions"][table.region]
        methods = [m for m in METHOD_NAMES if m != NETWORK and m in region["figures"]["psnr"]]
        judged = [name for name in networks if results.summary(name, degradation, table.region, "psnr")]
        records[degradation] = results.side_by_side(degradation, methods, first, judged)
        count = f"{region['slices']} slices of {region['patients']} patients"
        parts += [
            f"{degradation}, {REGION_NAMES[table.region]}, {count}:",
            _quality_table(table, degradation, methods, judged, results, records[degradation]),
        ]
        labels |= {m: METHOD_NAMES[m] for m in methods} | {name: results.label(name) for name in judged}
    drawn: set[str] = set()
    for record in records.values():
        drawn.update(record.regions.get(table.region, {}))
    if not drawn:
        return parts
    write_box_plots(plot, records, table.region, {name: label for name, label in labels.items() if name in drawn})
    return [*parts, f"![Box plots of {table.title}]({plot.parent.name}/{plot.name})"]


def _quality_table(
    table: ResultsTable,
    degradation: str,
    methods: Sequence[str],
    networks: Sequence[str],
    results: StoredResults,
    record: Record,
) -> str:
    first, others = networks[0], [*methods, *networks[1:]]
    tests = {
        t: compare_methods(record, table.region, "psnr", first, others, t)
        for t in dict.fromkeys((table.test, WILCOXON))
    }
    figures = [f for f in FIGURE_NAMES if results.summary(first, degradation, table.region, f)]
    rows = []
    for name in (*methods, *networks):
        source = (first, name) if name in methods else (name, NETWORK)
        medians = [_median(results.summary(source[0], degradation, table.region, f, source[1])) for f in figures]
        label = METHOD_NAMES[name] if name in methods else results.label(name)
        rows.append([label, *medians, *_comparison([found.get(name) for found in tests.values()])])
    head = ["image", *(FIGURE_NAMES[figure] for figure in figures), f"PSNR of {results.label(first)} above it, dB"]
    for test in tests:
        head += [f"{TEST_NAMES[test]}, slices", f"{TEST_NAMES[test]}, patients"]
    return markdown_table(head, rows)


def _median(summary: Mapping[str, Any]) -> str:
    return f"{summary['median']:.4g}" if summary else ""


def _comparison(found: Sequence[Comparison | None]) -> list[str]:
    """Difference over patients, then p over slices and over patients for each test."""
    given = [comparison for comparison in found if comparison is not None]
    if not given:
        return [""] * (1 + 2 * len(found))
    cells = [f"{given[0].patients.difference:+.2f}"]
    for comparison in given:
        cells += [_p(comparison.slices), _p(comparison.patients)]
    return cells


def _p(evidence: Evidence) -> str:
    p = evidence.p if evidence.adjusted_p is None else evidence.adjusted_p
    low, high = evidence.interval
    return f"{p:.2g}" if p is not None else f"{low:+.2f} to {high:+.2f}"


def _picture(picture: Picture) -> str:
    name, case = picture.model, "" if picture.case is None else f" --case {picture.case}"
    file = f"images/{name}.png"
    command = f"superres-train picture {name} --config Resources/training/{name}.yaml --out docs/{file}{case}"
    return f"![{picture.caption}]({file})\n\n{picture.caption} Made by `{command}`. {picture.credit}"
