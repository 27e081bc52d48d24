"""The page of results: one table a paper, from the figures in model cards and in stored evaluations."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field
from scipy.stats import wilcoxon

from .. import NOT_FOR_CLINICAL_USE
from ..errors import SettingsError
from ..files import write_text
from ..zoo import find_models, load_card
from .config import read_yaml
from .model_page import FIGURE_NAMES, METHOD_NAMES, REGION_NAMES, markdown_table

FEWEST_PATIENTS = 6
"""Below this a test says nothing; the difference alone is given."""


class Target(BaseModel, extra="forbid", frozen=True):
    """What was to be reached, checked against what was measured.

    Attributes:
        text: What was asked.
        model: Whose figures are looked at.
        degradation: Under which degradation; see `FixedDegradation`.
        region: ``frame``, ``body`` or ``lesion``.
        figure: Name of the figure.
        beside: Method or model that it is compared with.
        measure: ``gain``: figure minus the other's; ``reduction``: 1 minus their ratio.
        at_least: The wanted value.
    """

    text: str
    model: str
    degradation: str
    region: str = "body"
    figure: str = "psnr"
    beside: str = "bicubic"
    measure: Literal["gain", "reduction"] = "gain"
    at_least: float


class ResultsTable(BaseModel, extra="forbid", frozen=True):
    """One table: methods without training, and networks.

    Attributes:
        title: Heading.
        region: Region whose figures are shown.
        degradations: Which ones; all of the first network's without any.
        networks: Models by name, the one to compare with the others first.
        not_run: Networks that have a configuration but were not trained to this table, and why.
    """

    title: str
    region: str = "body"
    degradations: tuple[str, ...] = ()
    networks: tuple[str, ...] = Field(min_length=1)
    not_run: dict[str, str] = Field(default_factory=dict)


class PaperResults(BaseModel, extra="forbid", frozen=True):
    """A paper's section.

    Attributes:
        title: Heading.
        theirs: The paper's own figures.
        difference: How our data and setting differ.
        tables: Our tables.
        targets: What was to be reached.
    """

    title: str
    theirs: str
    difference: str
    tables: tuple[ResultsTable, ...] = ()
    targets: tuple[Target, ...] = ()


class ResultsConfig(BaseModel, extra="forbid", frozen=True):
    """All sections."""

    papers: tuple[PaperResults, ...]


def write_results_page(config: str | os.PathLike[str], stored: Path, page: Path) -> None:
    """Write the page.

    Args:
        config: YAML file with `ResultsConfig`.
        stored: Folder of evaluations (``NAME.json``, as ``superres-train evaluate --out`` writes) of models that
            are not shipped.
        page: The Markdown file.

    Raises:
        SettingsError: The configuration is not valid, or names a network without figures.
    """
    settings = read_yaml(config, ResultsConfig)
    results = _Results(stored)
    parts = [
        "# Results",
        f"**{NOT_FOR_CLINICAL_USE}**",
        "Figures of test patients, never trained on, made by `superres-train evaluate MODEL --config CONFIG` through "
        "the pipeline that users run; this page by `superres-train results`. Medians over slices; differences and "
        "tests over patients (Wilcoxon signed-rank, one-sided: the first network is better), because slices of one "
        "patient are not independent. The perceptual distance is our encoder-b's: 1 is the mean distance between a "
        "patch and its 2x coarser version; no loss uses that encoder. Networks whose weights are not shipped are "
        "marked *; their figures are stored in `docs/results`, their configurations in `Resources/training`.",
        *(_section(paper, results) for paper in settings.papers),
    ]
    write_text(page, "\n\n".join(parts) + "\n")


class _Results:
    """Evaluations by model name, from cards or stored files."""

    def __init__(self, stored: Path) -> None:
        self.stored = stored
        self.shipped = find_models()

    def of(self, name: str) -> dict[str, Any]:
        if name in self.shipped:
            found = load_card(self.shipped[name]).results
        else:
            path = self.stored / f"{name}.json"
            found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if not found:
            raise SettingsError(
                f"'{name}' has no figures: neither in a shipped card nor as '{name}.json' in '{self.stored.name}'. "
                "Evaluate it, or list it under not_run."
            )
        return found

    def label(self, name: str) -> str:
        return name if name in self.shipped else f"{name} *"


def _section(paper: PaperResults, results: _Results) -> str:
    parts = [f"## {paper.title}", f"**Theirs.** {paper.theirs}", f"**What differs.** {paper.difference}"]
    for table in paper.tables:
        parts.append(f"### {table.title}")
        if "lesions" in next(iter(results.of(table.networks[0])["degradations"].values())):
            parts.append(_box_table(table, results))
        else:
            parts += _quality_tables(table, results)
        if table.not_run:
            parts.append("Not run: " + "; ".join(f"`{name}` ({why})" for name, why in table.not_run.items()) + ".")
    if paper.targets:
        parts.append(_targets(paper.targets, results))
    return "\n\n".join(parts)


def _box_table(table: ResultsTable, results: _Results) -> str:
    rows = []
    for name in table.networks:
        for degradation, figures in results.of(name)["degradations"].items():
            for margin, part in (("none", figures), ("2%", figures["with_margin"])):
                shares = [f"{part[key]:.1%}" for key in ("perfect", "acceptable", "median_area_share")]
                rows.append([results.label(name), degradation, f"{part['lesions']}", margin, *shares])
    return markdown_table(("detector", "input", "lesions", "margin", "wholly", "95%", "median area"), rows)


def _quality_tables(table: ResultsTable, results: _Results) -> list[str]:
    first = results.of(table.networks[0])
    parts = []
    for degradation in table.degradations or tuple(first["degradations"]):
        figures = first["degradations"][degradation]["regions"][table.region]
        keys = [key for key, values in figures["figures"].items() if values]
        methods = [m for m in METHOD_NAMES if m != "network" and any(m in figures["figures"][key] for key in keys)]
        rows = [
            [METHOD_NAMES[m], *(_median(figures["figures"][key].get(m)) for key in keys),
             _against(first, degradation, m, first, "network")]
            for m in methods
        ]  # fmt: skip
        for name in table.networks:
            own = results.of(name)
            regions = own["degradations"].get(degradation, {}).get("regions", {})
            if table.region not in regions:
                continue
            values = regions[table.region]["figures"]
            cells = [_median(values.get(key, {}).get("network")) for key in keys]
            beside = "" if name == table.networks[0] else _against(own, degradation, "network", first, "network")
            rows.append([results.label(name), *cells, beside])
        count = f"{figures['slices']} slices of {figures['patients']} patients"
        heading = f"{degradation}, {REGION_NAMES[table.region]}, {count}:"
        head = ("image", *(FIGURE_NAMES.get(key, key) for key in keys), f"PSNR of {table.networks[0]} above it, p")
        parts += [heading, markdown_table(head, rows)]
    return parts


def _median(value: Mapping[str, float] | None) -> str:
    return "" if not value else f"{value['median']:.4g}"


def _against(theirs: dict[str, Any], degradation: str, method: str, ours: dict[str, Any], own: str) -> str:
    """By how much ours has the higher PSNR (dB), mean over the patients that both have, with p."""
    first, second = (result["degradations"][degradation]["patients"] for result in (ours, theirs))
    shared = [p for p in first if p in second and f"psnr_{method}" in second[p]]
    if not shared:
        return ""
    gains = np.array([first[p][f"psnr_{own}"] - second[p][f"psnr_{method}"] for p in shared])
    text = f"{gains.mean():+.2f}"
    if len(shared) < FEWEST_PATIENTS or not gains.any():
        return text
    return f"{text}, {wilcoxon(gains, alternative='greater').pvalue:.2g}"


def _targets(targets: Iterable[Target], results: _Results) -> str:
    rows = []
    for target in targets:
        value = _measured(target, results)
        verdict = "reached" if value >= target.at_least else f"missed by {target.at_least - value:.3g}"
        rows.append([target.text, f"{target.at_least:g}", f"{value:.3g}", verdict])
    return "Targets:\n\n" + markdown_table(("what", "wanted", "measured", ""), rows)


def _measured(target: Target, results: _Results) -> float:
    own = _value(results.of(target.model), target, "network")
    other = (
        _value(results.of(target.model), target, target.beside)
        if target.beside in METHOD_NAMES
        else _value(results.of(target.beside), target, "network")
    )
    measures: dict[str, Callable[[float, float], float]] = {
        "gain": lambda a, b: a - b,
        "reduction": lambda a, b: 1 - a / b,
    }
    return measures[target.measure](own, other)


def _value(result: dict[str, Any], target: Target, method: str) -> float:
    """Mean over patients."""
    figures = result["degradations"][target.degradation]["regions"][target.region]["figures"]
    return float(figures[target.figure][method]["mean"])
