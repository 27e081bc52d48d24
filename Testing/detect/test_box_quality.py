"""How much of a lesion a box holds."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.detect.box_quality import BoxFigures, box_figures, judge_boxes, share_covered
from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Box, box_of_mask


def make_mask() -> np.ndarray:
    """Ten rows of ten voxels along i, in the third of five slices along k."""
    mask = np.zeros((5, 20, 40), dtype=bool)
    mask[2, 4:14, 10:20] = True
    return mask


def test_share_covered_counts_voxels() -> None:
    mask = make_mask()
    assert share_covered(mask, box_of_mask(mask)) == 1
    assert share_covered(mask, Box((10, 4, 0), (20, 13, 5))) == pytest.approx(0.9)
    assert share_covered(mask, Box((10, 4, 2), (19, 9, 3))) == pytest.approx(0.45)
    assert share_covered(mask, Box((10, 4, 3), (20, 14, 5))) == 0


def test_figures_over_lesions() -> None:
    mask = make_mask()
    rows = [(mask, Box((10, 4, 2), (stop, 14, 3))) for stop in (20, 30, 19)]
    almost = mask.copy()
    almost[2, 3, 10:15] = True  # 100 of 105 voxels are in the first box.
    figures = box_figures(judge_boxes([*rows, (almost, rows[0][1])]))
    # Areas of 100, 200, 90 and 100 of 100, 100, 100 and 110.
    assert figures == BoxFigures(4, 0.5, 0.75, pytest.approx(100 / 4000), pytest.approx((1 + 100 / 110) / 2))


def test_a_box_of_everything_is_perfect_and_its_area_says_so() -> None:
    mask = make_mask()
    assert box_figures(judge_boxes([(mask, Box((0, 0, 0), (40, 20, 5)))])) == BoxFigures(1, 1.0, 1.0, 1.0, 4000 / 100)


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(MaskError, match="mask is empty"):
        share_covered(np.zeros((1, 4, 4), dtype=bool), Box((0, 0, 0), (2, 2, 1)))
    with pytest.raises(SettingsError, match="No lesion was given"):
        judge_boxes([])
