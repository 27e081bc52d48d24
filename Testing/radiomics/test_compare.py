import csv
import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE, __version__
from SuperResRadiomicsLib.errors import GridError, MaskError, MissingDependencyError, OutputError, SettingsError
from SuperResRadiomicsLib.grid import Grid, refine, resample, transport_mask
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import (
    FeatureSettings,
    FeatureTable,
    LesionVersions,
    Verdict,
    extract_features,
    measure_lesion,
    measure_versions,
)

QUICK = FeatureSettings(classes=("shape", "firstorder", "glcm"))


class Case:
    """A lesion on its original grid and twice as fine in plane."""

    def __init__(self, spacing=(0.8, 0.8, 3.0)):
        rng = np.random.default_rng(3)
        shape = (5, 16, 18)
        self.original = Image(
            rng.normal(30, 80, shape).astype(np.float32), Grid(shape[::-1], spacing), modality="CT", unit="HU"
        )
        self.mask = np.zeros(shape, dtype=bool)
        self.mask[1:4, 3:12, 4:14] = True
        self.mask[1, 3:5, 4:8] = False
        grid = refine(self.original.grid, (2, 2, 1))
        self.bicubic = self.original.with_voxels(
            resample(self.original.voxels, self.original.grid, grid, "bicubic").astype(np.float32), grid
        )
        self.enhanced = self.bicubic.with_voxels(1.5 * self.bicubic.voxels)
        self.transport = transport_mask(self.mask, self.original.grid, grid)

    def compare(self, settings=QUICK, **changes):
        return measure_versions(self.versions(**changes), settings)

    def versions(self, **changes):
        arguments = {
            "original": self.original,
            "original_mask": self.mask,
            "bicubic": self.bicubic,
            "enhanced": self.enhanced,
            "refined_mask": self.transport.mask,
            "model": "ct-example-x2",
            "objective": "fidelity",
            "adversarial": False,
            "mask_rule": "linear",
            "volume_change": self.transport.volume_change,
            "provenance": {"seed": 7},
        }
        return LesionVersions(**(arguments | changes))


@pytest.fixture
def case():
    return Case()


def test_values_are_those_of_each_image_with_its_own_mask(case):
    table = case.compare()
    for name, image, mask in (
        ("original", case.original, case.mask),
        ("bicubic", case.bicubic, case.transport.mask),
        ("enhanced", case.enhanced, case.transport.mask),
    ):
        expected = extract_features(image, mask, QUICK)
        assert {row.key: getattr(row, name) for row in table.rows} == expected
        assert table.lesion[name] == measure_lesion(image, mask, 2)


def test_rows_name_class_and_feature(case):
    row = next(row for row in case.compare().rows if row.key == "original_firstorder_Mean")
    assert (row.feature_class, row.feature) == ("firstorder", "Mean")


def test_effects_of_voxel_size_and_of_the_network_are_told_apart(case):
    rows = {row.key: row for row in case.compare().rows}
    mean, spread = rows["original_firstorder_Mean"], rows["original_firstorder_Range"]
    assert mean.voxel_effect == mean.bicubic - mean.original
    assert mean.network_effect == pytest.approx(0.5 * mean.bicubic, rel=1e-6)
    assert spread.voxel_effect_relative == pytest.approx(spread.bicubic / spread.original - 1)
    assert spread.network_effect_relative == pytest.approx(0.5, rel=1e-6)


def test_network_that_does_nothing_has_no_effect(case):
    table = case.compare(enhanced=case.bicubic)
    assert {row.network_effect for row in table.rows} == {0.0}
    assert any(row.voxel_effect != 0 for row in table.rows)


def test_hounsfield_units_have_no_percentages(case):
    mean = next(row for row in case.compare().rows if row.key == "original_firstorder_Mean")
    assert math.isnan(mean.voxel_effect_relative) and math.isnan(mean.network_effect_relative)
    assert mean.network_effect_text.endswith(" HU") and mean.unit == "HU"


@pytest.mark.parametrize(
    ("adversarial", "objective", "title"),
    [
        (False, "fidelity", "ct-example-x2 (fidelity)"),
        (False, "appearance", "ct-example-x2 (appearance)"),
        (True, "appearance", "GAN: ct-example-x2 (appearance)"),
    ],
)
def test_only_an_adversarial_model_is_called_gan(case, adversarial, objective, title):
    settings = FeatureSettings(classes=("shape",))
    table = case.compare(settings, adversarial=adversarial, objective=objective)
    assert table.column_names[3:6] == ("original", "bicubic", title)


def test_dimension_is_decided_on_the_original_grid():
    case = Case(spacing=(0.8, 0.8, 1.2))  # 1.5 times; on the refined grid it would be 3 times
    table = case.compare()
    assert table.header.dimension_used == "3D"
    in_3d = FeatureSettings(classes=QUICK.classes, dimension="3D")
    assert {row.key: row.bicubic for row in table.rows} == extract_features(case.bicubic, case.transport.mask, in_3d)


def test_distance_in_mm_is_the_same_length_on_every_image(case):
    table = case.compare(FeatureSettings(classes=("glcm",), distance=0.8, distance_unit="mm"))
    assert table.header.distance_voxels == {"original": 1, "bicubic": 2, "enhanced": 2}
    contrast = next(row for row in table.rows if row.feature == "Contrast")
    two_voxels = extract_features(case.bicubic, case.transport.mask, FeatureSettings(classes=("glcm",), distance=2))
    assert contrast.bicubic == two_voxels["original_glcm_Contrast"]


def test_distance_that_no_original_voxel_has_is_refused(case):
    with pytest.raises(SettingsError, match="original image"):
        case.compare(FeatureSettings(distance=0.4, distance_unit="mm"))


def test_header_tells_every_setting(case):
    header = case.compare(FeatureSettings(bin_width=None, bin_count=16)).header.to_dict()
    expected = {
        "schema_version": 1,
        "notice": NOT_FOR_CLINICAL_USE,
        "package_version": __version__,
        "engine": "pyradiomics",
        "classes": ["shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"],
        "bin_width": None,
        "bin_count": 16,
        "dimension": "auto",
        "dimension_used": "2D",
        "through_plane_axis": "k",
        "distance": 1.0,
        "distance_unit": "voxel",
        "distance_voxels": {"original": 1, "bicubic": 1, "enhanced": 1},
        "mask_rule": "linear",
        "mask_volume_change": case.transport.volume_change,
        "lesion_voxels": {
            "original": case.mask.sum(),
            "bicubic": case.transport.mask.sum(),
            "enhanced": case.transport.mask.sum(),
        },
        "spacing_mm": {"original": [0.8, 0.8, 3.0], "bicubic": [0.4, 0.4, 3.0], "enhanced": [0.4, 0.4, 3.0]},
        "model": "ct-example-x2",
        "objective": "fidelity",
        "adversarial": False,
        "modality": "CT",
        "intensity_unit": "HU",
        "provenance": {"seed": 7},
    }
    assert {key: header[key] for key in expected} == expected
    assert "at least 2 times" in header["dimension_rule"]
    assert "glcm, gldm, ngtdm" in header["distance_note"]
    assert header["engine_version"]


def test_json_round_trip(case, tmp_path):
    table = case.compare()
    table.save_json(tmp_path / "features.json")
    content = json.loads((tmp_path / "features.json").read_text())
    assert content["schema_version"] == 1
    assert content["notice"] == NOT_FOR_CLINICAL_USE
    assert FeatureTable.from_dict(content) == table


def read_csv(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_csv_round_trip(case, tmp_path):
    table = case.compare()
    table.save_csv(tmp_path / "features.csv")
    rows = read_csv(tmp_path / "features.csv")
    assert tuple(rows[0]) == (*table.column_names, "notice")
    assert [row["feature"] for row in rows[:5]] == [
        "volume_mm3", "voxel_count", "mean_intensity", "longest_diameter_mm", "short_diameter_mm",
    ]  # fmt: skip
    assert float(rows[1]["bicubic"]) == table.lesion["bicubic"].voxel_count
    for row, feature in zip(rows[5:], table.rows, strict=True):
        assert row["key"] == feature.key
        written = [float(row[name] or "nan") for name in table.column_names[3:-3]]
        assert written == pytest.approx(list(feature.numbers), rel=0, abs=0, nan_ok=True)


def test_pandas_reads_the_csv(case, tmp_path):
    pandas = pytest.importorskip("pandas")
    table = case.compare(model="odd#name")
    table.save_csv(tmp_path / "features.csv")
    frame = pandas.read_csv(tmp_path / "features.csv")
    assert tuple(frame.columns) == (*table.column_names, "notice")
    by_key = frame.set_index("key")["odd#name (fidelity)"]
    assert by_key["original_glcm_Contrast"] == pytest.approx(
        next(row.enhanced for row in table.rows if row.key == "original_glcm_Contrast"), rel=1e-12
    )


def test_frame_holds_the_tables_cells(case):
    pandas = pytest.importorskip("pandas")
    table = case.compare()
    frame = table.to_frame()
    assert isinstance(frame, pandas.DataFrame) and tuple(frame.columns) == table.column_names
    assert list(frame["key"]) == [row.key for row in (*table.lesion_rows, *table.rows)]
    assert list(frame["bicubic"]) == [row.bicubic for row in (*table.lesion_rows, *table.rows)]


def test_frame_without_pandas_says_what_to_do(case, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pip install pandas; or use save_csv"):
        case.compare(FeatureSettings(classes=("shape",))).to_frame()


def test_notebooks_show_values_words_and_reasons(case):
    table = case.compare(FeatureSettings(classes=("firstorder",)), model="odd<name>")
    verdict = Verdict("undecided", "restored", ("It is so & so.",))
    judged = replace(table, rows=[replace(row, verdict=verdict) for row in table.rows])
    shown = judged._repr_html_()
    assert shown.count("<tr") == 1 + len(judged.lesion_rows) + len(judged.rows)
    assert "odd&lt;name&gt;" in shown and NOT_FOR_CLINICAL_USE in shown
    assert 'title="It is so &amp; so."' in shown and "<td>undecided</td>" in shown
    mean = next(row for row in judged.rows if row.feature == "Mean")
    assert f"<td>{mean.enhanced:.4g}</td>" in shown and f"<td>{mean.network_effect_text}</td>" in shown


class Forgetful:
    """An engine that computes one feature for some images only."""

    name = "forgetful"

    def __init__(self) -> None:
        self.plans = []

    def version(self) -> str:
        return "1"

    def extract(self, image, mask, plan):
        self.plans.append(plan)
        found = {"original_firstorder_Mean": 1.0, "original_firstorder_Median": 2.0}
        if "shape" in plan.classes:
            found["original_shape_Flatness"] = 0.5
        if len(self.plans) == 3:
            del found["original_firstorder_Median"]
        return found


def test_what_the_enhanced_image_lacks_is_not_taken_from_the_bicubic_one(case):
    settings = FeatureSettings(classes=("shape", "firstorder"))
    rows = {row.feature: row for row in measure_versions(case.versions(), settings, Forgetful()).rows}
    assert math.isnan(rows["Median"].enhanced) and rows["Median"].bicubic == 2.0
    assert math.isnan(rows["Median"].network_effect)
    assert rows["Mean"].enhanced == 1.0
    assert rows["Flatness"].enhanced == rows["Flatness"].bicubic == 0.5, "both share the mask, and shape is its"


def test_undefined_values_are_null_in_json_and_empty_in_csv(case, tmp_path):
    flat = case.original.with_voxels(np.zeros_like(case.original.voxels))
    table = case.compare(original=flat)
    table.save_json(tmp_path / "features.json")
    table.save_csv(tmp_path / "features.csv")
    row = next(row for row in json.loads((tmp_path / "features.json").read_text())["features"]
               if row["key"] == "original_firstorder_Mean")  # fmt: skip
    assert row["original"] == 0
    assert row["voxel_effect_relative"] is None
    line = next(row for row in read_csv(tmp_path / "features.csv") if row["key"] == "original_firstorder_Mean")
    assert line["voxel size effect (relative)"] == ""


def test_undefined_feature_survives_the_round_trip(case):
    pair = np.zeros_like(case.mask)
    pair[1, 3, 4] = pair[2, 4, 5] = True  # no neighbours within a slice
    table = case.compare(original_mask=pair)
    contrast = next(i for i, row in enumerate(table.rows) if row.key == "original_glcm_Contrast")
    assert table.to_dict()["features"][contrast]["original"] is None
    assert math.isnan(FeatureTable.from_dict(table.to_dict()).rows[contrast].original)


def test_table_of_another_schema_is_refused(case):
    content = case.compare(FeatureSettings(classes=("shape",))).to_dict() | {"schema_version": 99}
    with pytest.raises(SettingsError, match="schema version 99"):
        FeatureTable.from_dict(content)


@pytest.mark.parametrize("save", ["save_csv", "save_json"])
def test_failed_write_leaves_nothing(case, tmp_path, save):
    table = case.compare(FeatureSettings(classes=("shape",)))
    (tmp_path / "features").mkdir()
    with pytest.raises(OutputError, match="'features'"):
        getattr(table, save)(tmp_path / "features")
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_images_of_different_enhancements_are_refused(case):
    other = Image(case.original.voxels, case.original.grid)
    with pytest.raises(GridError, match="share one grid"):
        case.compare(enhanced=other)


def test_empty_refined_mask_is_refused(case):
    with pytest.raises(MaskError, match="empty"):
        case.compare(refined_mask=np.zeros_like(case.transport.mask))


def test_original_mask_for_refined_image_is_refused(case):
    with pytest.raises(MaskError, match="same grid"):
        case.compare(refined_mask=case.mask)
