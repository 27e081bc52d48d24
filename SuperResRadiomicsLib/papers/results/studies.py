"""Cohort studies beside a paper's: from the reports that ``superres-radiomics study report`` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SettingsError
from ...stability.intraclass import BANDS
from ...training.model_page import markdown_table
from .config import RestorationStudy, RobustnessStudy

STUDIES = "studies"
"""Folder of stored reports, in that of evaluations."""
RANKED = 5
EXCELLENT_ABOVE = BANDS[-2][0]
RESTORED = {
    "concordant": "features with CCC of at least 0.85",
    "different": "features with p < 0.05 (lesions, not adjusted)",
    "different, patients": "features with p < 0.05 (patients, adjusted)",
    "score su": "mean difference of the score of Su et al.",
    "score chien": "mean difference of the score that they name as reference 29",
    "difference map": "difference of lesion voxels from the reference",
    "restored": "features whose error is smaller than the fast image's",
    "made worse": "features whose error is larger",
}
"""Rows of a restoration study's table."""
RESTORATION_NOTE = (
    "A share of features has no interval that holds what it promises with few patients ([why](intervals.md)). Our "
    "differences of scores are version minus reference, in standard deviations of the reference cohort; theirs do not "
    "say which way. The null model is the fast image with as much white noise as interpolation lost, unknown to the "
    "paper."
)
FIGURES = {
    "scree": "Variance explained by each component",
    "loadings": "Loadings on the first two components",
    "importance": "Most important texture features",
}
"""Plots of a robustness study (figure 6 of de Farias et al. 2021), stored beside the report as ``NAME-PLOT.svg``."""


class StoredReport:
    """A report of a study.

    Args:
        path: Its JSON.

    Raises:
        SettingsError: There is none.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SettingsError(
                f"There is no report '{path.name}' in '{path.parent.name}'. Run the study, copy its report.json there."
            )
        self.content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.tables = {table["name"]: table for table in self.content["tables"]}

    @property
    def cohort(self) -> str:
        """How many lesions and patients, by the patients' role."""
        groups = ", ".join(f"{count} of role {group}" for group, count in self.content["groups"].items() if group)
        return f"{len(self.content['cases'])} lesions of {self.content['patients']} patients ({groups})"

    @property
    def limit(self) -> float:
        """The concordance from which a feature counts as reproduced."""
        return float(self.content["protocol"]["statistics"]["concordance"])

    @property
    def level(self) -> float:
        """The level of significance."""
        return float(self.content["protocol"]["statistics"]["alpha"])

    def has(self, table: str, title: str) -> bool:
        """Say whether a table is there and has a column."""
        return title in self.tables.get(table, {"columns": ()})["columns"]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Read the rows of a table, each by the columns' titles; none where the report lacks the table."""
        found = self.tables.get(table, {"columns": [], "rows": []})
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    def column(self, table: str, title: str) -> dict[str, float | None]:
        """Read a column of a table by the table's first one; empty where the report lacks the table.

        Raises:
            SettingsError: The table has no such column.
        """
        if table not in self.tables:
            return {}
        if not self.has(table, title):
            raise SettingsError(
                f"The table '{table}' of a stored report has no column '{title}', only "
                f"{', '.join(self.tables[table]['columns'])}. Make the report again and store it."
            )
        first = self.tables[table]["columns"][0]
        return {row[first]: row[title] for row in self.rows(table)}


def robustness_section(study: RobustnessStudy, folder: Path) -> list[str]:
    """Write tables 1 and 2 and figure 6 of de Farias et al. 2021, theirs and ours.

    Raises:
        SettingsError: A report is not there.
    """
    reports = _read(study.reports, folder)
    icc: dict[str, dict[str, dict[str, float | None]]] = {}
    for cohort, report in reports.items():
        columns = {version: report.column("icc_over_bins", f"{version}: ICC(3,1)") for version in study.versions}
        icc[cohort] = columns
    ours = [feature for feature in _excellent_somewhere(icc) if feature not in study.correlations]
    head = ["feature", *_titles(study.versions, reports)]
    rows = []
    for feature in (*study.correlations, *ours):
        theirs = study.correlations.get(feature, (None,) * len(study.versions))
        found = [icc[cohort][v].get(f"original_{feature}") for cohort, v in product(reports, study.versions)]
        rows.append([feature, *map(_three, theirs), *map(_three, found)])
    text = (
        "ICC(3,1) over six numbers of bins, the mask as it is. First the features that are excellent (above "
        f"{EXCELLENT_ABOVE:g}) in one of their groups, then those that are in one of ours alone."
    )
    parts = [f"### {study.title}", _cohorts(reports), text, markdown_table(head, rows), _summary(study, reports, icc)]
    if study.compared:
        parts += ["Relative difference of the ICC of the GAN image, in percent:", _relative(study, icc)]
    cohort, name = next(iter(study.reports.items()))
    plots = [f"![{text}, {cohort}]({folder.parent.name}/{STUDIES}/{name}-{plot}.svg)" for plot, text in FIGURES.items()]
    return [*parts, *plots]


def _summary(study: RobustnessStudy, reports: Mapping[str, StoredReport], icc: Mapping[str, Any]) -> str:
    def robust(cohort: str) -> str:
        counts = []
        for version in study.versions:
            values = icc[cohort][version].values()
            counts.append(sum((value or 0) > EXCELLENT_ABOVE for value in values))
        return " / ".join(map(str, counts))

    def best_bins(report: StoredReport) -> str:
        counts = report.column("bin_choice", "robust features")
        best = max((value or 0 for value in counts.values()), default=0)
        return " and ".join(str(bins) for bins, count in counts.items() if count == best)

    def explained(report: StoredReport) -> str:
        shares = report.column("components", "together")
        return " / ".join(f"{shares[version] or np.nan:.1%}" for version in study.versions)

    versions = " / ".join(study.versions)
    rows: list[list[Any]] = [
        [f"excellent features: {versions}", " / ".join(map(str, study.excellent)), *(robust(c) for c in reports)],
        ["bins with the most robust features", study.bins, *(best_bins(r) for r in reports.values())],
        [f"variance of three components: {versions}", f"at least {study.explained:.0%}",
         *(explained(r) for r in reports.values())],
    ]  # fmt: skip
    for version in study.versions:
        ranked = (_most_important(report, version) for report in reports.values())
        rows.append([f"most important: {version}", ", ".join(study.ranking.get(version, ())), *ranked])
    return markdown_table(("what", "theirs", *reports), rows)


def _most_important(report: StoredReport, version: str) -> str:
    importance = report.column("importance", version)
    ordered = sorted(importance, key=lambda feature: -(importance[feature] or 0))
    return ", ".join(feature.removeprefix("original_") for feature in ordered[:RANKED])


def _relative(study: RobustnessStudy, icc: Mapping[str, Any]) -> str:
    *others, enhanced = study.versions
    sources = ["theirs", *icc]
    rows = []
    for feature in study.compared:
        values = {"theirs": dict(zip(study.versions, study.correlations[feature], strict=True))}
        for cohort, tables in icc.items():
            values[cohort] = {version: tables[version].get(f"original_{feature}") for version in study.versions}
        cells = [_percent(values[source][enhanced], values[source][v]) for source, v in product(sources, others)]
        rows.append([feature, *cells])
    head = ["feature", *(f"against {version}, {source}" for source, version in product(sources, others))]
    return markdown_table(head, rows)


def restoration_section(study: RestorationStudy, folder: Path) -> list[str]:
    """Write the headline of Moummad et al. 2022, theirs and ours, and the concordance by feature class.

    Raises:
        SettingsError: A report is not there.
    """
    reports = _read(study.reports, folder)
    ours = list(product(reports.values(), study.versions))
    head = ["what", *_titles(study.versions, reports)]
    rows = []
    for key, text in RESTORED.items():
        theirs = [_figure(key, value) for value in study.theirs.get(key, (None,) * len(study.versions))]
        rows.append([text, *theirs, *(_restored(report, key, version) for report, version in ours)])
    classes = []
    for name in _classes(next(iter(reports.values()))):
        classes.append([name, *(_class_share(report, name, version) for report, version in ours)])
    parts = [f"### {study.title}", _cohorts(reports), markdown_table(head, rows), RESTORATION_NOTE]
    text = "Features of each class with CCC of at least 0.85, of how many:"
    return [*parts, text, markdown_table(("class", *head[1 + len(study.versions) :]), classes)]


def _restored(report: StoredReport, key: str, version: str) -> str:
    if key == "concordant":
        share = _figure(key, report.column("shares", f"CCC >= {report.limit:g}").get(version))
        return share + _shown_and_possible(report, version)
    if key == "different":
        return _figure(key, report.column("shares", f"p < {report.level:g}, lesions").get(version))
    if key == "different, patients":
        return _figure(key, report.column("shares", f"p < {report.level:g}").get(version))
    if key == "difference map":
        percent = report.column("difference_maps", "percent").get(version)
        return _figure(key, None if percent is None else percent / 100)
    if key in ("restored", "made worse"):
        count = report.column("verdict_counts", key).get(version)
        return "" if count is None else str(count)
    name = key.removeprefix("score ")
    for row in report.rows("risk_scores"):
        if (row["model"], row["version"]) == (name, version):
            return _figure(key, row["bias"])
    return ""


def _shown_and_possible(report: StoredReport, version: str) -> str:
    """Say what limits tell of a share, which reports of earlier versions do not have."""
    if not report.has("shares", "shown"):
        return ""
    shown, possible = (report.column("shares", title).get(version) for title in ("shown", "possible"))
    return "" if shown is None or possible is None else f" ({shown:.0%} shown, {possible:.0%} possible)"


def _figure(key: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:+.2f}" if key.startswith("score") else f"{value:.1%}"


def _classes(report: StoredReport) -> list[str]:
    return list(dict.fromkeys(row["feature"].split("_")[1] for row in report.rows("agreement")))


def _class_share(report: StoredReport, name: str, version: str) -> str:
    agreement = report.column("agreement", f"{version}: CCC")
    values = [value for key, value in agreement.items() if key.split("_")[1] == name and value is not None]
    return f"{sum(value >= report.limit for value in values)} of {len(values)}"


def _titles(versions: Sequence[str], reports: Mapping[str, StoredReport]) -> list[str]:
    """Columns of the paper's figures, then of each cohort's."""
    return [f"{version}, {source}" for source, version in product(("theirs", *reports), versions)]


def _read(names: Mapping[str, str], folder: Path) -> dict[str, StoredReport]:
    return {cohort: StoredReport(folder / f"{name}.json") for cohort, name in names.items()}


def _cohorts(reports: Mapping[str, StoredReport]) -> str:
    told = "; ".join(f"{cohort}: {report.cohort}" for cohort, report in reports.items())
    return f"{told[0].upper()}{told[1:]}."


def _excellent_somewhere(icc: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Sequence[str]:
    found: set[str] = set()
    for versions in icc.values():
        for values in versions.values():
            excellent = [feature for feature, value in values.items() if (value or 0) > EXCELLENT_ABOVE]
            found.update(feature.removeprefix("original_") for feature in excellent)
    return sorted(found)


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None, base: float | None) -> str:
    return "" if value is None or not base else f"{100 * (value - base) / abs(base):+.2f}"
