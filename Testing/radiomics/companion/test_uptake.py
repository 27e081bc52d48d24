"""Metabolic volume and total lesion glycolysis, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.radiomics.companion.uptake import NAMES
from SuperResRadiomicsLib.radiomics.scales import unit_of

SETTINGS = FeatureSettings(engine="exact", classes=("uptake",))


def pet() -> tuple[Image, np.ndarray]:
    """Voxels of 0.032 ml: eight of SUV 10, sixteen of 4.05, eight of 3.9, and a hotter one outside of the lesion."""
    grid = Grid((6, 4, 4), (4.0, 4.0, 2.0))
    voxels = np.zeros(grid.shape, dtype=np.float32)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1:3, :, 1:5] = True
    voxels[1:3, :, 1] = 10
    voxels[1:3, :, 2:4] = 4.05
    voxels[1:3, :, 4] = 3.9
    voxels[0, 0, 0] = 99
    return Image(voxels, grid, "PT", "g/ml (SUV by body weight)", through_plane=2), mask


def values(image: Image, mask: np.ndarray) -> dict[str, float]:
    found = extract_features(image, mask, SETTINGS)
    assert list(found) == [f"companion_uptake_{name}" for name in NAMES]
    return {key.rsplit("_", 1)[1]: value for key, value in found.items()}


def test_volumes_and_glycolyses_are_counted():
    found = values(*pet())
    assert found["MetabolicVolume"] == pytest.approx(32 * 0.032)
    assert found["TotalLesionGlycolysis"] == pytest.approx((80 + 64.8 + 31.2) * 0.032)
    assert found["MetabolicVolume41Percent"] == pytest.approx(8 * 0.032), "4.05 is below 41% of 10"
    assert found["TotalLesionGlycolysis41Percent"] == pytest.approx(80 * 0.032)
    assert found["MetabolicVolumeSUV4"] == pytest.approx(24 * 0.032)
    assert found["TotalLesionGlycolysisSUV4"] == pytest.approx((80 + 64.8) * 0.032, rel=1e-6)


def test_without_uptake_values_a_fixed_one_means_nothing():
    image, mask = pet()
    found = values(replace(image, unit="Bq/ml"), mask)
    assert np.isnan([found["MetabolicVolumeSUV4"], found["TotalLesionGlycolysisSUV4"]]).all()
    assert found["MetabolicVolume41Percent"] == pytest.approx(8 * 0.032)
    assert np.isnan(list(values(replace(image, modality="CT", unit="HU"), mask).values())).all()


def test_nothing_above_a_fixed_value_is_zero():
    image, mask = pet()
    found = values(image.with_voxels(image.voxels / 10), mask)
    assert found["MetabolicVolumeSUV4"] == 0 == found["TotalLesionGlycolysisSUV4"]


def test_units_are_told():
    assert unit_of("companion_uptake_MetabolicVolumeSUV4", "g/ml (SUV by body weight)") == "ml"
