import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.radiomics import FeatureSettings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "exakt"}, "'exakt'.*pyradiomics"),
        ({"classes": ("glcm", "wavelet")}, "wavelet.*firstorder"),
        ({"classes": ()}, "none.*firstorder"),
        ({"bin_width": 25.0, "bin_count": 32}, "Only one"),
        ({"bin_width": 0.0}, "positive"),
        ({"bin_width": float("nan")}, "positive"),
        ({"bin_width": None, "bin_count": 1}, "at least 2"),
        ({"bin_width": None, "bin_count": 32.5}, "whole number"),
        ({"dimension": "2.5D"}, "auto, 2D, 3D"),
        ({"distance_unit": "cm"}, "voxel, mm"),
        ({"distance": 0.0}, "positive"),
        ({"distance": float("inf")}, "positive"),
        ({"distance": 1.5}, "whole number.*distance_unit=\"mm\""),
    ],
)  # fmt: skip
def test_bad_setting_is_refused(arguments, message):
    with pytest.raises(SettingsError, match=message):
        FeatureSettings(**arguments)


def test_classes_are_kept_in_table_order_and_once():
    assert FeatureSettings(classes=("glcm", "shape", "glcm")).classes == ("shape", "glcm")


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [
        ((1.0, 1.0, 2.0), "2D"),
        ((1.0, 1.0, 1.99), "3D"),
        ((3.0, 1.0, 1.0), "2D"),
        ((0.5, 1.0, 0.9), "2D"),
        ((0.7, 0.7, 0.7), "3D"),
    ],
)
def test_auto_dimension_follows_largest_over_smallest_spacing(spacing, expected):
    assert FeatureSettings().resolve_dimension(Grid((9, 9, 9), spacing)) == expected


def test_chosen_dimension_overrules_spacing():
    assert FeatureSettings(dimension="3D").resolve_dimension(Grid((9, 9, 9), (1.0, 1.0, 9.0))) == "3D"


@pytest.mark.parametrize(
    ("distance", "unit", "spacing", "dimension", "voxels"),
    [
        (2, "voxel", (0.5, 0.5, 5.0), "2D", 2),
        (1.0, "mm", (0.5, 0.5, 5.0), "2D", 2),
        (1.0, "mm", (1.0, 1.0, 5.0), "2D", 1),
        (1.09, "mm", (1.0, 1.0, 5.0), "2D", 1),
        (0.91, "mm", (1.0, 1.0, 5.0), "2D", 1),
        (1.4, "mm", (0.68, 0.72, 5.0), "2D", 2),
        (3.0, "mm", (2.0, 1.0, 1.5), "3D", 3),
    ],
)
def test_distance_in_voxels(distance, unit, spacing, dimension, voxels):
    settings = FeatureSettings(distance=distance, distance_unit=unit)
    assert settings.plan(Grid((9, 9, 9), spacing), dimension, 2, "original").distance == voxels


@pytest.mark.parametrize(
    ("distance", "spacing"),
    [(1.12, (1.0, 1.0, 5.0)), (0.4, (1.0, 1.0, 5.0)), (2.5, (1.0, 1.0, 2.5)), (1.0, (1.0, 0.8, 5.0))],
)
def test_distance_that_is_no_number_of_voxels_names_the_image(distance, spacing):
    settings = FeatureSettings(distance=distance, distance_unit="mm")
    with pytest.raises(SettingsError, match=f"{distance:g} mm.*bicubic image"):
        settings.plan(Grid((9, 9, 9), spacing), "2D", 2, "bicubic")
