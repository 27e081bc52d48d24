"""Small lesions whose features are known without any engine."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.radiomics.exact import kernels
from SuperResRadiomicsLib.radiomics.exact.correlation import maximal_correlation
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


def test_correlation_of_two_levels_that_always_change() -> None:
    """The eigenvalues of the exchange are 1 and -1; of two levels that do not know of one another, 1 and 0."""
    pairs = np.array([[[0.0, 0.5], [0.5, 0.0]], [[0.25, 0.25], [0.25, 0.25]]])
    margin = np.full((2, 2), 0.5)
    for symmetrical in (True, False):
        assert maximal_correlation(pairs, margin, margin, symmetrical) == pytest.approx([1, 0])


@pytest.mark.parametrize("alpha", [1, 2**33])
def test_gray_levels_of_any_size(alpha: int) -> None:
    """Three voxels in a row, of levels that 32 bits hold and of levels that they do not."""
    ranks, voxels = np.array([0, 1, 2, 1, 0], dtype=np.uint16), np.array([1, 2, 3], dtype=np.int32)
    for unit in (1, 2**33):
        values, step = np.array([0, 1, 3]) * unit, np.array([1])
        pairs, dependence, difference = kernels.chosen().neighbours(ranks, voxels, step, values, alpha)
        assert pairs[:, :, 0].tolist() == [[0, 0, 0], [1, 0, 1], [0, 1, 0]]
        alike = 2 * unit <= alpha
        assert dependence.tolist() == ([[0] * 3, [0, 2, 0], [0, 0, 1]] if alike else [[0] * 3, [2, 0, 0], [1, 0, 0]])
        assert difference.tolist() == [[0] * 3, [0, 4 * unit, 0], [0, 0, 4 * unit]]


def test_one_level_without_a_pair_has_no_correlation() -> None:
    """Voxels apart from one another; of several directions pyradiomics has a maximal correlation, 1."""
    one, several = (cooccurrence_features(np.zeros((1, 1, count), dtype=np.int32), np.array([1])) for count in (1, 4))
    assert np.isnan([one["Correlation"], one["MCC"], several["Correlation"], several["Contrast"]]).all()
    assert several["MCC"] == 1 and one["InverseVariance"] == 0
