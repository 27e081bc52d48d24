"""CSV that every program reads, and that no spreadsheet runs."""

from __future__ import annotations

import io
import math

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from SuperResRadiomicsLib.io.csv_tables import FORMULA_STARTS, csv_text, guarded, unguarded

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


def read(text: str) -> pandas.DataFrame:
    return pandas.read_csv(io.StringIO(text))


@given(st.floats(allow_nan=False), TEXT)
def test_pandas_reads_back_what_was_written(number, text):
    frame = read(csv_text(["number", "text", "empty"], [[number, f"x{text}", None]]))
    assert frame.loc[0, "number"] == number
    assert frame.loc[0, "text"] == f"x{text}"
    assert math.isnan(frame.loc[0, "empty"])


@given(st.sampled_from(FORMULA_STARTS), TEXT)
def test_no_cell_begins_as_a_formula(start, text):
    cell = guarded(start + text)
    assert not cell.startswith(FORMULA_STARTS) or float(cell) is not None
    assert unguarded(cell) == start + text


@pytest.mark.parametrize("cell", ["-5", "+1.5e-3", -5.0, "plain", "'quoted", ""])
def test_numbers_and_plain_text_stay(cell):
    assert guarded(cell) == cell


def test_a_title_is_no_formula_either():
    assert list(read(csv_text(["=A1", "b"], [])).columns) == ["'=A1", "b"]
