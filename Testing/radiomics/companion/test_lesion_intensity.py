"""Intensity features of our own: against scipy, formulas spelled out, and the consensus values of IBSI."""

from __future__ import annotations

import csv
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.radiomics.companion.intensity import (
    NAMES,
    PEAK_RADIUS_MM,
    RING_WIDTH_MM,
    lesion_intensity,
    local_peak,
    ring,
)

GRID = Grid((21, 19, 9), (1.5, 1.25, 3.0))


def blob(seed: int = 0, grid: Grid = GRID) -> tuple[Image, np.ndarray]:
    """Noise around 100, and a lesion without symmetry that touches a border of the image."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[:5, 6:12, 7:15] = rng.random((5, 6, 8)) < 0.8
    return Image(rng.normal(100, 20, grid.shape), grid), mask


def distances_mm(grid: Grid, point: tuple[int, ...]) -> np.ndarray:
    """Of every voxel's centre from one; [k, j, i]."""
    offsets = (np.indices(grid.shape).T - np.asarray(point)) * np.asarray(grid.spacing[::-1])
    return np.linalg.norm(offsets, axis=-1).T


@pytest.mark.parametrize("planar_axis", [None, 0, 1, 2])
def test_values_are_those_of_scipy(planar_axis):
    image, mask = blob()
    found, inside = lesion_intensity(image, mask, planar_axis), image.voxels[mask]
    assert tuple(found) == NAMES
    expected = {
        "Minimum": inside.min(),
        "Maximum": inside.max(),
        "Mean": inside.mean(),
        "Median": np.median(inside),
        "Skewness": stats.skew(inside),
        "Kurtosis": stats.kurtosis(inside, fisher=False),
        "CoefficientOfVariation": stats.variation(inside),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_values_that_pyradiomics_has_too_are_the_same():
    image, mask = blob()
    values = extract_features(image, mask, FeatureSettings(classes=("firstorder", "lesionintensity")))
    for name in ("Minimum", "Maximum", "Mean", "Median", "Skewness", "Kurtosis"):
        ours, theirs = values[f"companion_lesionintensity_{name}"], values[f"original_firstorder_{name}"]
        assert ours == pytest.approx(theirs, rel=1e-9)


def test_sphere_of_the_peak_has_a_cubic_centimetre():
    assert 4 / 3 * math.pi * PEAK_RADIUS_MM**3 == pytest.approx(1000)


@pytest.mark.parametrize("seed", range(4))
def test_peak_is_the_mean_in_a_sphere_about_the_brightest_voxel(seed):
    image, mask = blob(seed)
    brightest = np.unravel_index(np.argmax(np.where(mask, image.voxels, -np.inf)), mask.shape)
    expected = image.voxels[distances_mm(GRID, brightest) <= PEAK_RADIUS_MM].mean()
    assert local_peak(image, mask) == pytest.approx(expected, rel=1e-12)


def test_of_several_brightest_voxels_the_highest_peak_counts():
    image, mask = blob()
    voxels, places = image.voxels.copy(), [(1, 7, 8), (4, 11, 14)]
    for place in places:
        mask[place], voxels[place] = True, 500.0
    voxels[4:7, 12:16, 15:18] = 300.0  # beyond the lesion, near the second place
    means = [voxels[distances_mm(GRID, place) <= PEAK_RADIUS_MM].mean() for place in places]
    assert means[1] > means[0] + 10
    assert local_peak(image.with_voxels(voxels), mask) == pytest.approx(means[1], rel=1e-12)


def ibsi_value(test_data, configuration: str, tag: str) -> tuple[float, float]:
    path = test_data / "reference" / "ibsi" / "reference_values" / f"ibsi_1_reference_values_{configuration}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["tag"] == tag)
    return float(row["reference value"]), float(row["tolerance"] or 0)


def test_consensus_values_of_the_digital_phantom(test_data):
    folder = test_data / "reference" / "ibsi" / "digital_phantom"
    image = read_image(folder / "phantom.nii.gz", "CT")
    found = lesion_intensity(image, read_mask(folder / "mask.nii.gz", image.grid), None)
    assert found["Peak"] == pytest.approx(ibsi_value(test_data, "digital_phantom", "loc_peak_loc")[0], abs=0.05)
    assert found["CoefficientOfVariation"] == pytest.approx(
        ibsi_value(test_data, "digital_phantom", "stat_cov")[0], abs=5e-4
    )


def test_consensus_peak_of_the_ct_phantom(test_data):
    """Configuration A: no interpolation, lesion voxels from -500 to 400 HU."""
    folder = test_data / "reference" / "ibsi" / "ct_phantom"
    image = read_image(folder / "phantom.nii.gz", "CT")
    mask = read_mask(folder / "mask.nii.gz", image.grid) & (image.voxels >= -500) & (image.voxels <= 400)
    value, tolerance = ibsi_value(test_data, "config_A", "loc_peak_loc")
    assert local_peak(image, mask) == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("planar_axis", [None, 0, 2])
def test_ring_is_what_lies_near_the_lesion_and_not_in_it(planar_axis):
    image, mask = blob()
    numbered = image.with_voxels(np.arange(mask.size, dtype=np.float64).reshape(mask.shape))
    voxels, around = ring(numbered, mask, planar_axis)
    nearest = np.full(mask.shape, np.inf)
    for point in np.argwhere(mask):
        distance = distances_mm(GRID, tuple(point))
        if planar_axis is not None:
            axis = 2 - planar_axis
            distance[np.indices(mask.shape)[axis] != point[axis]] = np.inf
        nearest = np.minimum(nearest, distance)
    expected = numbered.voxels[~mask & (nearest <= RING_WIDTH_MM)]
    assert 0 < expected.size < (~mask).sum()
    assert set(voxels[around]) == set(expected)


def test_maximum_over_ring_mean_is_their_ratio():
    image, mask = blob()
    voxels, around = ring(image, mask, 2)
    found = lesion_intensity(image, mask, 2)
    assert found["MaximumOverRingMean"] == pytest.approx(found["Maximum"] / voxels[around].mean(), rel=1e-12)


def test_ring_does_not_see_the_lesion_and_the_lesion_not_the_ring():
    image, mask = blob()
    found = lesion_intensity(image, mask, None)
    doubled = lesion_intensity(image.with_voxels(np.where(mask, 2 * image.voxels, image.voxels)), mask, None)
    assert doubled["MaximumOverRingMean"] == pytest.approx(2 * found["MaximumOverRingMean"], rel=1e-12)
    dark = lesion_intensity(image.with_voxels(np.where(mask, image.voxels, 2 * image.voxels)), mask, None)
    assert dark["MaximumOverRingMean"] == pytest.approx(found["MaximumOverRingMean"] / 2, rel=1e-12)
    assert dark["Mean"] == found["Mean"]


@pytest.mark.parametrize("factor", [0.01, 3.0, 1e6])
def test_factors_on_the_intensity_cancel_in_ratios_and_moments(factor):
    image, mask = blob()
    found, scaled = (lesion_intensity(image.with_voxels(image.voxels * f), mask, None) for f in (1.0, factor))
    for name in ("Skewness", "Kurtosis", "CoefficientOfVariation", "MaximumOverRingMean"):
        assert scaled[name] == pytest.approx(found[name], rel=1e-9)
    for name in ("Minimum", "Maximum", "Peak", "Mean", "Median"):
        assert scaled[name] == pytest.approx(factor * found[name], rel=1e-9)


def test_turning_image_and_mask_changes_nothing():
    image, mask = blob()
    expected = lesion_intensity(image, mask, None)
    for axes in itertools.permutations(range(3)):
        spacing = np.asarray(GRID.spacing[::-1])[list(axes)][::-1]
        grid = Grid(image.voxels.transpose(axes).shape[::-1], tuple(spacing))
        turned = lesion_intensity(Image(image.voxels.transpose(axes), grid), mask.transpose(axes), None)
        assert turned == pytest.approx(expected, rel=1e-9)


def test_constant_image():
    image, mask = blob()
    found = lesion_intensity(image.with_voxels(np.full(mask.shape, 7, dtype=np.int16)), mask, None)
    for name in ("Minimum", "Maximum", "Peak", "Mean", "Median"):
        assert found[name] == 7.0
    assert found["MaximumOverRingMean"] == 1.0
    assert found["CoefficientOfVariation"] == found["Skewness"] == found["Kurtosis"] == 0.0


@pytest.mark.filterwarnings("error")
def test_undefined_ratios_are_nan():
    image, mask = blob()
    nothing = lesion_intensity(image.with_voxels(np.zeros(mask.shape)), mask, None)
    assert math.isnan(nothing["CoefficientOfVariation"])
    assert math.isnan(nothing["MaximumOverRingMean"])
    everywhere = lesion_intensity(image, np.ones_like(mask), None)
    assert math.isnan(everywhere["MaximumOverRingMean"])
    assert everywhere["Maximum"] == image.voxels.max()
