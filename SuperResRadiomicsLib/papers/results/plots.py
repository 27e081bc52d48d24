"""Box plots of a table: quartiles and 5 to 95% of slices by method, the patients' medians as points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import NOT_FOR_CLINICAL_USE
from ...io.files import atomic_path
from ...training.evaluation.figures import PERCEPTUAL
from ...training.evaluation.record import Record
from ...training.model_page import FIGURE_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = ("psnr", "ssim", PERCEPTUAL)
CROWDED = 300
"""Ratio of an axis' ends from which labels at 1, 2 and 5 would run into each other."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Whisker, box, median, box, whisker."""
STYLE: Any = {"svg.hashsalt": "SuperResRadiomics", "svg.fonttype": "none", "font.size": 8}
"""The same names of parts in every run; letters as letters."""
METADATA = {"Date": None, "Creator": "superres-train results"}
PANEL_WIDTH, ROW_HEIGHT, HEAD_HEIGHT = 2.9, 0.24, 0.7
"""Inches: of a panel, of a method, of what stands around a degradation's panels."""


def write_box_plots(path: Path, records: Mapping[str, Record], region: str, labels: Mapping[str, str]) -> None:
    """Draw a row of panels for each degradation, one for each of `FIGURES`; the same input gives the same file.

    Args:
        path: The SVG to write.
        records: Figures of slices by degradation.
        region: Which region's.
        labels: What to call the methods, in this order from the top.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows, columns = len(records), len(FIGURES)
    height = rows * (HEAD_HEIGHT + ROW_HEIGHT * len(labels)) + 0.3
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            rows,
            columns,
            figsize=(1.9 + PANEL_WIDTH * columns, height),
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for row, (degradation, record) in zip(axes, records.items(), strict=True):
            for axis, name in zip(row, FIGURES, strict=True):
                _draw(axis, record, region, name, list(labels))
                axis.set_xlabel(FIGURE_NAMES[name])
            row[0].set_title(degradation, loc="left")
        axes[0, 0].set_yticks(range(len(labels)), [labels[name] for name in labels])
        axes[0, 0].invert_yaxis()
        figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=6, color="0.4")
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="svg", metadata=METADATA)
        pyplot.close(figure)


def _draw(axis: Axes, record: Record, region: str, figure: str, methods: Sequence[str]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    for place, method in enumerate(methods):
        values, patients = record.columns(region, figure, (method,))
        if method not in values:
            continue
        column, owner = np.array(values[method]), np.array(patients)
        low, first, median, third, high = np.quantile(column, QUANTILES)
        axis.plot([low, high], [place, place], color="0.3", linewidth=0.8)
        axis.barh(place, third - first, left=first, height=0.6, color="0.88", edgecolor="0.3", linewidth=0.8)
        axis.plot([median, median], [place - 0.3, place + 0.3], color="C3")
        medians = [float(np.median(column[owner == patient])) for patient in dict.fromkeys(patients)]
        axis.plot(medians, [place] * len(medians), "o", color="C0", markersize=3, alpha=0.6)
    if figure == PERCEPTUAL:
        axis.set_xscale("log")
        low, high = axis.get_xlim()
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < CROWDED * low else (1,)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(axis="x", color="0.9")
    axis.set_axisbelow(True)
