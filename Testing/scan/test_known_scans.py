"""Scans that were made with a known noise, edge or streak, and what is measured of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.scan import measure_scan
from SuperResRadiomicsLib.scan.noise import windows_of
from SuperResRadiomicsLib.scan.region import measured_columns, measured_slices
from SuperResRadiomicsLib.scan.spectrum import EDGES, block_spectra

SIDE = 128


def ct(slices: np.ndarray, spacing: tuple[float, float, float] = (0.8, 0.8, 1.0)) -> Image:
    voxels = np.asarray(slices, dtype=np.float32)
    size = (voxels.shape[2], voxels.shape[1], voxels.shape[0])
    return Image(voxels, Grid(size, spacing), "CT", "HU", "scan", through_plane=2)


def white(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, SIDE, SIDE))


def test_a_windows_variance_is_that_of_the_noise_without_the_surface():
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    bowl = 80 * x + 120 * y * y - 60 * x * y
    found = windows_of((bowl + 10 * white(6)).astype(np.float32))
    assert found.variance.mean() == pytest.approx(100, rel=0.02)


def test_each_tissue_has_its_own_noise():
    """Air, fat and soft tissue side by side, each with noise of its own."""
    slices = white(4)
    slices[:, :, :40] = -1000 + 5 * slices[:, :, :40]
    slices[:, :, 40:80] = -100 + 25 * slices[:, :, 40:80]
    slices[:, :, 80:] = 40 + 12 * slices[:, :, 80:]
    found = measure_scan(ct(slices)).noise_by_region
    assert found == pytest.approx({"air": 5, "fat": 25, "soft tissue": 12}, rel=0.12)


def test_padding_is_no_quiet_tissue():
    """A margin of one value would else be the flattest of all."""
    slices = 40 + 15 * white(4)
    slices[:, :, :50] = 0
    noise = measure_scan(ct(slices)).noise
    assert noise is not None and noise.value == pytest.approx(15, rel=0.1)


def test_a_kernel_of_a_known_width_is_the_width_of_the_edges():
    """Edges of a Gaussian with a standard deviation of one pixel; the voxels are 0.8 and 2.5 mm wide."""
    board = np.kron(np.indices((3, 8, 8)).sum(axis=0) % 2, np.ones((8, 16, 16)))
    for axis in range(3):
        board = gaussian_filter1d(board, 1.0, axis=axis)
    found = measure_scan(ct(200 * board, (0.8, 0.8, 2.5)))
    assert found.edge_mm == pytest.approx(0.8, rel=0.05)
    assert found.edge_across_mm == pytest.approx(2.5, rel=0.05)


def test_white_noise_has_its_variance_at_every_frequency():
    found = block_spectra((10 * white(6)).astype(np.float32), "HU")
    assert found is not None
    high = [number for number, low in enumerate(EDGES[:-1]) if low > 0.2]
    assert found.structured[high] == pytest.approx(np.log(100), abs=0.3)
    assert found.quiet[high] == pytest.approx(np.log(100), abs=0.3)


@pytest.mark.parametrize("axis", [1, 2])
def test_noise_along_one_direction_is_called_streaks(axis: int):
    streaked = measure_scan(ct(40 + 10 * gaussian_filter1d(white(4), 4, axis=axis))).treatment
    plain = measure_scan(ct(40 + 10 * white(4))).treatment
    assert streaked is not None and streaked.streaks
    assert plain is not None and not plain.streaks


def test_few_slices_stand_for_all_of_them():
    """Six of twelve, each from the middle of its share, and the same of rows."""
    voxels = np.arange(12.0)[:, None, None] + 100 * np.arange(60)[:, None] + np.zeros(50)
    image = ct(voxels)
    assert measured_slices(image, None, 2)[:, 0, 0].tolist() == [1, 3, 5, 7, 9, 11]
    assert measured_columns(image, None, 2)[:, 0, 0].tolist() == [500, 1500, 2500, 3071, 3071, 3071]


def test_around_a_lesion_24_pixels_are_looked_at_and_of_no_other_slice():
    voxels = np.zeros((9, 100, 120))
    seen = measured_slices(ct(voxels), Box((50, 40, 3), (60, 60, 6)), 2)
    assert seen.shape == (3, 20 + 2 * 24, 10 + 2 * 24)
