"""Percentages only where zero means none."""

from __future__ import annotations

import math

import pytest

from SuperResRadiomicsLib.radiomics import FeatureRow
from SuperResRadiomicsLib.radiomics.feature_names import FEATURE_NAMES
from SuperResRadiomicsLib.radiomics.scales import NORMALISED, has_zero, unit_of


def change(key: str, before: float, after: float, unit: str) -> str:
    of_class = key.split("_")[1]
    return FeatureRow(
        of_class, key.rsplit("_", 1)[1], key, before, before, after, intensity_unit=unit
    ).network_effect_text


@pytest.mark.parametrize(
    ("key", "unit", "shown"),
    [
        ("original_firstorder_10Percentile", "HU", "+1 HU"),
        ("original_firstorder_10Percentile", "arbitrary", "+50.0%"),
        ("original_firstorder_10Percentile", NORMALISED, "+1"),
        ("original_firstorder_Variance", "HU", "+50.0%"),
        ("original_firstorder_Energy", "HU", "+1 HU²"),
        ("original_firstorder_Skewness", "arbitrary", "+1"),
        ("original_glcm_Correlation", "HU", "+1"),
        ("original_glcm_Contrast", "HU", "+50.0%"),
        ("original_shape_MeshVolume", "HU", "+50.0%"),
        ("wavelet-LLH_firstorder_Mean", "arbitrary", "+1"),
        ("log-sigma-1-mm-3D_firstorder_Median", "HU", "+1"),
        ("lesion_mean_intensity", "HU", "+1 HU"),
        ("lesion_volume_mm3", "HU", "+50.0%"),
    ],
)
def test_changes_are_told_on_the_scale_of_the_feature(key, unit, shown):
    assert change(key, 2.0, 3.0, unit) == shown


def test_below_zero_there_is_no_percentage():
    assert change("original_firstorder_Mean", -2.0, -3.0, "arbitrary") == "\N{MINUS SIGN}1"
    row = FeatureRow("glcm", "Imc1", "original_glcm_Imc1", -0.1, -0.1, -0.2)
    assert math.isnan(row.network_effect_relative) and math.isnan(row.voxel_effect_relative)


def test_every_feature_has_a_scale():
    for of_class, names in FEATURE_NAMES.items():
        for name in names:
            assert isinstance(has_zero(f"original_{of_class}_{name}", "HU"), bool)
            assert unit_of(f"original_{of_class}_{name}", "HU") in ("", "mm", "mm2", "mm3", "/mm", "HU", "HU2")
