"""Small lesions whose features are known without any engine."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.radiomics.exact.discretise import Bins, discretise
from SuperResRadiomicsLib.radiomics.exact.firstorder import intensity_features
from SuperResRadiomicsLib.radiomics.exact.glcm import cooccurrence_features


def test_edges_of_bins_of_a_width_are_its_multiples() -> None:
    found = discretise(np.array([-7.0, 3.0, 24.0, 25.0, 80.0]), Bins(width=25))
    assert found.levels.tolist() == [1, 2, 3, 5] and found.counts.tolist() == [1, 2, 1, 1]


def test_the_greatest_intensity_lies_in_the_last_of_so_many_bins() -> None:
    found = discretise(np.array([0.0, 1.0, 4.0, 5.0, 10.0]), Bins(count=2))
    assert found.levels.tolist() == [1, 2] and found.ranks.tolist() == [1, 1, 1, 2, 2]


def test_energy_in_a_volume() -> None:
    found = intensity_features(np.array([1.0, 2.0, 3.0]), 0.5)
    assert (found["Energy"], found["TotalEnergy"], found["Variance"]) == pytest.approx((14, 7, 2 / 3))


def test_pairs_of_two_levels_that_differ_by_two() -> None:
    found = cooccurrence_features(np.array([[[0], [6]], [[0], [0]]]), np.array([1, 3]))
    assert (found["Contrast"], found["Id"], found["Idm"]) == pytest.approx((4, 1 / 3, 1 / 5))
    assert found["JointAverage"] == pytest.approx(2) and found["Correlation"] == pytest.approx(-1)
