"""Bins where nobody asked for any: 25 wide, but for images of tiny values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.cli.app import app
from SuperResRadiomicsLib.grid import refine
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions
from SuperResRadiomicsLib.radiomics.batch import extract_cases, read_cases
from SuperResRadiomicsLib.radiomics.default_bins import default_bin_notes, with_default_bins
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing

GRID = srr.Grid((18, 16, 8), (1.0, 1.0, 2.5))
PLAIN = FeatureSettings(engine="exact", classes=("firstorder", "glcm"))
ENTROPY = "original_firstorder_Entropy"


def image(low: float, high: float, modality: str, unit: str, grid: srr.Grid = GRID) -> Image:
    """Correlated noise that spans a range in the lesion."""
    texture = gaussian_filter(np.random.default_rng(3).normal(size=grid.shape), 0.8)
    least, most = texture[lesion()].min(), texture[lesion()].max()
    return Image(low + (high - low) * (texture - least) / (most - least), grid, modality, unit, name="scan")


def lesion() -> np.ndarray:
    k, j, i = np.indices(GRID.shape)
    return ((k - 4) / 3) ** 2 + ((j - 8) / 5) ** 2 + ((i - 9) / 6) ** 2 < 1


@pytest.fixture
def diffusion() -> Image:
    """Apparent diffusion coefficients in mm2/s."""
    return image(0.0004, 0.0028, "MR", "arbitrary")


def versions(original: Image) -> LesionVersions:
    fine = refine(original.grid, (2, 2, 1))
    larger = Image(original.voxels.repeat(2, axis=1).repeat(2, axis=2), fine, original.modality, original.unit)
    return LesionVersions.of_images(original, lesion(), larger, replace(larger, voxels=1.01 * larger.voxels))


def test_tiny_values_get_a_width_that_suits_and_every_output_says_so(diffusion, tmp_path: Path):
    with pytest.warns(UserWarning, match="from 0.0004 to 0.0028.*A width of 0.0001 was chosen"):
        values = srr.extract_features(diffusion, lesion(), PLAIN)
    assert values == srr.extract_features(diffusion, lesion(), replace(PLAIN, bin_width=1e-4))
    assert values[ENTROPY] > 3

    table = srr.compare(versions(diffusion), PLAIN)
    assert table.header.bin_width == 1e-4 and "A width of 0.0001 was chosen" in " ".join(table.header.warnings)
    assert {row.key: row.original for row in table.rows}[ENTROPY] == values[ENTROPY]
    maps = srr.feature_maps(diffusion, lesion(), ["firstorder_Entropy"], settings=PLAIN)
    assert maps.described["bin_width"] == 1e-4

    write_image(diffusion, tmp_path / "adc.nrrd")
    write_mask(lesion(), GRID, tmp_path / "mask.nrrd")
    asked = ["features", str(tmp_path / "adc.nrrd"), str(tmp_path / "mask.nrrd"), "--engine", "exact", "--json"]
    said = CliRunner().invoke(app, asked)
    found = json.loads(said.stdout)
    assert found["setting_bin_width"] == 1e-4 and "A width of 0.0001 was chosen" in found["warnings"]
    assert "A width of 0.0001 was chosen" in said.stderr.replace("\n", " ")


def test_stability_is_checked_with_the_bins_of_the_table(diffusion):
    found = srr.check_stability(versions(diffusion), replace(PLAIN, classes=("glcm",)))
    asked = srr.check_stability(versions(diffusion), replace(PLAIN, classes=("glcm",), bin_width=1e-4))
    assert found == asked


@pytest.mark.parametrize(
    ("low", "high", "modality", "unit"),
    [(-30, 60, "CT", "HU"), (2, 8, "CT", "HU"), (100, 900, "MR", "arbitrary"), (10, 35, "MR", "arbitrary")],
)
def test_usual_images_keep_the_usual_width(low, high, modality, unit):
    scan = image(low, high, modality, unit)
    assert with_default_bins(scan, lesion(), PLAIN).bin_width == 25.0
    assert default_bin_notes(scan, lesion(), PLAIN) == []
    assert PLAIN.describe()["bin_width"] == 25.0


@pytest.mark.parametrize("asked", [{"bin_width": 25.0}, {"bin_width": 0.5}, {"bin_count": 16}], ids=str)
def test_bins_that_were_asked_for_stand(diffusion, asked):
    settings = replace(PLAIN, **asked)
    assert with_default_bins(diffusion, lesion(), settings) is settings
    assert default_bin_notes(diffusion, lesion(), settings) == []


def test_a_lesion_of_one_value_has_no_width_that_suits():
    flat = Image(np.full(GRID.shape, 0.001), GRID, "MR", "arbitrary")
    assert with_default_bins(flat, lesion(), PLAIN).bin_width == 25.0


def test_normalised_values_are_what_the_bins_must_suit():
    scan = image(100, 900, "MR", "arbitrary")
    scaled = replace(PLAIN, preprocessing=Preprocessing(normalisation=Normalisation(scale=1)))
    assert with_default_bins(scan, lesion(), scaled).bin_width == 0.2


def test_a_list_has_one_width_for_all(diffusion, tmp_path: Path):
    write_image(diffusion, tmp_path / "adc.nrrd")
    write_mask(lesion(), GRID, tmp_path / "mask.nrrd")
    (tmp_path / "cases.csv").write_text("Image,Mask\nadc.nrrd,mask.nrrd\n")
    (outcome,) = extract_cases(read_cases(tmp_path / "cases.csv"), PLAIN)
    assert outcome.features[ENTROPY] == pytest.approx(0, abs=1e-9)
    assert "makes one grey level" in outcome.diagnostics["Warnings"]
