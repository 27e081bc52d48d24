"""What a network is told: small networks that one can follow by hand, and the stored ones on scans of known noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.scan import measure_scan
from SuperResRadiomicsLib.scan.advice import (
    KNOWN_PIXELS,
    LARGEST,
    Advisers,
    Layer,
    features_for_advice,
    read_advisers,
)
from SuperResRadiomicsLib.scan.noise import FlatNoise
from SuperResRadiomicsLib.scan.strength import FARTHEST


def by_hand(*offsets: tuple[float, float]) -> Advisers:
    """Networks on one feature whose mean is 10 and whose standard deviation is 2; each adds an offset of its own."""
    first = Layer(np.array([[0.5]]), np.array([0.0]))
    lasts = [Layer(np.array([[0.5, 0.25]]), np.array(offset)) for offset in offsets]
    return Advisers(np.array([10.0]), np.array([2.0]), tuple((first, last) for last in lasts))


def test_the_answers_of_the_networks_are_averaged_shares_of_the_largest() -> None:
    at_the_mean = by_hand((0.2, 0.5), (0.4, 0.7)).predict(np.array([[10.0]]))
    assert at_the_mean == pytest.approx(np.array([[0.3, 0.6]]) * LARGEST)
    beside = by_hand((0.2, 0.5)).predict(np.array([[14.0]]))
    assert beside == pytest.approx(np.array([[0.2 + 0.5 * np.tanh(1), 0.5 + 0.25 * np.tanh(1)]]) * LARGEST)


def test_each_network_answers_within_the_range_that_it_was_trained_for() -> None:
    found = by_hand((-3.0, 5.0), (0.4, 0.5)).predict(np.array([[10.0]]))
    assert found == pytest.approx(np.array([[0.2, 0.75]]) * LARGEST)


def test_no_scan_counts_as_further_than_the_farthest() -> None:
    far, further = by_hand((0.2, 0.5)).predict(np.array([[10.0 + 2 * FARTHEST], [1e6]]))
    assert far == pytest.approx(further)


def test_pixels_of_other_sizes_than_those_of_training_count_as_the_nearest() -> None:
    noise = FlatNoise(10.0, 0.1, 0.2, (1.0,) * 8, 100)
    tiny, smallest, large = (features_for_advice(np.zeros(3), noise, mm) for mm in (0.2, KNOWN_PIXELS[0], 2.0))
    assert np.array_equal(tiny, smallest)
    assert large[-1] - smallest[-1] == pytest.approx(np.log(2.0))
    assert large[-2] == pytest.approx(np.log(11.0))


def test_the_stored_weights_fit_one_another() -> None:
    stored = read_advisers()
    assert stored.scale.shape == stored.mean.shape and (stored.scale > 0).all()
    for layers in stored.networks:
        width = stored.mean.size
        for layer in layers:
            assert layer.weights.shape == (width, layer.offset.size)
            width = layer.offset.size
        assert width == 2


def organ(blur_px: float, noise: float, unit: str = "HU") -> Image:
    """Discs of 60 HU in fat, with the fine texture and noise of a scan, blurred and with noise on top."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:192, :192]
    discs = np.full((192, 192), -100.0)
    for row, column, radius in ((50, 60, 30), (120, 120, 45), (150, 40, 18), (40, 150, 25)):
        discs[np.hypot(y - row, x - column) < radius] = 60.0
    textured = discs + gaussian_filter(random.normal(0, 20, (3, 192, 192)), (0, 0.7, 0.7))
    coarse = gaussian_filter(textured, (0, blur_px, blur_px)).reshape(3, 96, 2, 96, 2).mean(axis=(2, 4))
    voxels = coarse + random.normal(0, noise, coarse.shape)
    return Image(voxels.astype(np.float32), Grid((96, 96, 3), (1.6, 1.6, 3.0)), "CT", unit, "discs")


def test_more_is_advised_where_more_was_done_to_the_scan() -> None:
    clean, blurred, noisy = (measure_scan(organ(*strengths)).advice for strengths in ((0, 0), (1.2, 0), (0, 25)))
    assert clean is not None and blurred is not None and noisy is not None
    assert blurred.blur_px > clean.blur_px + 0.1
    assert noisy.noise > clean.noise + 10


def test_nothing_is_advised_where_there_are_no_hounsfield_units_or_no_edges() -> None:
    assert measure_scan(replace(organ(0, 5), modality="MR", unit="intensity")).advice is None
    flat = np.random.default_rng(0).normal(40, 12, (3, 96, 96)).astype(np.float32)
    assert measure_scan(Image(flat, Grid((96, 96, 3), (0.8, 0.8, 3.0)), "CT", "HU", "water")).advice is None
