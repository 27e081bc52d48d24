"""Tables in the width of a terminal: no name and no number is broken."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from SuperResRadiomicsLib.cli.tables import ALL_VALUES, comparison_summary
from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureSettings, FeatureTable, TableHeader, Verdict
from SuperResRadiomicsLib.radiomics.feature_names import FEATURE_NAMES
from SuperResRadiomicsLib.radiomics.lesion_size import LesionMeasurements

NAMES = [(of_class, name) for of_class, names in FEATURE_NAMES.items() for name in names]
WIDEST = [(-1.2345e-12, 1.2345e-12, -9.8765e-11), (-1.2345e12, 3e15, -4.321e17), (math.nan, 1.0, math.nan)]


def table_of(values: tuple[float, float, float]) -> FeatureTable:
    settings = FeatureSettings().describe()
    by_image = dict.fromkeys(("original", "bicubic", "enhanced"), 1)
    header = TableHeader(
        "model", "fidelity", False, settings, "exact", "1", "3D", "k", by_image, "linear", 0.0, by_image, "CT", "HU",
        {}, {},
    )  # fmt: skip
    verdict = Verdict("made worse")
    rows = [FeatureRow(of_class, name, f"original_{of_class}_{name}", *values, verdict) for of_class, name in NAMES]
    return FeatureTable(header, rows, dict.fromkeys(by_image, LesionMeasurements(1e6, 100000, -999.9, 123.45, 67.89)))


@pytest.mark.parametrize("width", [80, ALL_VALUES])
def test_each_number_stands_under_its_title(width):
    """From 4 over 2 to 3: half as much by the voxels, half as much again by the network."""
    shown = comparison_summary(table_of((4.0, 2.0, 3.0)), width)
    titles = [column.header for column in shown.columns]
    cells = [list(column.cells) for column in shown.columns]
    entropy = cells[0].index(" Entropy")
    found = {title: column[entropy] for title, column in zip(titles, cells, strict=True)}
    expected = {"original": "4", "voxels": "-50.0%", "network": "+50.0%", "verdict": "made worse"}
    assert found == {"feature": " Entropy", **expected, **({} if width == 80 else {"bicubic": "2", "enhanced": "3"})}


@pytest.mark.parametrize("width", [80, ALL_VALUES])
@pytest.mark.parametrize("values", WIDEST)
def test_comparison_breaks_no_name_and_no_number(width, values):
    shown = Console(width=width, file=io.StringIO(), color_system=None)
    shown.print(comparison_summary(table_of(values), width))
    lines = shown.file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    assert not any("…" in line for line in lines)
    for _, name in NAMES:
        assert any(line.split()[:1] == [name] and line.rstrip().endswith("made worse") for line in lines), name
    assert any(f"{values[2]:.4g}" in line for line in lines) is (width == ALL_VALUES and math.isfinite(values[2]))
