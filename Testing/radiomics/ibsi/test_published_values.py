"""The engine ibsi beside every consensus value of the standard's first part."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ibsi import FOLDER
from benchmarks.ibsi_standard import SETTINGS, Published, family_table, published_values, share_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "ibsi.md"
PUBLISHED = {"digital phantom": 482, "A": 346, "B": 346, "C": 210, "D": 210, "E": 210}
"""Number of consensus values; all are met."""


def values_of(test_data: Path, name: str) -> list[Published]:
    folder = test_data / FOLDER
    phantom = "digital_phantom" if name == "digital phantom" else "ct_phantom"
    if not (folder / phantom / "phantom.nii.gz").is_file():
        pytest.skip(f"IBSI PHANTOMS NOT FOUND: {FOLDER}/{phantom} is missing from the test data")
    return published_values(folder, name)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_published_value_is_met(test_data: Path, name: str):
    values = values_of(test_data, name)
    assert len(values) == PUBLISHED[name]
    assert [(each.tag, each.value, each.reference) for each in values if not each.agrees] == []


def test_page_shows_these_counts():
    page = PAGE.read_text(encoding="utf-8")
    for name, count in PUBLISHED.items():
        label = name if name == "digital phantom" else f"CT, {name}"
        assert f"| {label} | {count} | {count} | 100.0% |" in page
    assert f"| all | {sum(PUBLISHED.values())} | {sum(PUBLISHED.values())} | 100.0% |" in page


def test_tables_tell_a_value_that_is_missed():
    values = {
        "digital phantom": [
            Published("Statistics", "stat_mean", 2.15, 2.15, 0),
            Published("Statistics", "x", None, 1, 0),
        ]
    }
    assert list(share_table(values, {"exact": {"digital phantom": 1}}))[-1] == "| all | 2 | 1 | 50.0% | 1 |"
    assert list(family_table(values))[-1] == "| Statistics | 1 of 2 |"
