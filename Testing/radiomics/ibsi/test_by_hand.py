"""Features of the standard on lesions small enough to count by hand, and what the phantoms do not show."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings
from SuperResRadiomicsLib.radiomics.exact import Bins
from SuperResRadiomicsLib.radiomics.ibsi.autocorrelation import spatial_autocorrelation
from SuperResRadiomicsLib.radiomics.ibsi.enclosing import ellipsoid_measures, smallest_ellipsoid
from SuperResRadiomicsLib.radiomics.ibsi.levels import gray_levels
from SuperResRadiomicsLib.radiomics.ibsi.matrices import merged, texture_matrices
from SuperResRadiomicsLib.radiomics.ibsi.names import AGGREGATIONS, CODES, FAMILIES, codes_of
from SuperResRadiomicsLib.radiomics.ibsi.statistics import histogram_statistics, intensity_statistics
from SuperResRadiomicsLib.radiomics.ibsi.volume_histogram import volume_histogram
from SuperResRadiomicsLib.radiomics.preprocessing import Preprocessing, Resampling, Resegmentation

RNG = np.random.default_rng(3)


def ball(spacing=(1.0, 1.0, 2.0), size=(20, 18, 12), dtype=np.int16) -> tuple[Image, np.ndarray]:
    grid = Grid(size, spacing)
    k, j, i = np.indices(grid.shape)
    mask = (i - 9) ** 2 + (j - 8.5) ** 2 + (2 * (k - 5.5)) ** 2 < 36
    voxels = np.random.default_rng(0).normal(40, 30, grid.shape).astype(dtype)
    return Image(voxels, grid, "CT", "HU"), mask


def test_autocorrelation_is_the_sum_over_all_pairs():
    mask = RNG.random((3, 4, 5)) < 0.6
    values, spacing = RNG.normal(size=mask.sum()), (0.7, 1.0, 2.5)
    places = np.argwhere(mask) * spacing[::-1]
    deviation = values - values.mean()
    weights = products = differences = 0.0
    for a, b in combinations(range(values.size), 2):
        weight = 2 / math.dist(places[a], places[b])
        weights += weight
        products += weight * deviation[a] * deviation[b]
        differences += weight * (values[a] - values[b]) ** 2
    total = deviation @ deviation
    expected = values.size / weights * products / total, (values.size - 1) / (2 * weights) * differences / total
    assert spatial_autocorrelation(values, mask, spacing) == pytest.approx(expected, rel=1e-9)


def test_autocorrelation_of_equal_voxels_is_not_defined():
    assert np.isnan(spatial_autocorrelation(np.ones(4), np.ones((1, 2, 2), dtype=bool), (1.0, 1.0, 1.0))).all()


@pytest.mark.parametrize(("axes", "near"), [((3, 3, 1), (3.0001, 3, 1)), ((1, 1, 1), (1.0002, 1.0001, 1))])
def test_area_of_an_ellipsoid_with_equal_axes_is_the_limit_of_others(axes, near):
    assert ellipsoid_measures(np.array(axes))[1] == pytest.approx(ellipsoid_measures(np.array(near))[1], rel=1e-3)


def test_smallest_ellipsoid_of_points_on_one():
    directions = RNG.normal(size=(400, 3))
    points = directions / np.linalg.norm(directions, axis=1, keepdims=True) * (4.0, 2.0, 1.0) + (5.0, 6.0, 7.0)
    assert smallest_ellipsoid(points) == pytest.approx([1.0, 2.0, 4.0], rel=0.01)


def test_of_several_modes_the_nearest_to_the_mean():
    assert histogram_statistics(np.array([1, 1, 4, 4, 4, 5, 5, 5]))["mode"] == 4


def test_statistics_of_equal_voxels():
    found = intensity_statistics(np.full(5, 7.0))
    assert (found["var"], found["skew"], found["kurt"], found["cov"]) == (0, 0, 0, 0)


def test_levels_start_at_the_least_intensity_allowed_else_at_the_lesions_own():
    values = np.array([-90.0, 10.0, 35.0])
    assert gray_levels(values, Bins(width=25.0)).tolist() == [1, 5, 6]
    assert gray_levels(values, Bins(width=25.0), lowest=-100.0).tolist() == [1, 5, 6]
    assert gray_levels(values, Bins(width=25.0), lowest=-150.0).tolist() == [3, 7, 8]
    assert gray_levels(np.ones(3), Bins(count=16)).tolist() == [1, 1, 1]


def test_volume_histogram_of_real_numbers_takes_a_thousand_bins():
    found = volume_histogram(np.linspace(0, 1, 2001), None)
    assert found["v10"] == pytest.approx(0.9, abs=0.002)
    assert found["i10"] == pytest.approx(901, abs=1)


def test_slices_merged_are_the_whole_of_planar_neighbours():
    levels = RNG.integers(0, 5, (4, 6, 7))
    levels[2] = 0
    edge = np.ones(levels.shape, dtype=np.int64)
    parts = [texture_matrices(levels[k : k + 1], edge[k : k + 1], (1,), True) for k in (0, 1, 3)]
    together, whole = merged(parts), texture_matrices(levels, edge, (1,), True)
    for name in ("levels", "pairs", "differences", "surrounded"):
        np.testing.assert_allclose(getattr(together, name), getattr(whole, name))
    assert together.voxels == whole.voxels
    width = together.runs.shape[1]
    np.testing.assert_array_equal(whole.runs[:, :width], together.runs)
    assert not whole.runs[:, width:].any()


def test_every_code_stands_once_but_those_of_two_fractions():
    assert len(CODES) == 174
    assert len(set(CODES.values())) == 172
    assert {name.split("_")[0] for name in CODES} == set(FAMILIES)
    assert len(set(AGGREGATIONS.values())) == 9
    assert codes_of("original_cm_contrast") == ""


@pytest.mark.parametrize(("dimension", "count"), [("3D", 215), ("2D", 351)])
def test_every_feature_of_a_lesion_is_finite_and_named(dimension: str, count: int):
    image, mask = ball()
    found = srr.extract_features(image, mask, FeatureSettings(engine="ibsi", dimension=dimension))
    assert len(found) == count
    assert all(codes_of(key.removeprefix("original_")) for key in found)
    assert all(math.isfinite(value) for value in found.values())


def test_classes_and_single_features():
    image, mask = ball()
    settings = FeatureSettings(engine="ibsi", classes=("glcm", "glszm"), features=("glcm_Contrast",), dimension="3D")
    keys = list(srr.extract_features(image, mask, settings))
    assert keys[:2] == ["original_cm_contrast_3D_avg", "original_cm_contrast_3D_comb"]
    assert len(keys) == 2 + 16 + 16
    with pytest.raises(SettingsError, match="no counterpart"):
        srr.extract_features(image, mask, FeatureSettings(engine="ibsi", classes=("glcm",), features=("glcm_MCC",)))


def test_a_part_of_the_image_is_enough():
    """What `box_seen` names is all that enters."""
    image, mask = ball(size=(60, 60, 60), dtype=np.float32)
    mask = np.roll(mask, (20, 20, 24), axis=(2, 1, 0))
    settings = FeatureSettings(
        engine="ibsi", dimension="3D", bin_width=None, bin_count=16, classes=("shape", "firstorder", "glcm"),
        preprocessing=Preprocessing(resampling=Resampling((1.5, 1.5, 1.5), "sitkLinear")),
    )  # fmt: skip
    box = settings.box_seen(srr_box(mask), image.grid)
    part = image.cut(box)
    assert part.voxels.size < image.voxels.size
    whole = srr.extract_features(image, mask, settings)
    assert srr.extract_features(part, mask[box.slices], settings) == pytest.approx(whole, rel=1e-6)


def srr_box(mask: np.ndarray):
    from SuperResRadiomicsLib.grid import box_of_mask

    return box_of_mask(mask)


def test_an_image_is_continued_by_its_outer_voxels():
    """A lesion at the border of the image is not filled with zeros."""
    image, _ = ball()
    flat = image.with_voxels(np.full(image.voxels.shape, 50, dtype=np.int16))
    mask = np.zeros(flat.voxels.shape, dtype=bool)
    mask[:4, :6, :6] = True
    settings = FeatureSettings(
        engine="ibsi",
        classes=("firstorder",),
        preprocessing=Preprocessing(resampling=Resampling((3, 3, 3), "sitkLinear")),
    )
    found = srr.extract_features(flat, mask, settings)
    assert (found["original_stat_min"], found["original_stat_max"]) == (50, 50)


def test_an_interpolation_that_the_standard_does_not_know_is_refused():
    image, mask = ball()
    steps = Preprocessing(resampling=Resampling((1, 1, 1), "sitkLanczosWindowedSinc"))
    with pytest.raises(SettingsError, match="sitkBSpline"):
        srr.extract_features(image, mask, FeatureSettings(engine="ibsi", preprocessing=steps))


def test_a_line_is_refused():
    image, mask = ball()
    line = np.zeros_like(mask)
    line[3, 3, 3:9] = True
    with pytest.raises(MaskError, match="longer"):
        srr.extract_features(image, line, engine="ibsi")


def test_outliers_leave_after_the_range():
    image, mask = ball()
    values = image.voxels[mask].astype(float)
    step = Resegmentation((0.0, 100.0), outliers=1.0)
    kept = image.voxels[step.apply(image, mask)]
    inside = values[(values >= 0) & (values <= 100)]
    expected = inside[np.abs(inside - inside.mean()) <= inside.std()]
    assert sorted(kept) == sorted(expected)
    with pytest.raises(SettingsError, match="outliers"):
        Resegmentation((0.0,), outliers=-1)
