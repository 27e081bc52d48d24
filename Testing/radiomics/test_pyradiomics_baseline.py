"""pyradiomics' own expected values (its repository, data/baseline) come out of ``extract_features``."""

import ast
import csv
from functools import cache

import pytest

from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import extract_features
from SuperResRadiomicsLib.radiomics.parameter_file import parse_parameters

CASES = {"brain1": "mr", "breast1": "mr", "lung1": "ct"}
TEXTURE = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
PREPROCESSED = ("_normalization", "_resampling", "_resegmentation")
VARIANTS = {
    "shape": ("", "_resampling"),
    "firstorder": ("", *PREPROCESSED),
    **dict.fromkeys(TEXTURE, ("", "_2d", "_FBN", *PREPROCESSED)),
    "glcm": ("", "_2d", "_FBN", "_combined", *PREPROCESSED),
}
COLUMNS = [
    (feature_class, case + variant)
    for case in CASES
    for feature_class in ("shape", "firstorder", *TEXTURE)
    for variant in VARIANTS[feature_class]
    if case != "lung1" or variant not in PREPROCESSED  # whole CTs are slow to normalise and to resample
]
# The shape baseline was made with another mesh routine.
TOLERANCE = {"shape": 1e-3}


def read_column(folder, feature_class, column):
    with (folder / f"baseline_{feature_class}.csv").open(newline="") as file:
        return {row["featureName"]: row[column] for row in csv.DictReader(file)}


@cache
def read_case(folder, case):
    image = read_image(folder / f"{case}_image.nrrd")
    return image, read_mask(folder / f"{case}_label.nrrd", image.grid)


def settings_of(configuration, feature_class, engine):
    """The configuration of a column, read as a parameter file."""
    # Old versions allowed lines of voxels; no lesion here is one.
    setting = configuration | {"minimumROIDimensions": 2}
    return parse_parameters({"setting": setting, "featureClass": {feature_class: None}}, engine).settings


@pytest.mark.parametrize("engine", ["pyradiomics", "exact"])
@pytest.mark.parametrize(("feature_class", "column"), COLUMNS)
def test_baseline_is_reproduced(test_data, feature_class, column, engine):
    case = column.split("_")[0]
    image, mask = read_case(test_data / CASES[case] / "pyradiomics", case)
    expected = read_column(test_data / "reference" / "pyradiomics" / "baseline", feature_class, column)
    settings = settings_of(ast.literal_eval(expected["diagnostics_Configuration_Settings"]), feature_class, engine)

    values = extract_features(image, mask, settings)

    expected = {key: float(value) for key, value in expected.items() if key.startswith("original_")}
    assert values.keys() >= expected.keys()
    assert {key: values[key] for key in expected} == pytest.approx(
        expected, rel=TOLERANCE.get(feature_class, 1e-9), abs=1e-15, nan_ok=True
    )
