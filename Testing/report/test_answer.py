"""The first sentence of a page is true: every number in it can be counted in the table."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import pytest

from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureTable, Verdict
from SuperResRadiomicsLib.radiomics.verdict import Word
from SuperResRadiomicsLib.report.answer import (
    ADVICE,
    MOST_ROWS,
    answer,
    changes,
    rows_that_matter,
    summary,
    why_nothing_is_known,
)


def row(number: int, word: Word = "unknown", enhanced: float = 1.0, of_class: str = "glcm") -> FeatureRow:
    return FeatureRow(of_class, f"F{number}", f"original_{of_class}_F{number}", 2.0, 1.0, enhanced, Verdict(word))


def table(*rows: FeatureRow) -> FeatureTable:
    return FeatureTable(None, list(rows), {})  # type: ignore[arg-type]


def test_every_number_is_counted():
    words: list[Word] = ["faithful", "faithful", "restored", "made worse", "unstable", "undecided", "stable", "unknown"]
    said = answer(table(*(row(n, word) for n, word in enumerate(words))))
    assert said == (
        "Of 8 features of the enhanced image, 3 may be used (2 faithful, 1 restored), 2 should be left out "
        "(1 unstable, 1 made worse), and 3 are open (1 stable, 1 undecided, 1 unknown)."
    )


def test_where_nothing_is_known_nothing_is_promised():
    said = answer(table(row(1), row(2)))
    assert said.startswith("Nothing is known of the 2 features") and "may be used" not in said


def test_changes_count_what_has_a_percentage():
    rows = [
        row(1, enhanced=1.5),
        row(2, enhanced=1.05),
        row(3, enhanced=math.nan),
        row(4, enhanced=9.0, of_class="shape"),
    ]
    rows.append(FeatureRow("firstorder", "Mean", "original_firstorder_Mean", 1.0, 1.0, 9.0, intensity_unit="HU"))
    said = changes(table(*rows))
    assert "changed 1 of 2 features by 10% or more" in said and "glcm F1, +50.0%" in said
    assert said.endswith("smaller voxels alone changed 3 of 3.")
    assert changes(table(rows[3])) == ""


def test_rows_that_matter_leave_room_for_every_use():
    rows = [row(n, "faithful", 1 + n / 10) for n in range(20)] + [row(n, "made worse", 1 + n) for n in range(20, 40)]
    rows += [row(n, "unknown", 100.0 + n) for n in range(40, 60)]
    chosen = rows_that_matter(table(*rows))
    assert len(chosen) == MOST_ROWS
    assert Counter(each.verdict.word for each in chosen) == {"faithful": 5, "made worse": 5, "unknown": 5}
    assert chosen[0].feature == "F19" and chosen[5].feature == "F39" and chosen[10].feature == "F59"
    assert len(rows_that_matter(table(*rows[40:]))) == MOST_ROWS, "what others leave is taken"


def test_intensities_are_weighed_by_the_spread_of_the_lesion():
    variance = FeatureRow("firstorder", "Variance", "original_firstorder_Variance", 1e4, 1e4, 1e4, intensity_unit="HU")
    mean = FeatureRow("firstorder", "Mean", "original_firstorder_Mean", 0.0, 0.0, 5.0, intensity_unit="HU")
    assert rows_that_matter(table(variance, mean, row(1, enhanced=1.2)))[0].feature == "F1", "5 HU of 100 are not much"
    assert rows_that_matter(table(variance, replace(mean, enhanced=50.0), row(1, enhanced=1.2)))[0].feature == "Mean"


@pytest.mark.parametrize("word", ADVICE)
def test_every_word_has_an_advice(word):
    ((found, count, advice),) = summary(table(row(1, word)))
    assert (found, count) == (word, 1) and advice.meaning and advice.action
    assert re.search(rf"1 {word}", answer(table(row(1, word)))) or word == "unknown"


def test_why_nothing_is_known_is_what_all_features_share():
    unmeasured, counted = "Nobody measured it.", "It counts voxels."
    rows = [replace(row(n), verdict=Verdict("unknown", "unknown", (unmeasured,))) for n in range(3)]
    rows[1] = replace(rows[1], verdict=Verdict("unknown", "unknown", (counted, unmeasured)))
    assert why_nothing_is_known(table(*rows)) == [unmeasured]
    assert why_nothing_is_known(table(*rows, row(4, "faithful"))) == []
