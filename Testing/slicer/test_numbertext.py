"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_204.3, "12,200"),
        (1361.2, "1,361"),
        (-63.914, "−63.91"),
        (2.0, "2"),
        (0.0, "0"),
        (0.012344, "0.01234"),
        (999_999.9, "1,000,000"),
        (15_460_000.0, "1.55×10⁷"),
        (-1.234e-5, "−1.23×10⁻⁵"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers(module, value, text):
    from SuperResRadiomicsModule.numbertext import number

    assert number(value) == text


@pytest.mark.parametrize(
    ("relative", "text"),
    [
        (0.0, "0%"),
        (-0.0003, "≈ 0%"),
        (-0.02, "−2.0%"),
        (0.1, "+10%"),
        (-0.5, "−50%"),
        (12.3, "+1,230%"),
        (math.nan, "–"),
    ],
)
def test_changes(module, relative, text):
    from SuperResRadiomicsModule.numbertext import change

    assert change(relative) == text


@pytest.mark.parametrize(
    ("low", "high", "text"), [(0.17, 0.41, "17 to 41%"), (0.002, 0.02, "0.2 to 2%"), (0.05, 0.05, "5%"), (0, 0, "0%")]
)
def test_ranges(module, low, high, text):
    from SuperResRadiomicsModule.numbertext import percentRange

    assert percentRange(low, high) == text
