"""Edge widths: a step is one voxel wide, a blurred one as wide as its profile says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.metrics import edge_width


def test_a_blurred_step_has_the_width_of_its_steepest_slope() -> None:
    step = np.zeros((80, 5, 6))
    step[40:] = 200.0
    for sigma in (2.0, 3.0):
        blurred = gaussian_filter1d(step, sigma, axis=0)
        # Contrast over slope of a Gaussian's integral: sqrt(2 pi) sigma, here over differences of one voxel.
        width = edge_width(step, blurred, 0, 0.5, 12)
        assert width == pytest.approx(0.5 * np.sqrt(2 * np.pi) * sigma, rel=0.03)
    assert edge_width(step, step, 0, 0.5, 12) == 0.5
    assert edge_width(step.T, step.T, 2, 0.5, 12) == 0.5


def test_only_what_counts_counts() -> None:
    image = np.zeros((40, 8))
    image[10:, :4] = 1000.0
    image[25:, 4:] = 50.0
    smooth = gaussian_filter1d(image, 2.0, axis=0)
    where = np.zeros(image.shape, dtype=bool)
    where[:, 4:] = True
    mixed = np.where(where, image, smooth)
    assert edge_width(image, mixed, 0, 1.0, 5, where) == 1.0 < edge_width(image, mixed, 0, 1.0, 5)
    assert np.isnan(edge_width(np.ones((9, 9)), np.ones((9, 9)), 0, 1.0, 2))


def test_wrong_input_is_refused() -> None:
    with pytest.raises(SettingsError, match="shapes differ"):
        edge_width(np.ones((4, 4)), np.ones((4, 5)), 0, 1.0, 2)
    with pytest.raises(SettingsError, match="reach"):
        edge_width(np.ones((4, 4)), np.ones((4, 4)), 0, 1.0, 0)
