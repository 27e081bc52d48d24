"""The box of what a network marked: the largest part, its margin, and what is done where nothing is sure."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.detect.detector import slice_box
from SuperResRadiomicsLib.detect.mask_box import MARGIN, lesion_box
from SuperResRadiomicsLib.grid import Box


def test_the_margin_is_a_share_of_the_side_on_every_side() -> None:
    found = np.full((100, 200), 0.1)
    found[40:60, 100:140] = 0.8
    box = slice_box(lesion_box(found).tolist(), 0, (200, 100, 1), 2)
    assert MARGIN == 0.05 and box == Box((98, 39, 0), (142, 61, 1))


def test_of_two_parts_the_one_whose_probabilities_add_up_to_most_is_the_lesion() -> None:
    """Nine sure pixels count more than thirty that are hardly so; those that touch by a corner are two parts."""
    found = np.zeros((20, 20))
    found[2:5, 2:5] = 0.95
    found[5:8, 5:15] = 0.25
    rows, columns, height, width = lesion_box(found)
    assert (rows, columns) == pytest.approx((3.5 / 20, 3.5 / 20))
    assert (height, width) == pytest.approx((1.1 * 3 / 20,) * 2)


def test_where_no_pixel_is_likely_the_most_likely_one_is_taken() -> None:
    found = np.full((20, 20), 0.05)
    found[7, 12] = 0.1
    assert lesion_box(found).tolist() == pytest.approx([7.5 / 20, 12.5 / 20, 1.1 / 20, 1.1 / 20])
