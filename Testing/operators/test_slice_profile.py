"""Thick slices: weights, adjoint, centroid, pseudo-inverse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.operators import SliceProfile

ALL = [(2, 1.0, "box"), (3, 0.5, "box"), (4, 1.4, "box"), (5, 1.0, "gaussian"), (6, 1.3, "gaussian"), (4, 0.3, "box")]


@pytest.mark.parametrize(("factor", "thickness", "shape"), ALL)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_adjoint_is_the_adjoint(factor: int, thickness: float, shape: str, axis: int) -> None:
    profile, rng = SliceProfile(factor, thickness, shape), np.random.default_rng(0)
    sizes = [5, 4, 3]
    sizes[axis] = factor * 7
    fine = rng.normal(size=sizes)
    coarse = profile.forward(fine, axis)
    assert coarse.shape[axis] == 7
    other = rng.normal(size=coarse.shape)
    assert np.vdot(coarse, other) == pytest.approx(np.vdot(fine, profile.adjoint(other, axis)), rel=1e-12)


@pytest.mark.parametrize(("factor", "thickness", "shape"), ALL)
def test_slices_lie_at_the_centre_of_their_fine_ones_and_keep_the_level(
    factor: int, thickness: float, shape: str
) -> None:
    profile = SliceProfile(factor, thickness, shape)
    ramp = np.arange(factor * 9.0)[:, None]
    expected = (np.arange(9) + 0.5) * factor - 0.5
    assert np.allclose(profile.forward(ramp)[3:6, 0], expected[3:6], atol=1e-9)
    assert np.allclose(profile.forward(np.full_like(ramp, 7.0)), 7.0)


def test_touching_boxes_are_means_and_are_undone_by_repetition() -> None:
    fine = np.random.default_rng(1).normal(size=(12, 4))
    profile = SliceProfile(3)
    assert np.allclose(profile.forward(fine), fine.reshape(4, 3, 4).mean(axis=1))
    coarse = np.random.default_rng(2).normal(size=(4, 4))
    assert np.allclose(profile.forward(profile.pseudo_inverse(coarse)), coarse)
    matrix = np.stack([profile.forward(column) for column in np.eye(12)[:, :, None]])[..., 0].T
    assert np.allclose(profile.pseudo_inverse(np.eye(4)), np.linalg.pinv(matrix))


def test_a_bell_is_as_wide_as_it_says() -> None:
    line = np.zeros((240, 1))
    line[120] = 1.0
    profile = SliceProfile(8, 2.0, "gaussian")  # FWHM of 16 fine slices
    sigma = 16 / 2.3548
    smooth = gaussian_filter1d(line[:, 0], sigma)
    centre = ((np.arange(30) + 0.5) * 8 - 0.5) - 120
    expected = np.interp(centre + 120, np.arange(240), smooth)
    assert np.allclose(profile.forward(line)[:, 0], expected, atol=2e-4)


def test_a_wider_box_overlaps_its_neighbours() -> None:
    step = np.repeat([0.0, 1.0], 12)[:, None]
    narrow, wide = (SliceProfile(4, thickness).forward(step)[:, 0] for thickness in (1.0, 1.5))
    assert narrow.tolist() == [0, 0, 0, 1, 1, 1]
    assert wide[2] == pytest.approx(1 / 6) and wide[3] == pytest.approx(5 / 6)


@pytest.mark.parametrize("wrong", [{"factor": 0}, {"factor": 2, "thickness": 0.0}, {"factor": 2, "thickness": np.nan}])
def test_what_is_no_slice_is_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError):
        SliceProfile(**wrong)
    with pytest.raises(SettingsError, match="box, gaussian"):
        SliceProfile(2, shape="triangle")
    with pytest.raises(SettingsError, match="not divisible"):
        SliceProfile(3).forward(np.zeros((4, 2)))
    with pytest.raises(SettingsError, match="touch"):
        SliceProfile(2, 1.2).pseudo_inverse(np.zeros((2, 2)))
