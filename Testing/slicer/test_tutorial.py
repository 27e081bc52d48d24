"""The tutorial's case gives the tutorial's figures, run through the module's logic with the shipped model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from Testing.host.cases import wait_until

slicer = pytest.importorskip("slicer")

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "slicer-tutorial.md"


def told() -> dict[tuple[str, str], list[str]]:
    """The expected results that the tutorial prints, by class and feature."""
    rows = re.findall(r"^\| (\w+) \| ([\w ]+) \| ([-\d.]+) \| ([-\d.]+) \| ([-\d.]+) \|$", TUTORIAL.read_text(), re.M)
    return {(row[0], row[1]): list(row[2:]) for row in rows}


def rows_of(table: Any) -> dict[tuple[str, str], list[float]]:
    columns = [table.GetColumnName(index) for index in range(table.GetNumberOfColumns())]
    wanted = [columns.index("original"), columns.index("bicubic"), columns.index("bicubic") + 1]
    return {
        (table.GetCellText(row, 0), table.GetCellText(row, 1)): [float(table.GetCellText(row, c)) for c in wanted]
        for row in range(table.GetNumberOfRows())
    }


@pytest.mark.slow
def test_the_expected_results(module):
    from SuperResRadiomicsModule.sampledata import SEGMENT, loadPhantom

    [model] = re.findall(r"`(ct-[\w-]+)`", TUTORIAL.read_text())[:1]
    outcomes, failures = [], []
    logic = module.SuperResRadiomicsLogic()
    try:
        volume, segmentation = loadPhantom()
        logic.start(volume, segmentation, SEGMENT, model, "cpu", onFinished=outcomes.append, onFailed=failures.append)
        wait_until(lambda: not logic.isRunning, logic.poll)
    finally:
        logic.cancel()
    assert not failures
    rows = rows_of(outcomes[0].result.table)
    expected = told()
    assert len(expected) >= 4
    for key, texts in expected.items():
        for text, value in zip(texts, rows[key], strict=True):
            decimals = len(text.partition(".")[2])
            # Processors differ in the last bits of a convolution.
            assert float(text) == pytest.approx(value, abs=1.5 * 10**-decimals)
