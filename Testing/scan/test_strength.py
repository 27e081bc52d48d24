"""The regression of blur and noise, by coefficients that one can follow by hand."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.scan.strength import FARTHEST, Regression, read_regression


def by_hand(weights: list[list[float]], blur: float = 0.4, noise: float = 7.0) -> Regression:
    """A regression on one feature whose mean is 10 and whose standard deviation is 2."""
    return Regression(
        mean=np.array([10.0]),
        scale=np.array([2.0]),
        weights=np.array(weights),
        offset=np.array([blur, np.log(noise + 3)]),
        blur_sd=0.1,
        noise_sd=(1.0, 0.1),
    )


def test_at_the_mean_it_says_the_offset_and_noise_is_in_hu():
    found = by_hand([[0.5, 0.5], [0.25, 0.25]]).predict(np.array([[10.0]]))
    assert found == pytest.approx(np.array([[0.4, 7.0]]))


def test_beside_the_mean_it_is_quadratic():
    blur = by_hand([[0.5, 0.0], [0.25, 0.0]]).predict(np.array([[12.0], [14.0]]))[:, 0]
    assert blur == pytest.approx([0.4 + 0.5 + 0.25, 0.4 + 1.0 + 1.0])


def test_no_scan_counts_as_further_than_the_farthest_and_nothing_is_negative():
    slope = by_hand([[0.5, 0.0], [0.0, 0.0]])
    far, further = slope.predict(np.array([[10.0 + 2 * FARTHEST], [1e6]]))
    assert far == pytest.approx(further)
    assert slope.predict(np.array([[0.0]]))[0, 0] == 0


def test_the_stored_coefficients_fit_one_another():
    stored = read_regression()
    features = stored.mean.size
    assert stored.scale.shape == (features,) and (stored.scale > 0).all()
    assert stored.weights.shape == (features + features * (features + 1) // 2, 2)
