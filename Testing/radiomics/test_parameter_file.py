"""Parameter files: what is honoured, what is listed as without effect, what is refused."""

from __future__ import annotations

import builtins
import subprocess
import sys

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MissingDependencyError, SettingsError
from SuperResRadiomicsLib.radiomics import FeatureSettings, read_parameter_file
from SuperResRadiomicsLib.radiomics.feature_names import FEATURE_NAMES
from SuperResRadiomicsLib.radiomics.filters import LaplacianOfGaussian, Original, Wavelet
from SuperResRadiomicsLib.radiomics.parameter_file import parse_parameters
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing, Resampling

TYPICAL = """
imageType:
  Original: {}
  LoG: {sigma: [1.0, 3]}
  Wavelet: {binWidth: 10}
featureClass:
  shape:
  firstorder: []
  glcm: [JointEnergy, Contrast]
setting:
  normalize: true
  normalizeScale: 100
  interpolator: sitkLinear
  resampledPixelSpacing: [2, 2, 0]
  padDistance: 10
  binWidth: 5
  distances: [2]
  force2D: true
  force2Ddimension: 1
  label: 2
  weightingNorm:
  correctMask: false
  additionalInfo: true
voxelSetting:
  kernelRadius: 2
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="parameters.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_key_arrives(written):
    content = read_parameter_file(written(TYPICAL), "exact")
    assert content.settings == FeatureSettings(
        engine="exact",
        classes=("shape", "firstorder", "glcm"),
        bin_width=5,
        dimension="2D",
        distance=(2,),
        slice_axis="j",
        features=("glcm_Contrast", "glcm_JointEnergy"),
        filters=(Original(), LaplacianOfGaussian(sigma=(1.0, 3)), Wavelet(bin_width=10)),
        preprocessing=Preprocessing(
            normalisation=Normalisation(scale=100), resampling=Resampling((2, 2, 0), "sitkLinear", 10)
        ),
    )
    assert content.label == 2
    assert content.without_effect == ("setting.additionalInfo", "voxelSetting.kernelRadius")


def test_an_empty_section_takes_pyradiomics_defaults():
    content = parse_parameters({"setting": None})
    assert content.settings == FeatureSettings(
        classes=tuple(FEATURE_NAMES), bin_width=25, dimension="3D", distance=(1,)
    )
    assert (content.label, content.without_effect) == (None, ())


@pytest.mark.parametrize(
    ("setting", "without"),
    [
        ({"normalizeScale": 2, "removeOutliers": 3}, ("normalizeScale", "removeOutliers")),
        ({"normalize": False, "preCrop": False}, ()),
        ({"interpolator": "sitkLinear", "padDistance": 3}, ("interpolator", "padDistance")),
        ({"interpolator": None, "resampledPixelSpacing": [1, 1, 1]}, ("interpolator", "resampledPixelSpacing")),
        ({"preCrop": True, "padDistance": 3}, ()),
        ({"resegmentMode": "sigma"}, ("resegmentMode",)),
        ({"force2D": False, "force2Ddimension": 1}, ("force2Ddimension",)),
        ({"sigma": [1], "wavelet": "db1"}, ("sigma", "wavelet")),
        ({"geometryTolerance": 0.1, "label_channel": 0}, ()),
    ],
)
def test_what_has_no_effect_is_listed(setting, without):
    assert parse_parameters({"setting": setting}).without_effect == tuple(f"setting.{key}" for key in without)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "no sections.*imageType"),
        ({"settings": {}}, "'settings' is not known.*voxelSetting"),
        ({"setting": [1]}, r"setting holds \[1\]"),
        ({"setting": {"binwidth": 5}}, "setting has no key 'binwidth'.*binWidth"),
        ({"setting": {"binWidth": 0}}, "setting.binWidth is 0.*positive"),
        ({"setting": {"binWidth": "5"}}, "setting.binWidth is '5'.*positive number"),
        ({"setting": {"binCount": 2.5}}, "binCount is 2.5.*whole number"),
        ({"setting": {"binCount": 8, "binWidth": 5}}, "binWidth and binCount"),
        ({"setting": {"distances": []}}, "distances.*list of one or more"),
        ({"setting": {"distances": [1.5]}}, "distances.*whole number"),
        ({"setting": {"normalize": 1}}, "normalize is 1.*true or false"),
        ({"setting": {"removeOutliers": -1}}, "removeOutliers.*positive"),
        ({"setting": {"resampledPixelSpacing": [1, 1]}}, "resampledPixelSpacing.*list of 3"),
        ({"setting": {"resampledPixelSpacing": [1, 1, -1]}}, "resampledPixelSpacing.*from 0"),
        ({"setting": {"interpolator": "cubic"}}, "interpolator is 'cubic'.*sitkBSpline"),
        ({"setting": {"interpolator": 11}}, "interpolator is 11.*from 1 to 10"),
        ({"setting": {"padDistance": -1}}, "padDistance.*from 0"),
        ({"setting": {"resegmentRange": [1, 2, 3]}}, "range of the resegmentation.*one or two"),
        ({"setting": {"resegmentRange": [1], "resegmentMode": "percent"}}, "resegmentMode.*relative, sigma"),
        ({"setting": {"force2Ddimension": 3}}, "force2Ddimension is 3.*0, 1, 2"),
        ({"setting": {"weightingNorm": "l2"}}, "weightingNorm is 'l2'.*manhattan"),
        ({"setting": {"gldm_a": -1}}, "gldm_a is -1.*from 0"),
        ({"setting": {"symmetricalGLCM": "yes"}}, "symmetricalGLCM.*true or false"),
        ({"setting": {"voxelArrayShift": float("inf")}}, "voxelArrayShift is inf.*a number"),
        ({"setting": {"label": 0}}, "label is 0.*from 1"),
        ({"setting": {"correctMask": 1}}, "correctMask is 1.*true or false"),
        ({"setting": {"label_channel": 1}}, "label_channel is 1.*only 0"),
        ({"setting": {"minimumROIDimensions": 0}}, "minimumROIDimensions is 0.*1, 2, 3"),
        ({"voxelSetting": {"kernel": 1}}, "voxelSetting has no key 'kernel'.*kernelRadius"),
        ({"voxelSetting": {"kernelRadius": 0}}, "voxelSetting.kernelRadius is 0"),
        ({"imageType": {"LBP3D": {"levels": 2}}}, "imageType.LBP3D has no key 'levels'.*lbp3DLevels"),
        ({"imageType": {"LBP2D": {"lbp2DMethod": "other"}}}, "method of LBP2D is 'other'.*uniform"),
        ({"imageType": {"LBP2D": {"lbp2DSamples": 0}}}, "lbp2DSamples is 0.*from 1"),
        ({"imageType": {"LoG": {}}}, "sigmas of LoG are: none"),
        ({"imageType": {"LoG": {"sigma": [0]}}}, "imageType.LoG.sigma.*positive"),
        ({"imageType": {"LoG": [1]}}, r"imageType.LoG holds \[1\]"),
        ({"imageType": {"Square": {"sigma": [1]}}}, "imageType.Square has no key 'sigma'.*binWidth"),
        ({"imageType": {"Wavelet": {"wavelet": "coif99"}}}, "wavelet is 'coif99'.*coif1"),
        ({"imageType": {"Wavelet": {"level": 0}}}, "imageType.Wavelet.level is 0"),
        ({"imageType": {"Square": {"binWidth": 5}}, "setting": {"binCount": 8}}, "setting.binCount overrules"),
        ({"featureClass": {"shape3D": None}}, "'shape3D' is not on offer.*glcm"),
        ({"featureClass": {"glcm": ["Homogeneity"]}}, "glcm has no feature 'Homogeneity'.*Contrast"),
        ({"featureClass": {"glcm": ["Homogeneity1"]}}, "no feature is left.*Homogeneity1 .deprecated: the same as Id"),
        ({"featureClass": {"glcm": "Contrast"}}, "featureClass.glcm holds 'Contrast'.*list"),
    ],
)  # fmt: skip
def test_bad_content_is_refused(content, message):
    with pytest.raises(SettingsError, match=message):
        parse_parameters(content)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.yaml", "setting: {binWidth: [}", "'p.yaml': it is not valid YAML"),
        ("p.json", "{'setting': 1}", "'p.json': it is not valid JSON"),
        ("p.yaml", "setting: {bins: 5}", "'p.yaml': setting has no key 'bins'"),
    ],
)
def test_bad_file_is_named(written, name, text, message):
    with pytest.raises(SettingsError, match=message):
        read_parameter_file(written(text, name))


@pytest.mark.parametrize("computed", [False, True])
def test_a_filter_is_skipped_where_pyradiomics_skips_it(monkeypatch, computed):
    from SuperResRadiomicsLib.radiomics import parameter_file

    monkeypatch.setattr(parameter_file, "_computes_lbp3d", lambda: computed)
    content = {"imageType": {"Original": {}, "LBP3D": {"lbp3DLevels": 2, "binWidth": 0.5}}}
    if computed:
        with pytest.raises(SettingsError, match="'LBP3D' is not on offer"):
            parse_parameters(content, "exact")
        return
    read = parse_parameters(content, "exact")
    assert read.settings.filters == FeatureSettings(engine="exact").filters
    assert any("LBP3D" in said and "pyradiomics skips it" in said for said in read.without_effect)
    with pytest.raises(SettingsError, match="LBP3D is the only image type"):
        parse_parameters({"imageType": {"LBP3D": {}}}, "exact")


@pytest.mark.filterwarnings("ignore")
def test_pyradiomics_skips_lbp3d_with_the_software_of_the_tests():
    operations = pytest.importorskip("radiomics.imageoperations")
    import SimpleITK as sitk

    from SuperResRadiomicsLib.radiomics.parameter_file import _computes_lbp3d

    scan = sitk.GetImageFromArray(np.random.default_rng(0).normal(size=(5, 6, 7)))
    mask = sitk.Cast(scan > -10, sitk.sitkUInt8)
    assert bool(list(operations.getLBP3DImage(scan, mask))) == _computes_lbp3d()


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"'none.yaml': it cannot be read"):
        read_parameter_file(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("package", "text", "message"),
    [
        ("yaml", "setting: {}", r"PyYAML is not installed.*pip install PyYAML.*JSON"),
        ("pywt", "imageType: {Wavelet: {}}", r"PyWavelets is not installed.*pip install PyWavelets"),
    ],
)
def test_missing_package_says_what_to_install(written, monkeypatch, package, text, message):
    real_import = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == package:
            raise ModuleNotFoundError(name, name=name)
        return real_import(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=message):
        read_parameter_file(written(text))


def test_neither_package_is_loaded_before_it_is_needed():
    check = (
        "import sys, SuperResRadiomicsLib.radiomics as r; r.FeatureSettings(); print({'yaml', 'pywt'} & {*sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_names_are_those_of_pyradiomics():
    radiomics = pytest.importorskip("radiomics")
    classes = radiomics.getFeatureClasses()
    for name, features in FEATURE_NAMES.items():
        assert list(features) == sorted(key for key, old in classes[name].getFeatureNames().items() if not old)
