import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.featureextractor import RadiomicsFeatureExtractor

from SuperResRadiomicsLib.errors import ImageError, MaskError, MissingDependencyError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features

OBLIQUE = (0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0)


def lesion(shape=(6, 9, 11), spacing=(0.7, 0.8, 2.5), seed=0, direction=OBLIQUE):
    """A textured image and a lesion without symmetry, away from the border."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, dtype=bool)
    mask[1:-1, 2:-2, 1:-3] = rng.random((shape[0] - 2, shape[1] - 4, shape[2] - 4)) < 0.8
    voxels = rng.normal(40, 60, shape)
    return Image(voxels, Grid(shape[::-1], spacing, (-12.5, 30.0, 7.0), direction)), mask


def whole_image_values(image, mask, **keywords):
    """What pyradiomics itself says of the whole image, called in its documented way."""
    volume, label = sitk.GetImageFromArray(image.voxels), sitk.GetImageFromArray(mask.astype(np.uint8))
    for each in (volume, label):
        each.SetSpacing(image.spacing)
        each.SetOrigin(image.origin)
        each.SetDirection(image.direction)
    values = RadiomicsFeatureExtractor(**keywords).execute(volume, label)
    return {key: float(value) for key, value in values.items() if not key.startswith("diagnostics")}


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(4, 8), st.integers(6, 10), st.integers(6, 10)),
    spacing=st.tuples(*[st.floats(0.3, 5.0)] * 3),
    planar_axis=st.sampled_from([None, 0, 1, 2]),
    bins=st.sampled_from([{"binWidth": 25.0}, {"binWidth": 7.3}, {"binCount": 16}]),
)
def test_values_equal_pyradiomics_on_the_whole_image(seed, shape, spacing, planar_axis, bins):
    image, mask = lesion(shape, spacing, seed)
    ours = FeatureSettings(
        bin_width=bins.get("binWidth"),
        bin_count=bins.get("binCount"),
        dimension="3D" if planar_axis is None else "2D",
    )
    planar = {} if planar_axis is None else {"force2D": True, "force2Ddimension": {0: 2, 1: 1, 2: 0}[planar_axis]}

    values = extract_features(image, mask, ours, through_plane=planar_axis)

    np.testing.assert_equal(values, whole_image_values(image, mask, **bins, **planar))


def test_slices_of_2d_texture_are_perpendicular_to_the_largest_spacing():
    image, mask = lesion(spacing=(0.7, 0.8, 2.5), direction=(1, 0, 0, 0, 1, 0, 0, 0, 1))
    turned = Image(image.voxels.transpose(1, 2, 0), Grid(mask.transpose(1, 2, 0).shape[::-1], (2.5, 0.7, 0.8)))
    texture = FeatureSettings(classes=("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"))

    expected = extract_features(image, mask, texture)
    assert extract_features(turned, mask.transpose(1, 2, 0), texture) == pytest.approx(expected, rel=1e-9)
    in_3d = extract_features(image, mask, FeatureSettings(classes=texture.classes, dimension="3D"))
    assert in_3d["original_glcm_Contrast"] != pytest.approx(expected["original_glcm_Contrast"], rel=1e-3)


def test_integer_and_float_voxels_of_equal_value_have_equal_features():
    image, mask = lesion()
    integers = image.with_voxels(np.rint(image.voxels).astype(np.int16))
    floats = image.with_voxels(integers.voxels.astype(np.float32))
    settings = FeatureSettings(bin_width=0.3)
    assert extract_features(integers, mask, settings) == extract_features(floats, mask, settings)


def test_voxels_outside_the_lesion_do_not_enter():
    image, mask = lesion()
    other = image.with_voxels(np.where(mask, image.voxels, 1e6))
    assert extract_features(other, mask, FeatureSettings()) == extract_features(image, mask, FeatureSettings())


def test_only_the_chosen_classes_are_computed():
    image, mask = lesion()
    values = extract_features(image, mask, FeatureSettings(classes=("ngtdm", "shape")))
    assert {key.split("_")[1] for key in values} == {"shape", "ngtdm"}


def test_distance_reaches_the_engine():
    image, mask = lesion()
    settings = FeatureSettings(classes=("glcm",), distance=2)
    expected = whole_image_values(image, mask, force2D=True, force2Ddimension=0, distances=[2])
    values = extract_features(image, mask, settings)
    assert values["original_glcm_Contrast"] == expected["original_glcm_Contrast"]


def two_voxels_that_touch_by_a_corner():
    image, mask = lesion()
    mask = np.zeros_like(mask)
    mask[1, 1, 1] = mask[2, 2, 2] = True
    return image, mask


def test_undefined_features_are_nan():
    values = extract_features(*two_voxels_that_touch_by_a_corner(), FeatureSettings(dimension="2D"))
    assert np.isnan(values["original_glcm_Contrast"])
    assert np.isfinite(values["original_firstorder_Mean"])


def test_nothing_is_printed_and_the_log_is_left_as_it_was():
    # pyradiomics writes to the stderr of its import, so only another process shows what a user sees.
    program = (
        "import logging, radiomics, test_extract_features as test;"
        "level = logging.getLogger('radiomics').level;"
        "settings = test.FeatureSettings(bin_width=None, bin_count=8, dimension='2D');"
        "test.extract_features(*test.two_voxels_that_touch_by_a_corner(), settings);"
        "assert logging.getLogger('radiomics').level == level"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_empty_mask_is_refused():
    image, mask = lesion()
    with pytest.raises(MaskError, match="empty"):
        extract_features(image, np.zeros_like(mask), FeatureSettings())


def test_mask_of_another_shape_is_refused():
    image, mask = lesion()
    with pytest.raises(MaskError, match="image's own grid"):
        extract_features(image, mask[:-1], FeatureSettings())


def test_mask_of_several_labels_is_refused():
    image, mask = lesion()
    labels = mask.astype(np.uint8)
    labels[0, 0, 0] = 2
    with pytest.raises(MaskError, match="label"):
        extract_features(image, labels, FeatureSettings())


@pytest.mark.parametrize("extent", [(1, 1, 1), (1, 1, 4), (3, 1, 1)])
def test_lesion_too_small_is_refused(extent):
    image, mask = lesion()
    mask = np.zeros_like(mask)
    mask[tuple(slice(1, 1 + n) for n in extent)] = True
    with pytest.raises(MaskError, match=" x ".join(map(str, extent[::-1]))):
        extract_features(image, mask, FeatureSettings())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxel_that_is_no_number_is_refused(value):
    image, mask = lesion()
    voxels = np.where(np.arange(mask.size).reshape(mask.shape) == np.flatnonzero(mask)[0], value, image.voxels)
    with pytest.raises(ImageError, match="NaN or infinite"):
        extract_features(image.with_voxels(voxels), mask, FeatureSettings())


def test_distance_beyond_the_lesion_is_refused():
    image, mask = lesion()
    with pytest.raises(SettingsError, match="Choose a distance below 7"):
        extract_features(image, mask, FeatureSettings(distance=7))


def test_bin_width_that_would_fill_the_memory_is_refused():
    image, mask = lesion()
    with pytest.raises(SettingsError, match="gray levels; at most"):
        extract_features(image, mask, FeatureSettings(bin_width=1e-6))


def test_missing_pyradiomics_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "radiomics.featureextractor", None)
    image, mask = lesion()
    with pytest.raises(MissingDependencyError, match="Choose the engine exact.*pip install pyradiomics-bhklab"):
        extract_features(image, mask, FeatureSettings(engine="pyradiomics"))


def test_importing_loads_no_heavy_package():
    check = "import sys, SuperResRadiomicsLib.radiomics;print(*{'torch', 'radiomics', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
