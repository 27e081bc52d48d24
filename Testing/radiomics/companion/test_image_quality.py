"""The two wavelet features: against the filters written out, and what must not change them."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import pywt

from SuperResRadiomicsLib.errors import MissingDependencyError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics.companion.quality import FILTER_LENGTH, NAMES, detail_ratio, image_quality


def noise(shape: tuple[int, ...] = (5, 23, 32), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 20, shape)


def filtered(plane: np.ndarray, taps: list[float]) -> np.ndarray:
    """One level of one filter along both axes, by convolution; the edge mirrored with its voxel repeated."""
    for _ in range(2):
        padded = np.pad(plane, ((0, 0), (len(taps) - 1,) * 2), mode="symmetric")
        rows = [np.convolve(row, taps, mode="valid")[1::2] for row in padded]
        plane = np.asarray(rows).T
    return plane


def test_filter_length_is_that_of_the_wavelet():
    assert pywt.Wavelet("db2").dec_len == FILTER_LENGTH


def test_ratio_is_that_of_the_filters_written_out():
    voxels, wavelet = noise(), pywt.Wavelet("db2")
    high, low = (sum(np.sum(filtered(plane, taps) ** 2) for plane in voxels)
                 for taps in (wavelet.dec_hi, wavelet.dec_lo))  # fmt: skip
    assert detail_ratio(voxels, 0) == pytest.approx(high / low, rel=1e-12)


def test_global_is_of_the_image_and_local_of_the_lesions_box():
    voxels = noise((6, 40, 30))
    mask = np.zeros(voxels.shape, dtype=bool)
    mask[1, 5, 7] = mask[4, 20, 19] = True
    image = Image(voxels, Grid(voxels.shape[::-1], (1.0, 1.0, 1.0)))
    found = image_quality(image, mask, 2)
    assert tuple(found) == NAMES
    assert found == {
        "WaveletGlobal": detail_ratio(voxels, 0),
        "WaveletLocal": detail_ratio(voxels[1:5, 5:21, 7:20], 0),
    }
    other = image_quality(image.with_voxels(np.where(mask, 0.0, voxels)), mask, 2)
    assert other["WaveletLocal"] != pytest.approx(found["WaveletLocal"], rel=1e-3)


@pytest.mark.parametrize("through_plane", [0, 1, 2])
def test_slices_are_perpendicular_to_the_axis(through_plane):
    voxels = noise((9, 12, 16))
    image = Image(voxels, Grid(voxels.shape[::-1], (1.0, 1.0, 1.0)))
    found = image_quality(image, np.ones(voxels.shape, dtype=bool), through_plane)
    slices = np.moveaxis(voxels, 2 - through_plane, 0)
    assert found["WaveletGlobal"] == pytest.approx(detail_ratio(slices, 0), rel=1e-12)
    apart = [detail_ratio(np.moveaxis(voxels, axis, 0), 0) for axis in range(3)]
    assert len({round(value, 9) for value in apart}) == 3, "the axes can be told apart"


def test_constant_image_has_no_detail():
    assert detail_ratio(np.full((3, 16, 16), 100, dtype=np.int16), 0) == pytest.approx(0, abs=1e-25)


def test_alternating_voxels_are_all_detail():
    rows, columns = np.indices((16, 16))
    # The mirrored edge breaks the pattern, so that a little is left for LL.
    assert detail_ratio(np.where((rows + columns) % 2, 1.0, -1.0)[None], 0) > 100


@pytest.mark.parametrize("factor", [-1.0, 1e-3, 1e5])
def test_factors_on_the_intensity_cancel_and_offsets_do_not(factor):
    voxels = noise()
    assert detail_ratio(factor * voxels, 0) == pytest.approx(detail_ratio(voxels, 0), rel=1e-9)
    assert detail_ratio(voxels + 100, 0) < detail_ratio(voxels, 0) / 2


def test_smoothing_lowers_it_and_noise_raises_it():
    voxels = noise()
    smooth = (voxels + np.roll(voxels, 1, axis=1) + np.roll(voxels, 1, axis=2)) / 3
    assert detail_ratio(smooth, 0) < detail_ratio(voxels, 0) < detail_ratio(voxels + 0.5 * (noise(seed=1) - 100), 0)


def test_undefined_ratios_are_nan():
    assert math.isnan(detail_ratio(np.zeros((2, 8, 8)), 0))
    assert math.isnan(detail_ratio(noise((2, FILTER_LENGTH - 1, 30)), 0))
    assert math.isfinite(detail_ratio(noise((1, FILTER_LENGTH, FILTER_LENGTH)), 0))


def test_missing_pywavelets_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(MissingDependencyError, match="pip install PyWavelets"):
        detail_ratio(noise(), 0)
