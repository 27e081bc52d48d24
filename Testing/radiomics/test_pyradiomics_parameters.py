"""Both engines beside pyradiomics' own extractor, run on the raw image and mask with the same parameter file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from radiomics.featureextractor import RadiomicsFeatureExtractor
from scipy import ndimage

from SuperResRadiomicsLib.grid import Grid, to_sitk
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import extract_features, read_parameter_file

RELATIVE, ABSOLUTE = 1e-9, 1e-12
SHAPE = 1e-3, 1e-6
LOOSER = {"MCC": (1e-6, 1e-6)}

CLASSES = "featureClass: {firstorder: , glcm: , gldm: , glrlm: , glszm: , ngtdm: }\n"
FILTERS = {
    "Original": "imageType: {Original: {}}",
    "Wavelet": "imageType: {Wavelet: {}}",
    "Wavelet, two levels of another": "imageType: {Wavelet: {wavelet: db2, start_level: 1, level: 2}}",
    "Wavelet in 2D": "imageType: {Wavelet: {}}\nsetting: {force2D: true, force2Ddimension: 1}",
    "LoG": "imageType: {LoG: {sigma: [1, 2.5]}}",
    "LoG, sigma among the settings": "imageType: {LoG: {}}\nsetting: {sigma: [3.0]}",
    "Square": "imageType: {Square: {}}",
    "SquareRoot": "imageType: {SquareRoot: {}}",
    "Logarithm": "imageType: {Logarithm: {}}",
    "Exponential": "imageType: {Exponential: {binCount: 16}}",
    "Gradient": "imageType: {Gradient: {}}",
    "Gradient per voxel": "imageType: {Gradient: {gradientUseSpacing: false, binWidth: 5}}",
}
PREPROCESSING = {
    "resampled": "setting: {resampledPixelSpacing: [1.5, 1.5, 1.5]}",
    "resampled in plane": "setting: {resampledPixelSpacing: [1.7, 1.1, 0], interpolator: sitkLinear, padDistance: 2}",
    "resampled to its own spacing": "imageType: {LoG: {sigma: [1]}}\nsetting: {resampledPixelSpacing: [0, 0, 0]}",
    "resampled to twice its spacing": "setting: {resampledPixelSpacing: [1.8, 1.6, 3.0]}",
    "resampled to a third": "setting: {resampledPixelSpacing: [0.3, 0.8, 0.5], padDistance: 0}",
    "resampled by number": "setting: {resampledPixelSpacing: [0.6, 0.7, 2.0], interpolator: 1}",
    "resampled, then filtered": "imageType: {Original: {}, Wavelet: {}, LoG: {sigma: [2]}, Gradient: {}}\n"
    "setting: {resampledPixelSpacing: [2, 2, 2], padDistance: 8}",
    "normalised": "setting: {normalize: true, normalizeScale: 100, binWidth: 5}",
    "normalised without outliers": "imageType: {Original: {}, Square: {}}\n"
    "setting: {normalize: true, removeOutliers: 1, normalizeScale: 50, resampledPixelSpacing: [2, 2, 2]}",
    "cropped": "imageType: {LoG: {sigma: [1.0]}, Square: {}}\nsetting: {preCrop: true, padDistance: 3}",
    "resegmented": "setting: {resegmentRange: [20, 90]}",
    "resegmented relatively": "setting: {resegmentRange: [0.5], resegmentMode: relative, resegmentShape: true}",
    "resegmented by sigma": "imageType: {Logarithm: {}}\nsetting: {resegmentRange: [1, -1], resegmentMode: sigma}",
}
TEXTURE = {
    "several distances": "setting: {distances: [1, 2]}",
    "a wider distance in 2D": "setting: {distances: [3], force2D: true, force2Ddimension: 2}",
    "asymmetric": "setting: {symmetricalGLCM: false, binCount: 16}",
    "manhattan": "setting: {weightingNorm: manhattan}",
    "euclidean": "setting: {weightingNorm: euclidean, distances: [1, 2], force2D: true}",
    "infinity": "setting: {weightingNorm: infinity, symmetricalGLCM: false}",
    "no weighting": "setting: {weightingNorm: no_weighting, binCount: 8}",
    "dependence of near levels": "setting: {gldm_a: 2, binWidth: 10}",
    "shifted intensities": "setting: {voxelArrayShift: 300}",
}
SINGLE = "featureClass: {shape: [Sphericity], firstorder: [Mean, Energy], glcm: [MCC, Contrast, Id], ngtdm: []}"
REAL = {
    "everything": "imageType: {Original: {}, Wavelet: {binCount: 8}, LoG: {sigma: [2.0, 4]}, Square: {}, "
    "SquareRoot: {}, Logarithm: {}, Exponential: {}, Gradient: {}}\n"
    "setting: {preCrop: true, padDistance: 8, binCount: 32}\n"
    "featureClass: {firstorder: , glcm: [Contrast, MCC], glrlm: , glszm: , ngtdm: }",
    "MR": "imageType: {Original: {}, LoG: {sigma: [3]}, Wavelet: {}}\nsetting: {normalize: true, normalizeScale: 100, "
    "removeOutliers: 3, resampledPixelSpacing: [2, 2, 2], binWidth: 5, voxelArrayShift: 300, label: 1}",
    "whole image": "imageType: {Wavelet: {}, LoG: {sigma: [2]}, Square: {}, Gradient: {}}\n"
    "featureClass: {firstorder: [Mean, Entropy], glszm: []}",
}


@cache
def made_up() -> tuple[Image, np.ndarray]:
    """A lesion of 16-bit voxels, off the middle of an oblique grid of odd and even sizes."""
    rng = np.random.default_rng(5)
    smooth = ndimage.gaussian_filter(rng.normal(size=(23, 36, 31)), 1.1)
    grid = Grid((31, 36, 23), (0.9, 0.8, 1.5), (-12.5, 30.0, 7.0), (0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1))
    k, j, i = np.indices(grid.shape)
    mask = ((k - 9) / 4) ** 2 + ((j - 20) / 7) ** 2 + ((i - 12) / 6) ** 2 + 2 * smooth < 1
    return Image(np.rint(50 + 300 * smooth).astype(np.int16), grid, "CT", "HU"), mask


@cache
def real(folder: Path, name: str) -> Callable[[], tuple[Image, np.ndarray]]:
    modality = {"brain1": "mr", "lung1": "ct"}[name]
    files = [folder / modality / "pyradiomics" / f"{name}_{kind}.nrrd" for kind in ("image", "label")]
    if not files[1].exists():
        pytest.skip(f"NOT FOUND: {files[1].name}")
    image = read_image(files[0])
    lesion = image, read_mask(files[1], image.grid)
    return lambda: lesion


@cache
def pyradiomics_itself(text: str, lesion: Callable[[], tuple[Image, np.ndarray]]) -> dict[str, float]:
    """Asked once for both engines."""
    image, mask = lesion()
    extractor = RadiomicsFeatureExtractor(yaml.safe_load(text), additionalInfo=False)
    extractor.enabledFeatures.pop("shape2D", None)
    values = extractor.execute(to_sitk(image.voxels, image.grid), to_sitk(mask.astype(np.uint8), image.grid))
    return {key: float(np.real(value)) for key, value in values.items()}


def check(path: Path, text: str, lesion: Callable[[], tuple[Image, np.ndarray]], engine: str) -> None:
    path.write_text(text if "featureClass" in text else CLASSES + text, encoding="utf-8")
    expected = pyradiomics_itself(path.read_text(encoding="utf-8"), lesion)
    found = extract_features(*lesion(), read_parameter_file(path, engine).settings)
    assert expected
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        relative, absolute = LOOSER.get(key.split("_")[-1], SHAPE if "_shape_" in key else (RELATIVE, ABSOLUTE))
        assert found[key] == pytest.approx(value, rel=relative, abs=absolute, nan_ok=True), key


ENGINES = pytest.mark.parametrize("engine", ["pyradiomics", "exact"])


@ENGINES
@pytest.mark.parametrize("text", FILTERS.values(), ids=FILTERS)
def test_filters(tmp_path, text, engine):
    check(tmp_path / "p.yaml", text, made_up, engine)


@ENGINES
@pytest.mark.parametrize("text", PREPROCESSING.values(), ids=PREPROCESSING)
def test_preprocessing(tmp_path, text, engine):
    with_shape = CLASSES.replace("{", "{shape: , ") + text
    check(tmp_path / "p.yaml", with_shape, made_up, engine)


@ENGINES
@pytest.mark.parametrize("text", TEXTURE.values(), ids=TEXTURE)
def test_texture(tmp_path, text, engine):
    check(tmp_path / "p.yaml", text, made_up, engine)


@ENGINES
def test_single_features(tmp_path, engine):
    check(tmp_path / "p.yaml", SINGLE, made_up, engine)


@ENGINES
def test_json_says_the_same(tmp_path, engine):
    text = PREPROCESSING["resampled, then filtered"]
    (tmp_path / "p.yaml").write_text(text)
    (tmp_path / "p.json").write_text(json.dumps(yaml.safe_load(text)))
    assert read_parameter_file(tmp_path / "p.json", engine) == read_parameter_file(tmp_path / "p.yaml", engine)


@ENGINES
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("brain1", "everything"),
        ("brain1", "MR"),
        ("brain1", "whole image"),
        pytest.param("lung1", "everything", marks=pytest.mark.slow),
        pytest.param("lung1", "MR", marks=pytest.mark.slow),
    ],
)
def test_real_lesions(test_data, tmp_path, name, parameters, engine):
    check(tmp_path / "p.yaml", REAL[parameters], real(test_data, name), engine)
