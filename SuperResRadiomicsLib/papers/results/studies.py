"""Cohort studies beside a paper's: from the reports that ``superres-radiomics study report`` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    "In brackets the 95% interval when patients are drawn again. Our differences of scores are version minus "
    "reference, in standard deviations of the reference cohort; theirs do not say which way. The null model "
    "is the fast image with as much white noise as interpolation lost, unknown to the paper."
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

    def column(self, table: str, title: str) -> dict[str, float | None]:
        """Read a column of a table by the table's first one; empty where the report lacks the table."""
        found = self.tables.get(table)
        if found is None:
            return {}
        number = found["columns"].index(title)
        return {row[0]: row[number] for row in found["rows"]}


def robustness_section(study: RobustnessStudy, folder: Path) -> list[str]:
    """Write tables 1 and 2 and figure 6 of de Farias et al. 2021, theirs and ours.

    Raises:
        SettingsError: A report is not there.
    """
    reports = _read(study.reports, folder)
    icc = {
        cohort: {version: report.column("icc_over_bins", f"{version}: ICC(3,1)") for version in study.versions}
        for cohort, report in reports.items()
    }
    ours = [feature for feature in _excellent_somewhere(icc) if feature not in study.correlations]
    head = ["feature", *(f"{v}, theirs" for v in study.versions)]
    head += [f"{v}, {cohort}" for cohort in reports for v in study.versions]
    rows = []
    for feature in (*study.correlations, *ours):
        theirs = study.correlations.get(feature, (None,) * len(study.versions))
        found = [icc[cohort][version].get(f"original_{feature}") for cohort in reports for version in study.versions]
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
        counts = [sum((v or 0) > EXCELLENT_ABOVE for v in icc[cohort][version].values()) for version in study.versions]
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
    columns = {"theirs": {v: [study.correlations[f][n] for f in study.compared] for n, v in enumerate(study.versions)}}
    for cohort, tables in icc.items():
        columns[cohort] = {v: [tables[v].get(f"original_{f}") for f in study.compared] for v in study.versions}
    head = ["feature", *(f"against {version}, {source}" for source in columns for version in others)]
    rows = []
    for n, feature in enumerate(study.compared):
        cells = [_percent(values[enhanced][n], values[v][n]) for values in columns.values() for v in others]
        rows.append([feature, *cells])
    return markdown_table(head, rows)


def restoration_section(study: RestorationStudy, folder: Path) -> list[str]:
    """Write the headline of Moummad et al. 2022, theirs and ours, and the concordance by feature class.

    Raises:
        SettingsError: A report is not there.
    """
    reports = _read(study.reports, folder)
    head = ["what", *(f"{v}, theirs" for v in study.versions)]
    head += [f"{v}, {cohort}" for cohort in reports for v in study.versions]
    rows = []
    for key, text in RESTORED.items():
        theirs = [_figure(key, value) for value in study.theirs.get(key, (None,) * len(study.versions))]
        rows.append([text, *theirs, *(_restored(r, key, v) for r in reports.values() for v in study.versions)])
    classes = [
        [name, *(_class_share(r, name, v) for r in reports.values() for v in study.versions)]
        for name in _classes(next(iter(reports.values())))
    ]
    parts = [f"### {study.title}", _cohorts(reports), markdown_table(head, rows), RESTORATION_NOTE]
    text = "Features of each class with CCC of at least 0.85, of how many:"
    return [*parts, text, markdown_table(("class", *head[1 + len(study.versions) :]), classes)]


def _restored(report: StoredReport, key: str, version: str) -> str:
    shares = report.tables["shares"]["columns"]
    if key == "concordant":
        share, low, high = (report.column("shares", title).get(version) for title in shares[2:5])
        interval = "" if low is None or high is None else f" ({low:.0%} to {high:.0%})"
        return f"{_figure(key, share)}{interval}"
    if key == "different":
        return _figure(key, report.column("shares", shares[6]).get(version))
    if key == "different, patients":
        return _figure(key, report.column("shares", shares[5]).get(version))
    if key == "difference map":
        percent = report.column("difference_maps", "percent").get(version)
        return _figure(key, None if percent is None else percent / 100)
    if key in ("restored", "made worse"):
        count = report.column("verdict_counts", key).get(version)
        return "" if count is None else str(count)
    name = key.removeprefix("score ")
    biases = [row for row in report.tables.get("risk_scores", {"rows": []})["rows"] if row[:2] == [name, version]]
    return _figure(key, biases[0][2] if biases else None)


def _figure(key: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:+.2f}" if key.startswith("score") else f"{value:.1%}"


def _classes(report: StoredReport) -> list[str]:
    return list(dict.fromkeys(row[0].split("_")[1] for row in report.tables["agreement"]["rows"]))


def _class_share(report: StoredReport, name: str, version: str) -> str:
    limit = float(report.content["protocol"]["statistics"]["concordance"])
    agreement = report.column("agreement", f"{version}: CCC")
    values = [value for key, value in agreement.items() if key.split("_")[1] == name and value is not None]
    return f"{sum(value >= limit for value in values)} of {len(values)}"


def _read(names: Mapping[str, str], folder: Path) -> dict[str, StoredReport]:
    return {cohort: StoredReport(folder / f"{name}.json") for cohort, name in names.items()}


def _cohorts(reports: Mapping[str, StoredReport]) -> str:
    told = "; ".join(f"{cohort}: {report.cohort}" for cohort, report in reports.items())
    return f"{told[0].upper()}{told[1:]}."


def _excellent_somewhere(icc: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Sequence[str]:
    found = [
        feature.removeprefix("original_")
        for versions in icc.values()
        for values in versions.values()
        for feature, value in values.items()
        if (value or 0) > EXCELLENT_ABOVE
    ]
    return sorted(set(found))


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None, base: float | None) -> str:
    return "" if value is None or not base else f"{100 * (value - base) / abs(base):+.2f}"
