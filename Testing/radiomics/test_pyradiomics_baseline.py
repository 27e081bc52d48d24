"""pyradiomics' own expected values (its repository, data/baseline) come out of ``extract_features``."""

import ast
import csv
import math

import pytest

from SuperResRadiomicsLib.image import read_image, read_mask
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features

CASES = {"brain1": "mr", "breast1": "mr", "lung1": "ct"}
TEXTURE = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
COLUMNS = [
    (feature_class, case + variant)
    for case in CASES
    for feature_class in ("shape", "firstorder", *TEXTURE)
    for variant in (("", "_2d", "_FBN") if feature_class in TEXTURE else ("",))
]
# The shape baseline was made with another mesh routine.
TOLERANCE = {"shape": 1e-3}
# These settings change no value of these columns: ours crops, and neither resamples nor normalises.
NEUTRAL = {
    "additionalInfo",
    "interpolator",
    "label",
    "minimumROIDimensions",
    "minimumROISize",
    "normalizeScale",
    "padDistance",
}


def read_column(folder, feature_class, column):
    with (folder / f"baseline_{feature_class}.csv").open(newline="") as file:
        return {row["featureName"]: row[column] for row in csv.DictReader(file)}


def settings_of(configuration, feature_class, engine):
    """The configuration of a column as FeatureSettings and the shift of intensities that they do not have."""
    given = {name: value for name, value in configuration.items() if value not in (None, False)}
    expressed = {"distances", "binWidth", "binCount", "force2D", "force2Ddimension", "voxelArrayShift", "gldm_a"}
    assert given.keys() <= NEUTRAL | expressed, "the column needs settings that FeatureSettings does not have"
    assert not given.get("gldm_a")
    if given.get("force2D"):
        assert configuration["force2Ddimension"] == 0  # slices across k, which has the largest spacing in all cases
    count = given.get("binCount")
    settings = FeatureSettings(
        engine=engine,
        classes=(feature_class,),
        bin_width=None if count else given.get("binWidth", 25),
        bin_count=count,
        dimension="2D" if given.get("force2D") else "3D",
        distance=given["distances"][0],
    )
    return settings, given.get("voxelArrayShift", 0)


def shifted(values, count, shift):
    """First-order values after adding ``shift`` to every voxel, as these three features define it."""
    if "original_firstorder_Energy" not in values:
        return values
    growth = shift * (2 * values["original_firstorder_Mean"] + shift)  # mean of (x + shift)^2 - x^2
    energy, total = values["original_firstorder_Energy"], values["original_firstorder_TotalEnergy"]
    return values | {
        "original_firstorder_Energy": energy + count * growth,
        "original_firstorder_TotalEnergy": total + total / energy * count * growth,
        "original_firstorder_RootMeanSquared": math.sqrt(energy / count + growth),
    }


@pytest.mark.parametrize("engine", ["pyradiomics", "exact"])
@pytest.mark.parametrize(("feature_class", "column"), COLUMNS)
def test_baseline_is_reproduced(test_data, feature_class, column, engine):
    case = column.split("_")[0]
    folder = test_data / CASES[case] / "pyradiomics"
    image = read_image(folder / f"{case}_image.nrrd")
    mask = read_mask(folder / f"{case}_label.nrrd", image.grid)
    expected = read_column(test_data / "reference" / "pyradiomics" / "baseline", feature_class, column)
    settings, shift = settings_of(
        ast.literal_eval(expected["diagnostics_Configuration_Settings"]), feature_class, engine
    )

    values = shifted(extract_features(image, mask, settings), int(mask.sum()), shift)

    expected = {key: float(value) for key, value in expected.items() if key.startswith("original_")}
    assert values.keys() >= expected.keys()
    assert {key: values[key] for key in expected} == pytest.approx(
        expected, rel=TOLERANCE.get(feature_class, 1e-9), abs=1e-15, nan_ok=True
    )
