import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from SuperResRadiomicsLib.errors import MaskError
from SuperResRadiomicsLib.grid import Grid, refine
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import measure_lesion

SPACING = (0.6, 0.9, 4.0)
spacings = st.tuples(*[st.floats(0.2, 6.0)] * 3)
axes = st.sampled_from([0, 1, 2])


def image_of(mask, spacing=SPACING, seed=0, **grid):
    voxels = np.random.default_rng(seed).normal(0, 100, mask.shape)
    return Image(voxels, Grid(mask.shape[::-1], spacing, **grid))


@st.composite
def masks(draw):
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    mask = np.array(draw(st.lists(st.booleans(), min_size=math.prod(shape), max_size=math.prod(shape)))).reshape(shape)
    mask.flat[draw(st.integers(0, mask.size - 1))] = True
    return mask


def close(measured, expected):
    for name in ("volume_mm3", "mean_intensity", "longest_diameter_mm", "short_diameter_mm"):
        assert getattr(measured, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9), name


@settings(deadline=None)
@given(mask=masks(), spacing=spacings, axis=axes, factors=st.tuples(*[st.integers(1, 3)] * 3))
def test_dividing_voxels_changes_nothing_but_their_number(mask, spacing, axis, factors):
    image = image_of(mask, spacing)
    fine_mask, voxels = mask, image.voxels
    for numpy_axis, factor in enumerate(factors[::-1]):
        fine_mask, voxels = (np.repeat(array, factor, axis=numpy_axis) for array in (fine_mask, voxels))
    fine = measure_lesion(Image(voxels, refine(image.grid, factors)), fine_mask, axis)
    coarse = measure_lesion(image, mask, axis)
    close(fine, coarse)
    assert fine.voxel_count == coarse.voxel_count * math.prod(factors)


@settings(deadline=None)
@given(mask=masks(), spacing=spacings, axis=axes)
def test_longest_diameter_is_the_longest_distance_between_voxel_corners_of_a_slice(mask, spacing, axis):
    longest = 0.0
    for plane in np.moveaxis(mask, 2 - axis, 0):
        corners = np.concatenate([np.argwhere(plane) + step for step in ((0, 0), (0, 1), (1, 0), (1, 1))])
        if len(corners):
            longest = max(longest, pdist(corners * np.delete(spacing[::-1], 2 - axis)).max())
    assert measure_lesion(image_of(mask, spacing), mask, axis).longest_diameter_mm == pytest.approx(longest, rel=1e-12)


@settings(deadline=None)
@given(mask=masks(), spacing=spacings, axis=axes)
def test_neither_mirroring_nor_turning_the_grid_changes_the_measurements(mask, spacing, axis):
    image = image_of(mask, spacing)
    expected = measure_lesion(image, mask, axis)
    mirrored = Image(image.voxels[::-1, :, ::-1], image.grid)
    close(measure_lesion(mirrored, mask[::-1, :, ::-1], axis), expected)
    oblique = image_of(
        mask, spacing, direction=(0.6, 0.0, -0.8, 0.0, -1.0, 0.0, 0.8, 0.0, 0.6), origin=(5.0, -9.0, 3.0)
    )
    close(measure_lesion(oblique, mask, axis), expected)
    turned = Image(
        image.voxels.transpose(1, 2, 0), Grid(mask.transpose(1, 2, 0).shape[::-1], (spacing[2], *spacing[:2]))
    )
    close(measure_lesion(turned, mask.transpose(1, 2, 0), (axis + 1) % 3), expected)


@settings(deadline=None)
@given(mask=masks(), spacing=spacings, axis=axes)
def test_short_diameter_lies_between_a_voxel_and_the_longest(mask, spacing, axis):
    measured = measure_lesion(image_of(mask, spacing), mask, axis)
    thinnest = min(np.delete(spacing, axis))
    assert thinnest * (1 - 1e-9) <= measured.short_diameter_mm <= measured.longest_diameter_mm * (1 + 1e-9)


def test_single_voxel():
    mask = np.zeros((3, 4, 5), dtype=bool)
    mask[1, 2, 3] = True
    image = image_of(mask)
    measured = measure_lesion(image, mask, 2)
    width, height = SPACING[0], SPACING[1]
    diagonal = math.hypot(width, height)
    assert measured.voxel_count == 1
    assert measured.volume_mm3 == pytest.approx(0.6 * 0.9 * 4.0)
    assert measured.mean_intensity == image.voxels[1, 2, 3]
    assert measured.longest_diameter_mm == pytest.approx(diagonal)
    # The longest line across a rectangle at right angles to its diagonal starts in a corner.
    assert measured.short_diameter_mm == pytest.approx(width * diagonal / height)


@pytest.mark.parametrize("angle", [0, 17, 45, 80])
def test_ellipse_has_its_axes_as_diameters(angle):
    spacing = (0.25, 0.4, 3.0)
    y, x = np.mgrid[:120, :200]
    x, y = (x - 100) * spacing[0], (y - 60) * spacing[1]
    turn = math.radians(angle)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    mask = ((along / 18) ** 2 + (across / 7) ** 2 <= 1)[None]
    measured = measure_lesion(image_of(mask, spacing), mask, 2)
    assert measured.longest_diameter_mm == pytest.approx(36, abs=0.6)
    assert measured.short_diameter_mm == pytest.approx(14, abs=0.6)


def test_short_diameter_is_taken_in_the_slice_of_the_longest():
    mask = np.zeros((2, 12, 12), dtype=bool)
    mask[0, 5, 1:11] = True  # long and thin
    mask[1, 3:9, 3:9] = True  # shorter and thick
    measured = measure_lesion(image_of(mask, (1.0, 1.0, 5.0)), mask, 2)
    assert measured.longest_diameter_mm == pytest.approx(math.hypot(10, 1))
    assert measured.short_diameter_mm == pytest.approx(math.hypot(10, 1) / 10)


@pytest.mark.parametrize("spacing", [0.3, 0.9, 1.0, 1.3, 1.9])  # at some, rounding makes one look longest
def test_among_equally_long_diameters_the_one_with_the_longest_short_diameter_counts(spacing):
    mask = np.zeros((1, 4, 8), dtype=bool)
    mask[0, 0, :] = mask[0, 3, 6] = True  # sqrt(65) voxels along (1, 8), (-1, 8) and (4, 7)
    measured = measure_lesion(image_of(mask, (spacing, spacing, 5.0)), mask, 2)
    assert measured.longest_diameter_mm == pytest.approx(math.sqrt(65) * spacing)
    assert measured.short_diameter_mm == pytest.approx(5 / 9 * math.sqrt(65) * spacing)  # worked out by hand


def test_integers_are_averaged_without_overflow():
    mask = np.ones((2, 100, 100), dtype=bool)
    image = Image(np.full(mask.shape, 120, dtype=np.int8), Grid((100, 100, 2), SPACING))
    assert measure_lesion(image, mask, 2).mean_intensity == 120


def test_empty_mask_is_refused():
    mask = np.zeros((2, 3, 4), dtype=bool)
    with pytest.raises(MaskError, match="empty"):
        measure_lesion(image_of(mask), mask, 2)


def test_mask_of_another_shape_is_refused():
    mask = np.ones((2, 3, 4), dtype=bool)
    with pytest.raises(MaskError, match="same grid"):
        measure_lesion(image_of(mask), mask.transpose(), 2)
