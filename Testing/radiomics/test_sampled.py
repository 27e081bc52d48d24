"""Features of a model that draws samples are means over them, never those of the mean image."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import Enhancement, enhance
from SuperResRadiomicsLib.errors import ModelError, SettingsError
from SuperResRadiomicsLib.io.files import write_json
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.models.intervals import INTERVALS_NAME
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, LesionVersions, extract_features
from SuperResRadiomicsLib.radiomics.computed_elsewhere import ComputedElsewhere
from SuperResRadiomicsLib.radiomics.conditions import conditions_of
from SuperResRadiomicsLib.radiomics.sampled import mean_over_samples, raw_interval
from SuperResRadiomicsLib.report.page import write_page
from SuperResRadiomicsLib.verdict import check_stability, compare, judge_table
from Testing.conftest import GRIDS, make_lesion

CLASSES = ("shape", "firstorder", "glcm")


@pytest.fixture(scope="module")
def found(tiny_sampler: Path) -> Enhancement:
    image, mask = make_lesion(GRIDS["thick slices"])
    return enhance(image, tiny_sampler, mask=mask, margin_mm=3, samples=3, device="cpu")


@pytest.mark.parametrize("engine", ["exact", "pyradiomics"])
def test_features_are_means_over_all_samples(found: Enhancement, engine: str) -> None:
    if engine == "pyradiomics":
        pytest.importorskip("radiomics")
    settings = FeatureSettings(engine=engine, classes=CLASSES, dimension="2D")
    table = compare(found, settings)
    assert found.mask is not None
    single = [extract_features(sample, found.mask, settings, 2) for sample in found.samples]
    of_mean_image = extract_features(found.enhanced, found.mask, settings, 2)
    apart = 0
    for row in table.rows:
        values = np.array([features[row.key] for features in single])
        assert row.enhanced == pytest.approx(values.mean(), rel=1e-9)
        if row.feature_class == "shape":
            assert row.interval is None and row.enhanced == row.bicubic
        elif row.interval is not None:
            half = 1.6448536 * values.std(ddof=1) * math.sqrt(1 + 1 / 3) * 3 / 2
            assert row.interval == pytest.approx((values.mean() - half, values.mean() + half), rel=1e-6, abs=1e-9)
        apart += row.enhanced != pytest.approx(of_mean_image[row.key], rel=1e-3)
    assert apart > 10


def test_every_output_says_so_and_comes_back(found: Enhancement, tmp_path: Path) -> None:
    table = compare(found, FeatureSettings(engine="exact", classes=CLASSES))
    found.save(tmp_path / "saved")
    assert compare(tmp_path / "saved", FeatureSettings(engine="exact", classes=CLASSES)).rows == table.rows
    content = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert FeatureTable.from_dict(content).rows == table.rows
    assert "not the features of the mean image" in content["header"]["sampling"]["note"]
    assert table.column_names[5] == "tiny-sampler (radiomics, mean over 3 samples)"
    assert table.column_names[6:9] == ("interval low", "interval high", "interval kind")
    cells = {cell[2]: cell for cell in table.cells()}
    row = next(row for row in table.rows if row.interval)
    assert cells[row.key][5:9] == (row.enhanced, *row.interval, "raw")
    assert len(cells[row.key]) == len(table.column_names)
    assert table._repr_html_().count("not the features of the mean image") == 1
    write_page(tmp_path / "page.html", table, None, "title")
    page = (tmp_path / "page.html").read_text()
    assert "not the features of the mean image" in page and "Intervals are raw" in page


def test_what_has_no_samples_says_nothing_of_them(tiny_model: Path) -> None:
    image, mask = make_lesion(GRIDS["thick slices"])
    table = compare(
        enhance(image, tiny_model, mask=mask, device="cpu"), FeatureSettings(engine="exact", classes=("firstorder",))
    )
    content = table.to_dict()
    assert "sampling" not in content["header"] and all("interval" not in row for row in content["features"])
    assert not any("interval" in name for name in table.column_names)


def test_stability_is_that_of_a_sample(found: Enhancement) -> None:
    settings = FeatureSettings(engine="exact", classes=("firstorder",))
    moved = check_stability(found, settings)
    first = LesionVersions.of(found)
    alone = dataclasses.replace(first, enhanced=first.samples[0], samples=(), provenance=None)
    assert moved == check_stability(alone, settings)


def test_values_of_other_programs_must_be_those_of_every_sample(found: Enhancement) -> None:
    values = {"original_firstorder_Mean": 1.0}
    given = {"engine": "other", "version": "1", "original": values, "bicubic": values, "enhanced": values}
    with pytest.raises(SettingsError, match="measure every sample"):
        ComputedElsewhere(given, 3)
    samples = [{"original_firstorder_Mean": value} for value in (1.0, 2.0, 6.0)]
    engine = ComputedElsewhere({**given, "samples": samples}, 3)
    row = compare(found, FeatureSettings(engine="exact", classes=("firstorder",)), engine=engine).rows[0]
    assert row.enhanced == 3.0 and row.bicubic == 1.0 and row.interval is not None


def test_the_mean_image_alone_is_refused(found: Enhancement, tiny_sampler: Path) -> None:
    alone = dataclasses.replace(LesionVersions.of(found), samples=())
    with pytest.raises(SettingsError, match="mean of samples"):
        compare(alone, FeatureSettings(engine="exact", classes=("firstorder",)))
    with pytest.raises(SettingsError, match="draws samples"):
        LesionVersions.of_images(
            found.original, found.original_mask, found.bicubic, found.enhanced, card=load_card(tiny_sampler)
        )


def test_the_deviation_of_versions_is_that_of_the_enhancement(found: Enhancement) -> None:
    sd = LesionVersions.of(found).sd
    assert sd is not None and found.sd is not None and sd.grid == found.sd.grid
    assert np.allclose(sd.voxels, found.sd.voxels, rtol=1e-4, atol=1e-4) and sd.voxels.max() > 0
    assert dataclasses.replace(LesionVersions.of(found), samples=found.samples[:1]).sd is None


def test_intervals() -> None:
    assert raw_interval([4.0]) is None and raw_interval([2.5] * 3) is None
    assert raw_interval([1.0, math.nan]) == pytest.approx((math.nan, math.nan), nan_ok=True)
    assert math.isnan(mean_over_samples([1.0, math.nan])) and mean_over_samples([0.1] * 3) == 0.1
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = raw_interval(random.normal(5, 2, 8).tolist()) or (0, 0)
        inside += low <= random.normal(5, 2) <= high
    assert 0.87 < inside / 2000 < 0.95


def test_filters_and_resampling_see_the_samples_surroundings(found: Enhancement) -> None:
    from SuperResRadiomicsLib.radiomics.filters import parse_filter

    settings = FeatureSettings(engine="exact", classes=("firstorder",), filters=(parse_filter("LoG:1"),))
    table = compare(found, settings)
    assert table.rows and all(math.isfinite(row.enhanced) for row in table.rows)
    assert isinstance(found.samples[0], Image)


SETTINGS = FeatureSettings(engine="exact", classes=CLASSES, dimension="2D")


def calibrated_model(tiny_sampler: Path, folder: Path, found: Enhancement, **other: object) -> Path:
    """A copy of the model whose folder knows intervals of these conditions, or of others."""
    shutil.copytree(tiny_sampler, folder)
    asked = conditions_of(compare(found, SETTINGS).header.to_dict())
    spacing = asked.pop("spacing_mm")
    group = {"patients": 30, "coverage": 0.91, "spacing_mm": [spacing[0], spacing[0]]}
    sarcomas = {**group, "lesions": "sarcomas", "factors": {"glcm": 2.0, "original_glcm_Id": 3.0}}
    nodules = {**group, "lesions": "nodules", "patients": 8, "factors": {"glcm": 2.5}}
    conditions = {"conditions": {**asked, "samples": 3, **other}}
    voxels = {name: asked[name] for name in ("modality", "blur_px", "noise")} | {"samples": 3, **other}
    image = {**group, "lesions": "sarcomas", "conditions": voxels, "factors": {"image": 1.5}}
    content = {"weights": load_card(folder).sha256, "features": [sarcomas | conditions, nodules | conditions]}
    write_json(folder / INTERVALS_NAME, content | {"images": [image]})
    return folder


def test_intervals_are_calibrated_where_the_conditions_are_those(
    found: Enhancement, tiny_sampler: Path, tmp_path: Path
) -> None:
    folder = calibrated_model(tiny_sampler, tmp_path / "known", found)
    raw, table = compare(found, SETTINGS), compare(found, SETTINGS, model=folder)
    assert judge_table(table, model=folder).rows == table.rows, "once, not twice"
    factors = {"original_glcm_Id": 3.0, "original_glcm_Contrast": 2.5}
    for before, row in zip(raw.rows, table.rows, strict=True):
        assert row.enhanced == before.enhanced
        if row.key in factors and before.interval:
            half = factors[row.key] * (before.interval[1] - before.enhanced)
            assert row.interval == pytest.approx((row.enhanced - half, row.enhanced + half))
            assert row.interval_kind == "calibrated"
        elif before.interval and row.feature_class == "firstorder":
            assert (row.interval, row.interval_kind) == (before.interval, "raw"), "nothing is known of this class"
    said = table.header.sampling or {}
    assert said["interval_kind"] == "calibrated" and "30 patients, sarcomas; 8 patients, nodules" in said["interval"]
    assert "largest factor" in said["interval"] and "raw, and marked so" in said["interval"]
    marked = sum(row.interval_kind == "raw" for row in (*table.lesion_rows, *table.rows) if row.interval)
    write_page(tmp_path / "page.html", table, None, "title")
    rows = (tmp_path / "page.html").read_text().split('id="table-all"')[1].split("</table>")[0]
    assert table._repr_html_().count("] (raw)</td>") == marked > 0
    assert rows.count(" (raw)</span>") == sum(row.interval_kind == "raw" for row in table.rows if row.interval) > 0
    assert FeatureTable.from_dict(json.loads(json.dumps(table.to_dict()))).rows == table.rows


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"bin_width": 10.0}, "bin width: 10 there, 25 here"),
        ({"noise": 25.0}, "noise told: 25 there, 10 here"),
        ({"samples": 8}, "samples: 8 there, 3 here"),
    ],
)
def test_elsewhere_intervals_are_raw_and_their_coverage_unknown(
    found: Enhancement, tiny_sampler: Path, tmp_path: Path, other: dict[str, float], reason: str
) -> None:
    folder = calibrated_model(tiny_sampler, tmp_path / "other", found, **other)
    raw, table = compare(found, SETTINGS), compare(found, SETTINGS, model=folder)
    assert [row.interval for row in table.rows] == [row.interval for row in raw.rows]
    assert {row.interval_kind for row in table.rows if row.interval} == {"unknown here"}
    assert reason in (table.header.sampling or {})["interval"]


def test_voxels_have_an_interval_too(found: Enhancement, tiny_sampler: Path, tmp_path: Path) -> None:
    image, mask = make_lesion(GRIDS["thick slices"])
    asked: dict = {"mask": mask, "margin_mm": 3, "samples": 3, "device": "cpu"}
    raw = found.provenance["samples"]["voxel_interval"]
    assert raw["kind"] == "raw" and raw["half_width_in_sd"] == pytest.approx(1.6448536 * math.sqrt(4 / 3) * 3 / 2)
    known = enhance(image, calibrated_model(tiny_sampler, tmp_path / "known", found), **asked)
    wide = known.provenance["samples"]["voxel_interval"]
    assert wide["kind"] == "calibrated" and wide["half_width_in_sd"] == pytest.approx(1.5 * raw["half_width_in_sd"])
    assert "30 patients, sarcomas" in wide["held"]
    other = enhance(image, calibrated_model(tiny_sampler, tmp_path / "other", found, noise=9.0), **asked)
    assert other.provenance["samples"]["voxel_interval"]["kind"] == "unknown here"


def test_damaged_or_foreign_intervals_are_not_used(found: Enhancement, tiny_sampler: Path, tmp_path: Path) -> None:
    folder = calibrated_model(tiny_sampler, tmp_path / "known", found)
    content = json.loads((folder / INTERVALS_NAME).read_text())
    (folder / INTERVALS_NAME).write_text(json.dumps({**content, "weights": "0" * 64}))
    assert compare(found, SETTINGS, model=folder).header.sampling["interval_kind"] == "raw"
    content["features"][0]["factors"]["glcm"] = -1.0
    (folder / INTERVALS_NAME).write_text(json.dumps(content))
    with pytest.raises(ModelError, match="intervals of the model"):
        compare(found, SETTINGS, model=folder)


def test_dicom_says_so_too(found: Enhancement) -> None:
    pytest.importorskip("highdicom")
    from SuperResRadiomicsLib.enhancement.dicom import _describe
    from SuperResRadiomicsLib.report.dicom_report import LONGEST_TEXT, _settings

    text = _describe(found.provenance)
    assert "Mean of 3 samples (seed 0)" in text and "not the features of this mean image" in text and len(text) < 1024
    told = _settings(compare(found, FeatureSettings(engine="exact", classes=("shape",))))
    assert told[0] == "means over 3 samples, not of their mean image" and max(map(len, told)) <= LONGEST_TEXT
