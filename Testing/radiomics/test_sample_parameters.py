"""pyradiomics' sample parameter files, flat shapes, deprecated names and patterns: the engine exact beside it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.radiomics.exact.shape2d import planar_shape_features
from SuperResRadiomicsLib.radiomics.filters import LocalBinaryPattern2D
from SuperResRadiomicsLib.radiomics.grey_levels import settings_notes
from SuperResRadiomicsLib.radiomics.parameter_file import parse_parameters, read_parameter_file

from .sample_parameters import SAMPLES

RNG = np.random.default_rng(11)
SLOW = {"Pyradiomics_Params.yaml", "exampleCT.yaml"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in SAMPLES])
def test_sample_files_run_and_agree_with_pyradiomics(test_data: Path, tmp_path: Path, name: str):
    extractor = pytest.importorskip("radiomics.featureextractor")
    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    folder = test_data / "reference" / "pyradiomics"
    if not folder.is_dir():
        pytest.skip("PYRADIOMICS' CASES NOT FOUND")
    path = tmp_path / name
    path.write_text(yaml.safe_dump(SAMPLES[name]), encoding="utf-8")
    settings = read_parameter_file(path, "exact").settings
    scan, label = (sitk.ReadImage(str(folder / f"breast1_{part}.nrrd")) for part in ("image", "label"))
    image = read_image(folder / "breast1_image.nrrd", "MR")
    mask = read_mask(folder / "breast1_label.nrrd", image.grid)
    if "shape2D" in settings.classes:  # pyradiomics computes it of a lesion in one slice only
        largest = mask.sum(axis=(1, 2)).argmax()
        mask = mask & (np.arange(len(mask)) == largest)[:, None, None]
        single = sitk.GetImageFromArray(mask.astype(np.uint8))
        single.CopyInformation(label)
        label = single
    measured = extractor.RadiomicsFeatureExtractor(str(path)).execute(scan, label)
    expected = {key: float(np.real(value)) for key, value in measured.items() if not key.startswith("diagnostics_")}
    found = extract_features(image, mask, settings)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-9, abs=1e-12), key


@pytest.mark.parametrize("seed", range(3))
def test_flat_shape_is_pyradiomics(seed: int):
    """Any outline, with corners that touch and holes."""
    shapes = pytest.importorskip("radiomics.shape2D")
    mask = np.random.default_rng(seed).random((9, 11)) < 0.6
    label = sitk.GetImageFromArray(mask[None].astype(np.uint8))
    label.SetSpacing((0.7, 1.3, 3.0))
    theirs = shapes.RadiomicsShape2D(label, label, force2D=True, force2Ddimension=0)
    theirs.enableAllFeatures()
    expected = {name: float(value) for name, value in theirs.execute().items()}
    found = planar_shape_features(mask, (1.3, 0.7))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-9)


def flat_image() -> tuple[Image, np.ndarray]:
    grid = Grid((16, 14, 6), (1.0, 1.0, 3.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[2, 3:10, 4:12] = True
    return Image(RNG.normal(size=grid.shape) * 50, grid), mask


@pytest.mark.parametrize("engine", ["exact", "pyradiomics"])
def test_flat_shape_of_a_flat_lesion_only(engine: str):
    if engine == "pyradiomics":
        pytest.importorskip("radiomics")
    image, mask = flat_image()
    settings = FeatureSettings(engine=engine, classes=("shape2D",), dimension="2D")
    assert extract_features(image, mask, settings)["original_shape2D_PixelSurface"] == 56.0
    assert settings_notes(image, mask, settings) == [
        note for note in settings_notes(image, mask, settings) if "shape2D" not in note
    ]


def test_flat_shape_of_several_slices_is_left_out_and_said():
    image, mask = flat_image()
    mask[3] = mask[2]
    settings = FeatureSettings(engine="exact", classes=("shape2D", "firstorder"), dimension="2D")
    assert not [key for key in extract_features(image, mask, settings) if "shape2D" in key]
    assert any("shape2D is left out" in note for note in settings_notes(image, mask, settings))


def test_names_without_a_value_are_said_and_left_out():
    content = parse_parameters({"featureClass": {"glcm": ["Dissimilarity", "Contrast"]}}, "exact")
    assert content.settings.features == ("glcm_Contrast",)
    assert content.without_effect == ("featureClass.glcm.Dissimilarity (deprecated: the same as DifferenceAverage)",)


def test_binary_patterns_are_pyradiomics():
    operations = pytest.importorskip("radiomics.imageoperations")
    pytest.importorskip("skimage")
    image, mask = flat_image()
    for axis, force in ((None, False), (2, True), (0, True)):
        scan = sitk.GetImageFromArray(image.voxels)
        options = {"force2D": force, "force2Ddimension": 0 if axis is None else 2 - axis, "lbp2DRadius": 2}
        ((expected, name, _),) = operations.getLBP2DImage(scan, None, **options)
        ((ours, found),) = LocalBinaryPattern2D(radius=2).images(image, axis)
        assert ours == name
        np.testing.assert_array_equal(found.voxels, sitk.GetArrayFromImage(expected))


def test_binary_patterns_by_a_parameter_file():
    settings = parse_parameters({"imageType": {"LBP2D": {"lbp2DSamples": 12}}}, "exact").settings
    assert settings.filters == (LocalBinaryPattern2D(samples=12),)
    with pytest.raises(SettingsError, match="radius"):
        LocalBinaryPattern2D(radius=0)
