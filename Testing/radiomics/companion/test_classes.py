"""How the classes of our own are asked for: by settings, tables and studies, under every engine."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid, through_plane_axis
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, extract_features, measure_versions
from SuperResRadiomicsLib.radiomics.companion.intensity import NAMES as INTENSITY
from SuperResRadiomicsLib.radiomics.companion.intensity import lesion_intensity
from SuperResRadiomicsLib.radiomics.companion.quality import NAMES as QUALITY
from SuperResRadiomicsLib.radiomics.companion.quality import image_quality
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.plan import COMPANION_CLASSES, FEATURE_CLASSES
from SuperResRadiomicsLib.study.combine import combine
from SuperResRadiomicsLib.study.cube import read_cube
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.methods import methods_paragraph
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.study.statistics import analyse
from SuperResRadiomicsLib.study.unit import Job, run_case, study_key
from Testing.conftest import make_lesion
from Testing.study.cohort import PROTOCOL, write_cohort

KEYS = [f"companion_lesionintensity_{name}" for name in INTENSITY] + [f"companion_imagequality_{n}" for n in QUALITY]


def ours(values: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in values.items() if key.startswith("companion_")}


def test_nothing_of_ours_is_computed_unless_asked_for(lesion):
    assert FeatureSettings().classes == FEATURE_CLASSES
    assert not ours(extract_features(*lesion, FeatureSettings(engine="exact")))


def test_keys_come_last_and_classes_in_order(lesion):
    settings = FeatureSettings(engine="exact", classes=("imagequality", "lesionintensity", "firstorder"))
    assert settings.classes == ("firstorder", "lesionintensity", "imagequality")
    keys = list(extract_features(*lesion, settings))
    assert keys[-len(KEYS) :] == KEYS
    assert all(key.startswith("original_firstorder_") for key in keys[: -len(KEYS)])


@pytest.mark.parametrize("dimension", ["2D", "3D"])
def test_values_are_the_same_under_every_engine_and_any_bins(any_lesion, dimension):
    image, mask = any_lesion
    classes = (*COMPANION_CLASSES, "firstorder")
    variants = [{}, {"bin_width": None, "bin_count": 8}, {"classes": COMPANION_CLASSES}]
    found = [
        ours(extract_features(image, mask, FeatureSettings(**{"engine": name, "classes": classes} | variant,
                                                           dimension=dimension)))
        for name in ENGINES for variant in variants
    ]  # fmt: skip
    assert all(repr(values) == repr(found[0]) for values in found), "NaN, of what PET alone has, equals NaN"
    axis = through_plane_axis(image.grid)
    expected = lesion_intensity(image, mask, axis if dimension == "2D" else None)
    shown = [found[0][key] for key in KEYS]
    assert shown == [*expected.values(), *image_quality(image, mask, axis).values()]


def test_dimension_decides_on_the_ring_alone():
    image, mask = make_lesion(Grid((30, 30, 16), (1.0, 1.0, 2.0)))
    flat, solid = (
        extract_features(image, mask, FeatureSettings(engine="exact", classes=COMPANION_CLASSES, dimension=dimension))
        for dimension in ("2D", "3D")
    )
    assert {key for key in KEYS if flat[key] != solid[key]} == {"companion_lesionintensity_MaximumOverRingMean"}


@pytest.mark.parametrize("classes", [COMPANION_CLASSES, ("shape", "imagequality")])
@pytest.mark.parametrize("engine", list(ENGINES))
def test_lesion_that_is_a_line_is_refused(lesion, engine, classes):
    image, mask = lesion
    line = np.zeros_like(mask)
    line[3, 20, 10:20] = True
    with pytest.raises(MaskError, match="10 x 1 x 1"):
        extract_features(image, line, FeatureSettings(engine=engine, classes=classes))


def test_unknown_class_is_refused_with_ours_among_the_allowed():
    with pytest.raises(SettingsError, match="ngtdm, lesionintensity, imagequality"):
        FeatureSettings(classes=("beauty",))


def test_voxels_that_do_not_count_for_pyradiomics_count_here():
    """The ring and the global figure look beyond the mask; cropping to the lesion beforehand would change them."""
    image, mask = make_lesion(Grid((40, 40, 6), (1.0, 1.0, 4.0)))
    near = np.where(mask, image.voxels, 100).astype(np.int16)
    settings = FeatureSettings(engine="exact", classes=("firstorder", *COMPANION_CLASSES))
    before, after = (extract_features(image.with_voxels(v), mask, settings) for v in (image.voxels, near))
    changed = {key for key in before if before[key] != after[key]}
    assert {"companion_lesionintensity_MaximumOverRingMean", "companion_imagequality_WaveletGlobal"} <= changed
    assert not [key for key in changed if key.startswith("original_")]


def test_table_of_three_images_holds_and_explains_them(lesion):
    image, mask = lesion
    fine = Image(np.repeat(np.repeat(image.voxels, 2, 1), 2, 2), Grid((96, 80, 7), (0.4, 0.4, 4.0), (-20.2, 9.8, 5.0)))
    fine_mask = np.repeat(np.repeat(mask, 2, 1), 2, 2)
    enhanced = fine.with_voxels(fine.voxels + 5)

    def table(*classes: str):
        settings = FeatureSettings(engine="exact", classes=classes)
        versions = LesionVersions(
            image, mask, fine, enhanced, fine_mask, mask_rule="linear", volume_change=0.0, model="m",
            objective="fidelity", adversarial=False,
        )  # fmt: skip
        return measure_versions(versions, settings)

    shown = table("shape", *COMPANION_CLASSES)
    rows = {row.key: row for row in shown.rows}
    assert set(KEYS) < set(rows)
    row = rows["companion_imagequality_WaveletGlobal"]
    assert (row.feature_class, row.feature) == ("imagequality", "WaveletGlobal")
    peak = rows["companion_lesionintensity_Maximum"]
    assert peak.enhanced - peak.bicubic == pytest.approx(5)
    note = shown.header.to_dict()["companion_note"]
    assert "our definition" in note and "IBSI" in note and "the whole image that was given" in note
    assert "companion_note" not in table("shape").header.to_dict()


def test_importing_and_computing_without_the_class_needs_no_pywavelets():
    program = (
        "import sys; sys.modules['pywt'] = None\n"
        "import numpy as np\n"
        "from SuperResRadiomicsLib.grid import Grid\n"
        "from SuperResRadiomicsLib.io.image import Image\n"
        "from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features\n"
        "image = Image(np.arange(216.0).reshape(6, 6, 6), Grid((6, 6, 6), (1, 1, 1)))\n"
        "settings = FeatureSettings(engine='exact', classes=('lesionintensity', 'firstorder'))\n"
        "print(len(extract_features(image, image.voxels > 100, settings)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "27"), result.stderr


@pytest.mark.parametrize("classes", [["firstorder", *COMPANION_CLASSES], list(COMPANION_CLASSES)])
def test_a_study_measures_them_and_says_what_global_means(tmp_path, classes):
    features = {"engine": "exact", "classes": classes}
    folder = write_cohort(tmp_path / "study", PROTOCOL | {"features": features, "perturbations": {}}, cases=3)
    protocol, study = read_protocol(folder / "protocol.yaml"), StudyFolder.existing(folder)
    study.prepare()
    cases, key = read_manifest(study.manifest), study_key(protocol)
    assert [run_case(Job(study, case, protocol, key)).error for case in cases] == [None] * 3
    cube = read_cube(combine(study, protocol, key, cases), protocol)
    assert set(KEYS) <= set(cube.features)
    values = cube.values[..., [cube.features.index(key) for key in KEYS]]
    assert np.isfinite(values).all()
    assert (values[..., 0, :] == values[..., 1, :]).all(), "bins do not enter"
    paragraph = methods_paragraph(cube, protocol, analyse(cube, protocol), {"name": "exact", "version": "1"})
    assert "a margin of 4 mm were kept: that is the image which 'global' means here" in paragraph
