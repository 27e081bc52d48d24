"""The numbers of a study's tables, from features that are written down here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.estimates import agreement, changes


@pytest.fixture
def cube() -> Cube:
    """Nine lesions of seven patients, two versions: the second one is shifted and noisier, its last feature not."""
    random = np.random.default_rng(1)
    first = random.normal(10, 2, (9, 3))
    second = first + np.array([1.5, 0.0, 0.0]) + random.normal(0, 0.8, (9, 3)) * [1, 1, 0]
    names = tuple(f"c{number}" for number in range(9))
    return Cube(
        cases=names,
        patients=("a", "a", "a", *names[3:]),
        groups=("",) * 9,
        versions=("original", "other"),
        masks=("unchanged",),
        binnings=("8 bins",),
        features=("original_firstorder_Mean", "original_glcm_Contrast", "original_glcm_Id"),
        values=np.stack([first, second], axis=1)[:, :, None, None],
        volume_mm3=np.ones(9),
        voxels=np.ones((9, 2), dtype=np.int64),
        difference=np.zeros((9, 2)),
        retest_of=("",) * 9,
        readers=(),
        readings=np.empty((9, 2, 0, 1, 3)),
        reader_volume_mm3=np.empty((9, 0)),
        dice=np.empty((9, 0)),
    )


def test_agreement_is_lins_concordance(cube: Cube) -> None:
    """Lin 1989, written out: 2 cov / (var + var + (difference of means)^2) with moments over n."""
    x, y = cube.of("original"), cube.of("other")
    covariance = ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)
    expected = 2 * covariance / (x.var(axis=0) + y.var(axis=0) + (x.mean(axis=0) - y.mean(axis=0)) ** 2)
    assert agreement(cube, "original", "other", "8 bins") == pytest.approx(expected)
    assert expected[0] < 0.9 < expected[2]


def test_change_is_over_lesions_and_its_p_over_patients(cube: Cube) -> None:
    x, y = cube.of("original"), cube.of("other")
    change, p = changes(cube, "original", "other", "8 bins")
    assert change == pytest.approx(np.median((y - x) / x, axis=0))
    difference = np.vstack([(y - x)[:3].mean(axis=0), (y - x)[3:]])[:, :2]
    found = stats.ttest_1samp(difference, 0).pvalue
    # Benjamini and Hochberg over two features; the third one never differs.
    expected = np.minimum([found.max(), 2 * found.min()], found.max())
    assert sorted(p[:2]) == pytest.approx(sorted(expected)) and np.isnan(p[2])
